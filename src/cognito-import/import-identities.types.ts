import { Field, ID, InputType, ObjectType, registerEnumType } from 'type-graphql';
import { enumOf } from '../graphql-types/enum-of';
import { DateTime, Long } from '../graphql-types/scalars';
import type { ImportedIdentityStatus } from './import-identities.service';

const POOL_ID = 'The pool: `REGION:UUID`.';
const RUN_ID =
  'The run of the importer: 1 to 64 characters, greater by code points the later it began. The greatest one is kept.';

/** GraphQL enum `ImportedIdentityStatus`. */
export const ImportedIdentityStatusType: Record<ImportedIdentityStatus, ImportedIdentityStatus> = enumOf([
  'CREATED',
  'UPDATED',
  'UNCHANGED',
  'DELETED_HERE',
  'DIVERGED',
  'FAILED',
] as const);
registerEnumType(ImportedIdentityStatusType, {
  name: 'ImportedIdentityStatus',
  description: 'What an import did to an identity.',
  valuesConfig: {
    CREATED: { description: 'It was not here.' },
    UPDATED: { description: 'It is now what it is at the source.' },
    UNCHANGED: { description: 'Nothing changed at the source since the last import.' },
    DELETED_HERE: { description: 'It was deleted here, and is not brought back.' },
    DIVERGED: {
      description: 'It is disabled at one of the two places and in use at the other; it stays as it is.',
    },
    FAILED: { description: 'It was not brought over: see `error`.' },
  },
});

@InputType({ description: 'A login whose user is known for certain.' })
export class ImportedLoginInput {
  @Field(() => String, { description: 'A provider of the pool, by the key of its logins.' })
  provider!: string;

  @Field(() => String, {
    description: 'The subject that the provider knows the user by: 1 to 1,024 characters.',
  })
  subject!: string;
}

@InputType({ description: 'An identity as it is in another installation of Cognito.' })
export class ImportedIdentityInput {
  @Field(() => ID, { description: 'The id that it has there, and gets here: `REGION:UUID`.' })
  identityId!: string;

  @Field(() => DateTime, { description: 'When it was made.' })
  creationDate!: Date;

  @Field(() => DateTime, { description: 'When its logins changed last.' })
  lastModifiedDate!: Date;

  @Field(() => Boolean, {
    nullable: true,
    description: 'Whether it was merged into another one. False when left out.',
  })
  isDisabled?: boolean | null;

  @Field(() => [String], {
    nullable: true,
    description:
      'The names of the providers that it has logins of: at most 20. A name without a user below stays an unproven login.',
  })
  logins?: string[] | null;

  @Field(() => [String], {
    nullable: true,
    description: 'Its users of the pool’s developer provider; they are linked.',
  })
  developerUserIdentifiers?: string[] | null;

  @Field(() => [ImportedLoginInput], {
    nullable: true,
    description:
      'Its logins whose users the importer knows from elsewhere; they are linked. Each provider once.',
  })
  linkedLogins?: ImportedLoginInput[] | null;
}

@InputType({ description: 'Identities to bring over.' })
export class ImportIdentitiesInput {
  @Field(() => ID, { description: POOL_ID })
  identityPoolId!: string;

  @Field(() => [ImportedIdentityInput], { description: '1 to 60, each once.' })
  identities!: ImportedIdentityInput[];

  @Field(() => Boolean, {
    nullable: true,
    description:
      'Whether the first valid login of an unproven login’s provider that comes with the identity’s id takes its place. False when left out; the last import of an identity decides.',
  })
  claimLogins?: boolean | null;

  @Field(() => String, { nullable: true, description: RUN_ID })
  runId?: string | null;
}

/** GraphQL type `ImportError`. */
@ObjectType('ImportError', { description: 'Why something was not brought over.' })
export class ImportErrorType {
  @Field(() => String, { description: 'The code that a call of its own would have been refused with.' })
  code!: string;

  @Field(() => String, { description: 'A sentence for people.' })
  message!: string;
}

/** GraphQL type `IdentityImport`. */
@ObjectType('IdentityImport', { description: 'What an import did to one identity.' })
export class IdentityImportType {
  @Field(() => ID, { description: 'The identity.' })
  identityId!: string;

  @Field(() => ImportedIdentityStatusType, { description: 'What was done.' })
  status!: ImportedIdentityStatus;

  @Field(() => [String], {
    description: 'Providers whose logins were not linked: another identity has them.',
  })
  takenLogins!: string[];

  @Field(() => ImportErrorType, { nullable: true, description: 'Null unless it failed.' })
  error!: ImportErrorType | null;
}

@ObjectType({ description: 'What became of the identities.' })
export class ImportIdentitiesPayload {
  @Field(() => [IdentityImportType], { description: 'One for each, in their order.' })
  identities!: IdentityImportType[];
}

@InputType({ description: 'Which identities to look up.' })
export class ImportedIdentitiesInput {
  @Field(() => ID, { description: POOL_ID })
  identityPoolId!: string;

  @Field(() => [ID], { description: '1 to 60 ids.' })
  identityIds!: string[];
}

/** GraphQL type `ImportedDatasetState`. */
@ObjectType('ImportedDatasetState', { description: 'How far a dataset was imported.' })
export class ImportedDatasetStateType {
  @Field(() => String, { description: 'The name of the dataset.' })
  datasetName!: string;

  @Field(() => Long, { description: 'Its sync count at the source then.' })
  syncCount!: number;

  @Field(() => Boolean, { description: 'Whether it was gone at the source then, and deleted here for that.' })
  isDeleted!: boolean;

  @Field(() => DateTime, { description: 'When it was made at the source.' })
  sourceCreationDate!: Date;

  @Field(() => DateTime, { description: 'When it was written last at the source.' })
  sourceLastModifiedDate!: Date;

  @Field(() => DateTime, { description: 'When it was imported last.' })
  importedDate!: Date;
}

/** GraphQL type `ImportedIdentityState`. */
@ObjectType('ImportedIdentityState', {
  description: 'An identity that was imported, and how far its datasets were.',
})
export class ImportedIdentityStateType {
  @Field(() => ID, { description: 'The identity.' })
  identityId!: string;

  @Field(() => DateTime, { description: 'When it came over first.' })
  importedDate!: Date;

  @Field(() => String, {
    nullable: true,
    description: 'The greatest id of a run that came across it, changed or not.',
  })
  runId!: string | null;

  @Field(() => [ImportedDatasetStateType], { description: 'Its datasets that were imported, by name.' })
  datasets!: ImportedDatasetStateType[];
}
