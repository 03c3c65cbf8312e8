import { sendGraphql } from '../../support/server';
import {
  Refusal,
  type Caller,
  type DeveloperCalls,
  type Door,
  type PoolInput,
  type PoolRoles,
  type PublicCalls,
  type Pull,
  type RoleMapping,
  type Tags,
  type Update,
} from '../door';

const RECORD = 'key value syncCount lastModifiedBy';

const LIST_RECORDS = `query ($input: ListRecordsInput!) { listRecords(input: $input) {
  records { ${RECORD} } datasetSyncCount datasetExists datasetDeletedAfterRequestedSyncCount
  mergedDatasetNames nextToken syncSessionToken } }`;

const CREDENTIALS = 'credentials { accessKeyId secretKey sessionToken accessToken }';

/** Sends a document and answers its data. */
type Send = (document: string, variables: object, caller?: Caller) => Promise<any>;

/** Runs one mutation, given as its name with what to select, and answers what it answers. */
type Mutate = (call: string, input: object, caller?: Caller) => Promise<any>;

const sendTo =
  (url: string): Send =>
  async (document, variables, caller) => {
    const { data, errors } = await sendGraphql(url, { query: document, variables }, caller?.bearer);
    if (!errors) return data;
    const { message, extensions } = errors[0]!;
    const { code, ...fields } = extensions;
    throw new Refusal(code as string, message, fields);
  };

const mutateBy =
  (send: Send): Mutate =>
  async (call, input, caller) => {
    const name = call.slice(0, call.indexOf(' '));
    const type = `${name[0]?.toUpperCase()}${name.slice(1)}Input`;
    const field = call.replace(name, `${name}(input: $input)`);
    return (await send(`mutation ($input: ${type}!) { ${field} }`, { input }, caller))[name];
  };

/** The GraphQL door over real HTTP. */
export const graphqlDoor = (url: string): Door => {
  const send = sendTo(url);
  const mutate = mutateBy(send);
  return {
    name: 'GraphQL',
    errorsHaveFields: true,
    createsDefaultRoles: true,
    ...publicCalls(mutate),
    ...developerCalls(send, mutate),
    createIdentityPool: async (caller, input) => {
      const { identityPool } = await mutate(
        'createIdentityPool { identityPool { id } }',
        poolOf(input),
        caller,
      );
      return { identityPoolId: identityPool.id };
    },
    setIdentityPoolRoles: (caller, input) =>
      mutate('setIdentityPoolRoles { __typename }', rolesOf(input), caller),
    setPrincipalTagAttributeMap: (caller, { principalTags, ...rest }) => {
      const input = { ...rest, principalTags: listOf(principalTags) };
      return mutate('setPrincipalTagAttributeMap { __typename }', input, caller);
    },
    describeIdentity: async (caller, id) =>
      (await send('query ($id: ID!) { identity(id: $id) { logins } }', { id }, caller)).identity,
    listIdentities: async (caller, { identityPoolId: id, hideDisabled }) => {
      const document = `query ($id: ID!, $hideDisabled: Boolean) { identityPool(id: $id) {
        identities(hideDisabled: $hideDisabled) { nodes { id } } } }`;
      const { identityPool } = await send(document, { id, hideDisabled }, caller);
      return identityPool.identities.nodes.map((node: { id: string }) => node.id);
    },
    deleteIdentities: (caller, identityIdsToDelete) =>
      mutate('deleteIdentities { unprocessedIdentityIds { identityId } }', { identityIdsToDelete }, caller),
    listDatasets: async (caller, id) => {
      const document = 'query ($id: ID!) { identity(id: $id) { datasets { nodes { name } } } }';
      const { identity } = await send(document, { id }, caller);
      return identity.datasets.nodes.map(({ name }: { name: string }) => name);
    },
    sync: (caller) => ({
      listRecords: async (input: Pull) => (await send(LIST_RECORDS, { input }, caller)).listRecords,
      updateRecords: (input: Update) =>
        mutate(`updateRecords { records { ${RECORD} } datasetSyncCount }`, withEnum(input), caller),
      deleteDataset: async (input) =>
        (await mutate('deleteDataset { dataset { syncCount } }', input, caller)).dataset,
    }),
  };
};

const publicCalls = (mutate: Mutate): PublicCalls => ({
  getId: (input) => mutate('getId { identityId }', input),
  getCredentialsForIdentity: async (input) => {
    const { identityId, credentials } = await mutate(
      `getCredentialsForIdentity { identityId ${CREDENTIALS} }`,
      input,
    );
    return { identityId, credentials: callerOf(credentials) };
  },
  getOpenIdToken: (input) => mutate('getOpenIdToken { identityId token }', input),
  assumeRoleWithWebIdentity: async (input) => {
    const { credentials, assumedRoleArn } = await mutate(
      `assumeRoleWithWebIdentity { ${CREDENTIALS} assumedRoleArn }`,
      input,
    );
    return { credentials: callerOf(credentials), assumedRoleArn };
  },
  unlinkIdentity: (input) => mutate('unlinkIdentity { identityId }', input),
});

const developerCalls = (send: Send, mutate: Mutate): DeveloperCalls => ({
  getOpenIdTokenForDeveloperIdentity: (caller, { principalTags, ...rest }) => {
    const input = { ...rest, principalTags: listOf(principalTags) };
    return mutate('getOpenIdTokenForDeveloperIdentity { identityId token }', input, caller);
  },
  lookupDeveloperIdentity: async (caller, input) => {
    const document = `query ($input: LookupDeveloperIdentityInput!) {
      lookupDeveloperIdentity(input: $input) { identityId developerUserIdentifierList } }`;
    return (await send(document, { input }, caller)).lookupDeveloperIdentity;
  },
  mergeDeveloperIdentities: (caller, input) =>
    mutate('mergeDeveloperIdentities { identityId }', input, caller),
  unlinkDeveloperIdentity: (caller, input) => mutate('unlinkDeveloperIdentity { identityId }', input, caller),
});

interface GraphqlCredentials {
  accessKeyId: string;
  secretKey: string;
  sessionToken: string;
  accessToken: string;
}

const callerOf = ({ accessKeyId, secretKey, sessionToken, accessToken }: GraphqlCredentials): Caller => ({
  accessKeyId,
  secretAccessKey: secretKey,
  sessionToken,
  bearer: accessToken,
});

/** `AuthenticatedRole` is `AUTHENTICATED_ROLE` here. */
const enumOf = (name: string): string => name.replaceAll(/(?<=[a-z])(?=[A-Z])/g, '_').toUpperCase();

/** A map of AWS as a list. */
const listOf = (tags: Tags | undefined): { key: string; value: string }[] | undefined =>
  tags && Object.entries(tags).map(([key, value]) => ({ key, value }));

const poolOf = ({ supportedLoginProviders, ...rest }: PoolInput): object => ({
  ...rest,
  supportedLoginProviders:
    supportedLoginProviders &&
    Object.entries(supportedLoginProviders).map(([provider, appId]) => ({ provider, appId })),
});

const rolesOf = ({ roleMappings, ...rest }: PoolRoles): object => ({
  ...rest,
  roleMappings:
    roleMappings &&
    Object.entries(roleMappings).map(([identityProvider, mapping]) => ({
      identityProvider,
      ...mappingOf(mapping),
    })),
});

const mappingOf = ({ type, ambiguousRoleResolution, rulesConfiguration }: RoleMapping): object => ({
  type: enumOf(type),
  ambiguousRoleResolution: enumOf(ambiguousRoleResolution),
  rulesConfiguration: rulesConfiguration && {
    rules: rulesConfiguration.rules.map((rule) => ({ ...rule, matchType: enumOf(rule.matchType) })),
  },
});

const withEnum = (update: Update) => ({
  ...update,
  recordPatches: update.recordPatches.map((patch) => ({ ...patch, op: patch.op.toUpperCase() })),
});
