import 'reflect-metadata';
import { loadConfig } from './config';
import { openOperator } from './operator';

// The entry of `npm run admin-key`: a new administrator key for an operator who lost the first one.

const main = async (): Promise<void> => {
  const operator = await openOperator(loadConfig());
  try {
    const { bearer } = await operator.makeAdministratorKey('made by npm run admin-key');
    process.stdout.write(announcement(bearer));
  } finally {
    await operator.close();
  }
};

const announcement = (bearer: string): string => `
A new administrator key, shown this once:

  ${bearer}

Send it as:  Authorization: Bearer ${bearer}
The query apiKeys lists all keys; the mutation revokeApiKey takes a lost one out of use.

`;

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
