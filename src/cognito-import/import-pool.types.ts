import { Field, ID, InputType, ObjectType, registerEnumType } from 'type-graphql';
import { enumOf } from '../graphql-types/enum-of';
import {
  IdentityPoolRolesInput,
  IdentityPoolSettingsInput,
  IdentityPoolType,
} from '../identity-pools/identity-pool.types';
import { RoleMappingInput } from '../identity-pools/role-mapping.types';
import { TagInput } from '../identity-pools/tag.types';
import type { ImportedPoolStatus } from './import-identity-pool.service';

/** GraphQL enum `ImportedPoolStatus`. */
export const ImportedPoolStatusType: Record<ImportedPoolStatus, ImportedPoolStatus> = enumOf([
  'CREATED',
  'UPDATED',
  'UNCHANGED',
  'KEPT',
] as const);
registerEnumType(ImportedPoolStatusType, {
  name: 'ImportedPoolStatus',
  description: 'What an import did to a pool.',
  valuesConfig: {
    CREATED: { description: 'It was not here.' },
    UPDATED: { description: 'Its settings are now those of the source.' },
    UNCHANGED: { description: 'Its settings were those of the source already.' },
    KEPT: { description: 'It was changed here, or was never imported, and stays as it is.' },
  },
});

@InputType({ description: 'Which claims of a provider become principal tags.' })
export class PrincipalTagAttributeMapInput {
  @Field(() => String, { description: 'The provider’s name or ARN, as in role mappings.' })
  identityProviderName!: string;

  @Field(() => Boolean, { nullable: true, description: 'Whether to make the default tags.' })
  useDefaults?: boolean | null;

  @Field(() => [TagInput], {
    nullable: true,
    description: 'Tag keys with the claims that their values are read from; at most 50.',
  })
  principalTags?: TagInput[] | null;
}

@InputType({ description: 'A pool as it is in another installation of Cognito.' })
export class ImportIdentityPoolInput extends IdentityPoolSettingsInput {
  @Field(() => ID, { description: 'The id that it has there, and gets here: `REGION:UUID`.' })
  identityPoolId!: string;

  @Field(() => String, {
    nullable: true,
    description: 'The name under which the developer’s own back end vouches for users.',
  })
  developerProviderName?: string | null;

  @Field(() => [TagInput], { nullable: true, description: 'At most 50 tags, each key once.' })
  identityPoolTags?: TagInput[] | null;

  @Field(() => IdentityPoolRolesInput, {
    description: 'The two role slots. The caller needs iam:PassRole on each role.',
  })
  roles!: IdentityPoolRolesInput;

  @Field(() => [RoleMappingInput], { nullable: true, description: 'At most 10, each provider once.' })
  roleMappings?: RoleMappingInput[] | null;

  @Field(() => [PrincipalTagAttributeMapInput], {
    nullable: true,
    description: 'At most 100, each provider once.',
  })
  principalTagAttributeMaps?: PrincipalTagAttributeMapInput[] | null;

  @Field(() => Boolean, {
    nullable: true,
    description: 'Whether settings that were changed here are replaced, too. False when left out.',
  })
  overwrite?: boolean | null;
}

@ObjectType({ description: 'The imported pool.' })
export class ImportIdentityPoolPayload {
  @Field(() => ImportedPoolStatusType, { description: 'What was done.' })
  status!: ImportedPoolStatus;

  @Field(() => IdentityPoolType, { description: 'The pool as it is now.' })
  identityPool!: IdentityPoolType;
}
