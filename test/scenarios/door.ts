import type { PatchOperation } from '../../src/protocol/sync';

/** Somebody who may call: an administrator with a key, or an identity with temporary credentials. */
export interface Caller {
  accessKeyId: string;
  secretAccessKey: string;
  /** Beside a signature; identities only. */
  sessionToken?: string;
  /** For doors that take a bearer. */
  bearer: string;
}

export interface Login {
  provider: string;
  token: string;
}

export interface Patch {
  op: PatchOperation;
  key: string;
  value?: string;
  syncCount: number;
}

/** A record as every door answers it. */
export interface Record {
  key: string;
  value: string | null;
  syncCount: number;
  lastModifiedBy: string;
}

export interface Listing {
  records: Record[];
  datasetSyncCount: number;
  datasetExists: boolean;
  datasetDeletedAfterRequestedSyncCount: boolean;
  mergedDatasetNames: string[];
  nextToken: string | null;
  syncSessionToken: string;
}

export interface Update {
  datasetName: string;
  recordPatches: Patch[];
  deviceId?: string;
  syncSessionToken?: string;
  /** The caller's own when left out. */
  identityId?: string;
}

export interface Pull {
  datasetName: string;
  lastSyncCount: number;
  maxResults?: number;
  nextToken?: string;
  syncSessionToken?: string;
  identityId?: string;
}

/** What a device needs of a server; the device model and the scenarios share it. */
export interface SyncCalls {
  listRecords(input: Pull): Promise<Listing>;
  updateRecords(input: Update): Promise<{ records: Record[]; datasetSyncCount: number }>;
  /** Answers the sync count that the dataset had. */
  deleteDataset(input: { datasetName: string; identityId?: string }): Promise<{ syncCount: number }>;
}

export interface PoolInput {
  identityPoolName: string;
  allowUnauthenticatedIdentities: boolean;
  allowClassicFlow?: boolean;
  developerProviderName?: string;
  openIdConnectProviderARNs?: string[];
  samlProviderARNs?: string[];
  /** The app at each social provider. */
  supportedLoginProviders?: { [provider: string]: string };
  cognitoIdentityProviders?: { providerName: string; clientId: string }[];
}

export interface RoleMapping {
  type: 'Token' | 'Rules';
  ambiguousRoleResolution: 'AuthenticatedRole' | 'Deny';
  rulesConfiguration?: { rules: MappingRule[] };
}

export interface MappingRule {
  claim: string;
  matchType: 'Equals' | 'Contains' | 'StartsWith' | 'NotEqual';
  value: string;
  roleARN: string;
}

export interface PoolRoles {
  identityPoolId: string;
  roles: { authenticated?: string; unauthenticated?: string };
  /** By provider. */
  roleMappings?: { [provider: string]: RoleMapping };
}

/** A name and a value each, as AWS has its maps. */
export interface Tags {
  [key: string]: string;
}

export interface PrincipalTagMap {
  identityPoolId: string;
  identityProviderName: string;
  useDefaults?: boolean;
  principalTags?: Tags;
}

export interface DeveloperLogin {
  identityPoolId: string;
  identityId?: string;
  logins: Login[];
  principalTags?: Tags;
  tokenDuration?: number;
}

export interface DeveloperLookup {
  identityPoolId: string;
  identityId?: string;
  developerUserIdentifier?: string;
}

export interface DeveloperMerge {
  identityPoolId: string;
  developerProviderName: string;
  sourceUserIdentifier: string;
  destinationUserIdentifier: string;
}

export interface DeveloperUnlink {
  identityPoolId: string;
  identityId: string;
  developerProviderName: string;
  developerUserIdentifier: string;
}

export interface AssumeRole {
  roleArn: string;
  roleSessionName: string;
  webIdentityToken: string;
  durationSeconds?: number;
  policy?: object;
}

/** What callers without credentials do for themselves. */
export interface PublicCalls {
  getId(input: { identityPoolId: string; logins?: Login[] }): Promise<{ identityId: string }>;
  getCredentialsForIdentity(input: {
    identityId: string;
    logins?: Login[];
    customRoleArn?: string;
  }): Promise<{ identityId: string; credentials: Caller }>;
  getOpenIdToken(input: {
    identityId: string;
    logins?: Login[];
  }): Promise<{ identityId: string; token: string }>;
  assumeRoleWithWebIdentity(input: AssumeRole): Promise<{ credentials: Caller; assumedRoleArn: string }>;
  unlinkIdentity(input: { identityId: string; logins: Login[]; loginsToRemove: string[] }): Promise<void>;
}

/** What a developer's back end does for the users that it vouches for. */
export interface DeveloperCalls {
  getOpenIdTokenForDeveloperIdentity(
    caller: Caller,
    input: DeveloperLogin,
  ): Promise<{ identityId: string; token: string }>;
  lookupDeveloperIdentity(
    caller: Caller,
    input: DeveloperLookup,
  ): Promise<{ identityId: string; developerUserIdentifierList: string[] }>;
  mergeDeveloperIdentities(caller: Caller, input: DeveloperMerge): Promise<{ identityId: string }>;
  unlinkDeveloperIdentity(caller: Caller, input: DeveloperUnlink): Promise<void>;
}

/** The operations that the scenarios play, in the words of AWS. Every refusal is a `Refusal`. */
export interface Door extends PublicCalls, DeveloperCalls {
  readonly name: string;
  /** Whether an error carries fields beside its code and sentence. */
  readonly errorsHaveFields: boolean;
  /** Whether a new pool comes with its two default roles. */
  readonly createsDefaultRoles: boolean;
  createIdentityPool(caller: Caller, input: PoolInput): Promise<{ identityPoolId: string }>;
  setIdentityPoolRoles(caller: Caller, input: PoolRoles): Promise<void>;
  setPrincipalTagAttributeMap(caller: Caller, input: PrincipalTagMap): Promise<void>;
  describeIdentity(caller: Caller, identityId: string): Promise<{ logins: string[] }>;
  /** The ids of a pool with fewer than 60. */
  listIdentities(
    caller: Caller,
    input: { identityPoolId: string; hideDisabled?: boolean },
  ): Promise<string[]>;
  deleteIdentities(caller: Caller, identityIds: string[]): Promise<void>;
  listDatasets(caller: Caller, identityId: string): Promise<string[]>;
  sync(caller: Caller): SyncCalls;
}

/** An error as a door answered it. */
export class Refusal extends Error {
  override readonly name = 'Refusal';

  constructor(
    /** As in `src/errors.ts`. */
    readonly code: string,
    /** The error's own message. */
    readonly sentence: string,
    readonly fields: { [field: string]: any } = {},
  ) {
    super(`${code}: ${sentence}`);
  }
}

/** What a call is refused with; fails the test when it is not refused. */
export const refusalOf = async (call: Promise<unknown>): Promise<Refusal> => {
  const outcome = await call.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (outcome instanceof Refusal) return outcome;
  throw outcome ?? new Error('the call was expected to be refused');
};
