/**
 * The limits of the Cognito Identity and Cognito Sync models (version 2014-06-30), shared with the client.
 * Lengths count characters unless the name says bytes.
 */
export const LIMITS = {
  /** Live datasets per identity. */
  datasetsPerIdentity: 20,
  /**
   * Names of deleted datasets that are remembered per identity; more are not refused, but then new names are. Ours:
   * AWS keeps quiet about it.
   */
  deletedDatasetsPerIdentity: 200,
  /** Live records per dataset; removed ones do not count. */
  recordsPerDataset: 1024,
  /** Removed records that are remembered per dataset; beyond it the oldest are forgotten. Ours. */
  tombstonesPerDataset: 8192,
  /** UTF-8 bytes of all live keys and values in a dataset: 1 MiB. */
  datasetBytes: 1_048_576,
  datasetNameLength: 128,
  recordKeyLength: 1024,
  /** UTF-8 bytes of a key. Ours: AWS counts characters only; a longer one would not fit PostgreSQL's index. */
  recordKeyBytes: 2048,
  recordValueLength: 1_048_575,
  /** Patches in one call. Ours: as many as a dataset may hold, so that a full dataset can be replaced at once. */
  patchesPerCall: 1024,
  deviceIdLength: 256,
  recordsPerPage: 1024,
  /** Datasets, pools and identities per page. */
  listPage: 60,
  identityPoolNameLength: 128,
  tagsPerPool: 50,
  tagKeyLength: 128,
  tagValueLength: 256,
  loginsPerRequest: 10,
  loginsPerIdentity: 20,
  providerNameLength: 128,
  loginTokenLength: 50_000,
  identitiesPerDelete: 60,
  developerUserIdentifierLength: 1024,
  /** Login providers of a pool that have a role mapping. */
  roleMappingsPerPool: 10,
  rulesPerRoleMapping: 25,
  principalTagsPerProvider: 50,
  /** Platform applications of a pool. Ours, as is what follows. */
  platformApplicationsPerPool: 10,
  platformApplicationNameLength: 256,
  /** Devices of an identity; beyond it those go that were registered longest ago. */
  devicesPerIdentity: 100,
  deviceTokenLength: 4096,
  /** Live subscriptions on one socket. */
  subscriptionsPerSocket: 32,
  /** Live subscriptions to the datasets of one identity, on one node. */
  subscriptionsPerIdentity: 100,
  /** Datasets that a live subscription resumes from. */
  sinceSyncCounts: 1000,
  /** Days of analytics in one answer. Ours. */
  analyticsDays: 366,
} as const;

/** `REGION:UUID`; identity pool ids and identity ids look alike. */
export const REGIONAL_ID_PATTERN = /^[\w-]+:[0-9a-f-]+$/;
/** The characters of a dataset's name. */
export const DATASET_NAME_PATTERN = /^[a-zA-Z0-9_.:-]+$/;
/** The characters of a pool's name. */
export const IDENTITY_POOL_NAME_PATTERN = /^[\w\s+=,.@-]+$/;
