import { ArgsType, Field, ID, InputType, Int, ObjectType, registerEnumType } from 'type-graphql';
import { ConnectionArgs, connectionOf } from '../graphql-types/connection';
import { DateTime } from '../graphql-types/scalars';
import { IdentityPoolType } from '../identity-pools/identity-pool.types';
import type { IdentityDescription } from './identity.service';

const IDENTITY_ID = 'The id of the identity: `REGION:UUID`, at most 55 characters.';

/** GraphQL type `Identity`. */
@ObjectType('Identity', { description: 'One person, or one guest’s install of an app, in an identity pool.' })
export class IdentityType {
  @Field(() => ID, { description: IDENTITY_ID })
  id!: string;

  @Field(() => ID, { description: 'The pool that it belongs to.' })
  identityPoolId!: string;

  @Field(() => [String], {
    description:
      'The names of the providers that it has logins of; empty for a guest. Of an imported identity also those whose users nobody has proved here yet.',
  })
  logins!: string[];

  @Field(() => Boolean, {
    description: 'Whether it ever signed in. A guest that signs in is authenticated for good.',
  })
  isAuthenticated!: boolean;

  @Field(() => Boolean, {
    description:
      'Whether it was merged into another identity, or disabled as an idle guest, and gets no more credentials.',
  })
  isDisabled!: boolean;

  /** Shown by the field of the same meaning, which asks for permission. */
  mergedIntoId!: string | null;

  @Field(() => DateTime, { description: 'When it got credentials last, to the hour.' })
  lastActiveDate!: Date;

  @Field(() => DateTime, { description: 'When it was made.' })
  creationDate!: Date;

  @Field(() => DateTime, { description: 'When its logins changed last.' })
  lastModifiedDate!: Date;
}

/** The identity as GraphQL answers it. */
export const toIdentityType = ({ identity, logins }: IdentityDescription): IdentityType => ({
  id: identity.id,
  identityPoolId: identity.identityPoolId,
  logins,
  isAuthenticated: identity.isAuthenticated,
  isDisabled: identity.disabledAt !== null,
  mergedIntoId: identity.mergedInto,
  lastActiveDate: identity.lastActiveAt,
  creationDate: identity.createdAt,
  lastModifiedDate: identity.lastModifiedAt,
});

/** GraphQL type `IdentityConnection`. */
export const IdentityConnection = connectionOf('Identity', () => IdentityType);

/** The arguments of `IdentityPool.identities`. */
@ArgsType()
export class ListIdentitiesArgs extends ConnectionArgs {
  @Field(() => Boolean, {
    nullable: true,
    description: 'Whether to leave out disabled identities. False when left out.',
  })
  hideDisabled?: boolean | null;
}

@InputType({ description: 'What an identity provider says of a user: its name and its token.' })
export class LoginInput {
  @Field(() => String, {
    description:
      'The provider’s name: for OpenID Connect the issuer URL without `https://`. 1 to 128 characters.',
  })
  provider!: string;

  @Field(() => String, {
    description: 'The token it issued: for OpenID Connect the ID token. 1 to 50,000 characters.',
  })
  token!: string;
}

@InputType({ description: 'Whose identity is wanted.' })
export class GetIdInput {
  @Field(() => ID, { description: 'The pool: `REGION:UUID`.' })
  identityPoolId!: string;

  @Field(() => String, {
    nullable: true,
    description: 'Accepted for the sake of old clients and ignored: 1 to 15 digits.',
  })
  accountId?: string | null;

  @Field(() => [LoginInput], { nullable: true, description: 'At most 10 logins; none for a new guest.' })
  logins?: LoginInput[] | null;
}

@ObjectType({ description: 'The identity.' })
export class GetIdPayload {
  @Field(() => ID, { description: IDENTITY_ID })
  identityId!: string;

  @Field(() => IdentityType, { description: 'The identity.' })
  identity!: IdentityType;
}

@InputType({ description: 'Logins to take off an identity.' })
export class UnlinkIdentityInput {
  @Field(() => ID, { description: IDENTITY_ID })
  identityId!: string;

  @Field(() => [LoginInput], {
    description: 'Logins that prove whose identity it is: at least one of its own.',
  })
  logins!: LoginInput[];

  @Field(() => [String], { description: 'Names of the providers to take off; at most 20.' })
  loginsToRemove!: string[];
}

@ObjectType({ description: 'The identity that was changed.' })
export class UnlinkIdentityPayload {
  @Field(() => ID, { description: IDENTITY_ID })
  identityId!: string;

  @Field(() => IdentityType, { description: 'The identity.' })
  identity!: IdentityType;
}

@InputType({ description: 'Identities to delete.' })
export class DeleteIdentitiesInput {
  @Field(() => [ID], { description: '1 to 60 ids.' })
  identityIdsToDelete!: string[];
}

/** GraphQL enum `UnprocessedErrorCode`. */
export enum UnprocessedErrorCodeType {
  ACCESS_DENIED = 'ACCESS_DENIED',
  INTERNAL_SERVER_ERROR = 'INTERNAL_SERVER_ERROR',
}
registerEnumType(UnprocessedErrorCodeType, {
  name: 'UnprocessedErrorCode',
  description: 'Why an identity was not deleted.',
  valuesConfig: {
    ACCESS_DENIED: { description: 'The caller may not delete this identity.' },
    INTERNAL_SERVER_ERROR: { description: 'The server failed; try again.' },
  },
});

/** GraphQL type `UnprocessedIdentityId`. */
@ObjectType('UnprocessedIdentityId', { description: 'An identity that was not deleted.' })
export class UnprocessedIdentityIdType {
  @Field(() => ID, { description: IDENTITY_ID })
  identityId!: string;

  @Field(() => UnprocessedErrorCodeType, { description: 'Why.' })
  errorCode!: `${UnprocessedErrorCodeType}`;
}

@ObjectType({ description: 'What was left undeleted.' })
export class DeleteIdentitiesPayload {
  @Field(() => [UnprocessedIdentityIdType], { description: 'Empty when all are gone.' })
  unprocessedIdentityIds!: UnprocessedIdentityIdType[];
}

@InputType({ description: 'The pool to delete.' })
export class DeleteIdentityPoolInput {
  @Field(() => ID, { description: 'The pool: `REGION:UUID`.' })
  identityPoolId!: string;
}

@ObjectType({ description: 'The pool that was deleted.' })
export class DeleteIdentityPoolPayload {
  @Field(() => IdentityPoolType, { description: 'The pool as it was.' })
  identityPool!: IdentityPoolType;
}

@InputType({ description: 'Logins, and with them the identity that a call would name.' })
export class PreviewMergeInput {
  @Field(() => ID, { description: 'The pool: `REGION:UUID`.' })
  identityPoolId!: string;

  @Field(() => ID, { nullable: true, description: `${IDENTITY_ID} Left out: what getId would do.` })
  identityId?: string | null;

  @Field(() => [LoginInput], { description: '1 to 10 logins.' })
  logins!: LoginInput[];
}

@ObjectType('DatasetMove', { description: 'A dataset and the name that it would have after the merge.' })
export class DatasetMoveType {
  @Field(() => String, { description: 'Its name now.' })
  from!: string;

  @Field(() => String, { description: 'Its name under the survivor.' })
  to!: string;

  @Field(() => String, {
    nullable: true,
    description:
      'The dataset that it would be folded into at once, unless that became too large; null where the pool folds none.',
  })
  foldedInto!: string | null;
}

@ObjectType('PlannedMerge', { description: 'An identity that would be merged and disabled.' })
export class PlannedMergeType {
  @Field(() => ID, { description: IDENTITY_ID })
  identityId!: string;

  @Field(() => [String], { description: 'The providers of the logins that would move.' })
  logins!: string[];

  @Field(() => [DatasetMoveType], { description: 'The datasets that would move.' })
  datasets!: DatasetMoveType[];
}

@ObjectType({ description: 'What a call with these logins would do. Nothing has been done.' })
export class PreviewMergePayload {
  @Field(() => ID, {
    nullable: true,
    description: 'The identity to go on as; null when a new one would be made.',
  })
  identityId!: string | null;

  @Field(() => [PlannedMergeType], { description: 'The identities that would be merged into it.' })
  merges!: PlannedMergeType[];

  @Field(() => [String], { description: 'Providers whose logins would be linked.' })
  linkedProviders!: string[];

  @Field(() => [String], {
    description: 'Providers that it would have two users of: the call would be refused.',
  })
  conflictingProviders!: string[];

  @Field(() => Int, { description: 'Logins that it would have.' })
  loginCount!: number;

  @Field(() => Boolean, { description: 'Whether these are more than 20: the call would be refused.' })
  exceedsLoginLimit!: boolean;

  @Field(() => Int, { description: 'Datasets that it would have.' })
  datasetCount!: number;

  @Field(() => Boolean, {
    description: 'Whether these are more than 20: the merge goes through, but no new dataset can be made.',
  })
  exceedsDatasetLimit!: boolean;
}
