import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { schemaText } from './schema';

// The entry of `npm run schema`: writes schema.graphql at the top of the project.
writeFileSync(join(__dirname, '../../schema.graphql'), schemaText());
