import { getNamedType, isEnumType, isObjectType, isScalarType, type GraphQLObjectType } from 'graphql';
import { createClient } from 'graphql-sse';
import { graphqlSchema } from '../src/graphql/schema';
import { startIdentityProvider, type TestIdentityProvider } from './support/identity-provider';
import { choose, createApplication, CREDENTIALS, register, subscribe } from './push/push-world';
import {
  allow,
  bearerWith,
  createKey,
  createPool,
  createRole,
  getCredentials,
  getId,
  loginOf,
  refusalOf,
  registerProvider,
  rowsOf,
  setRoles,
  trustOf,
  type Data,
  type Login,
} from './support/factories';
import { makeSamlKey, samlMetadata } from './support/saml-identity-provider';
import { startTestServer, type GraphqlAnswer, type TestServer } from './support/server';

/** What an operation is aimed at. */
interface Target {
  identityPoolId: string;
  identityId: string;
  roleName: string;
  providerArn: string;
  samlProviderArn: string;
  accessKeyId: string;
  logins: Login[];
  /** A user of the developer provider that the identity has, and one that has an identity of its own. */
  developerUser: string;
  otherDeveloperUser: string;
  /** A device of the identity. */
  deviceId: string;
}

/**
 * Who may use an operation at all: anybody, an identity on itself (and administrators), an identity on itself alone, an
 * identity on what is its own without saying so, or administrators only.
 */
type Access = 'anybody' | 'itself' | 'itself alone' | 'own' | 'administrators';

interface Case {
  access: Access;
  query: string;
  variables: (target: Target) => object;
  /** The IAM action that is decided. Left out where nothing is. */
  action?: string;
}

const mutation = (name: string, selection: string): string =>
  `mutation ($input: ${name[0]!.toUpperCase()}${name.slice(1)}Input!) { ${name}(input: $input) { ${selection} } }`;

const queryOf = (name: string, selection: string): string =>
  `query ($input: ${name[0]!.toUpperCase()}${name.slice(1)}Input!) { ${name}(input: $input) { ${selection} } }`;

const poolField = (selection: string): string =>
  `query ($id: ID!) { identityPool(id: $id) { id ${selection} } }`;
const identityField = (selection: string): string =>
  `query ($id: ID!) { identity(id: $id) { id ${selection} } }`;
const poolId = ({ identityPoolId: id }: Target): object => ({ id });
const identityId = ({ identityId: id }: Target): object => ({ id });
const onD = ({ identityPoolId, identityId: id, deviceId }: Target): object => ({
  input: { identityPoolId, identityId: id, datasetName: 'd', deviceId },
});
/** Its name is unique within a pool: both pools have one with this ARN. */
const applicationArn = 'arn:aws:sns:us-east-1:000000000000:app/GCM/notes';
const nothing = (): object => ({});
const poolArn = (id: string): string => `arn:aws:cognito-identity:us-east-1:000000000000:identitypool/${id}`;
let made = 0;

/** Each identity of these tests has it, as if from a merge. */
const MERGED = 'd.us-east-1:00000000-0000-4000-8000-00000000000f';

const DEVELOPER_PROVIDER = 'login.my-app';
const CERTIFICATE = { certificate: makeSamlKey().certificate, use: 'signing' as const };
const METADATA = samlMetadata([CERTIFICATE]);
const OTHER_METADATA = samlMetadata([CERTIFICATE], 'https://other.example/saml');
/** Guests are made idle before it. */
const IDLE_SINCE = '2001-01-01T00:00:00.000Z';

/** Every operation and every field that a service resolves. The first test fails when one is missing here. */
const CASES: Record<string, Case> = {
  'Query.apiKeys': {
    access: 'administrators',
    action: 'iam:ListAccessKeys',
    query: '{ apiKeys { nodes { id name } } }',
    variables: nothing,
  },
  'Query.auditEvents': {
    access: 'administrators',
    action: 'cloudtrail:LookupEvents',
    query: '{ auditEvents { nodes { action actorId details } } }',
    variables: nothing,
  },
  'Query.identity': {
    access: 'itself',
    action: 'cognito-identity:DescribeIdentity',
    query: identityField('identityPoolId logins isAuthenticated creationDate'),
    variables: identityId,
  },
  'Query.identityPool': {
    access: 'administrators',
    action: 'cognito-identity:DescribeIdentityPool',
    query: poolField('name'),
    variables: poolId,
  },
  'Query.identityPoolUsages': {
    access: 'administrators',
    action: 'cognito-sync:ListIdentityPoolUsage',
    query: '{ identityPoolUsages { nodes { identityPoolId dataStorage } } }',
    variables: nothing,
  },
  'Query.identityPools': {
    access: 'administrators',
    action: 'cognito-identity:ListIdentityPools',
    query: '{ identityPools { nodes { id name } } }',
    variables: nothing,
  },
  'Query.identityProvider': {
    access: 'administrators',
    action: 'iam:GetOpenIDConnectProvider',
    query: 'query ($arn: String!) { identityProvider(arn: $arn) { url clientIds } }',
    variables: ({ providerArn: arn }) => ({ arn }),
  },
  'Query.identityProviders': {
    access: 'administrators',
    action: 'iam:ListOpenIDConnectProviders',
    query: '{ identityProviders { nodes { url } } }',
    variables: nothing,
  },
  'Query.importedIdentities': {
    access: 'administrators',
    action: 'cognito-identity:ListImportedIdentities',
    query: `query ($input: ImportedIdentitiesInput!) { importedIdentities(input: $input) { identityId runId } }`,
    variables: ({ identityPoolId, identityId: id }) => ({ input: { identityPoolId, identityIds: [id] } }),
  },
  'Query.listRecords': {
    access: 'itself',
    action: 'cognito-sync:ListRecords',
    query: `query ($input: ListRecordsInput!) { listRecords(input: $input) { records { key value } datasetSyncCount } }`,
    variables: ({ identityPoolId, identityId: id }) => ({
      input: { identityPoolId, identityId: id, datasetName: 'd' },
    }),
  },
  'Query.lookupDeveloperIdentity': {
    access: 'administrators',
    action: 'cognito-identity:LookupDeveloperIdentity',
    query: queryOf('lookupDeveloperIdentity', 'identityId developerUserIdentifierList'),
    variables: ({ identityPoolId, identityId: id }) => ({ input: { identityPoolId, identityId: id } }),
  },
  'Query.lookupLogin': {
    access: 'administrators',
    action: 'cognito-identity:LookupLogin',
    query: queryOf('lookupLogin', 'subject identityId identity { id logins }'),
    variables: ({ identityPoolId, developerUser: subject }) => ({
      input: { identityPoolId, provider: DEVELOPER_PROVIDER, subject },
    }),
  },
  'Query.previewMerge': {
    access: 'anybody',
    query: queryOf('previewMerge', 'identityId linkedProviders merges { identityId datasets { from to } }'),
    variables: ({ identityPoolId, identityId: id, logins }) => ({
      input: { identityPoolId, identityId: id, logins },
    }),
  },
  'Query.role': {
    access: 'administrators',
    action: 'iam:GetRole',
    query: 'query ($name: String!) { role(name: $name) { arn policies { policyDocument } } }',
    variables: ({ roleName: name }) => ({ name }),
  },
  'Query.roles': {
    access: 'administrators',
    action: 'iam:ListRoles',
    query: '{ roles { nodes { arn } } }',
    variables: nothing,
  },
  'Query.samlProvider': {
    access: 'administrators',
    action: 'iam:GetSAMLProvider',
    query: 'query ($arn: String!) { samlProvider(arn: $arn) { name samlMetadataDocument } }',
    variables: ({ samlProviderArn: arn }) => ({ arn }),
  },
  'Query.samlProviders': {
    access: 'administrators',
    action: 'iam:ListSAMLProviders',
    query: '{ samlProviders { nodes { name } } }',
    variables: nothing,
  },
  'Query.signingKeys': {
    access: 'administrators',
    action: 'cognito-identity:ListSigningKeys',
    query: '{ signingKeys { id state } }',
    variables: nothing,
  },
  'Query.simulatePolicy': {
    access: 'administrators',
    action: 'iam:SimulatePrincipalPolicy',
    query:
      'query ($input: SimulatePolicyInput!) { simulatePolicy(input: $input) { evaluationResults { evalDecision } } }',
    variables: ({ roleName }) => ({
      input: { policySourceArn: `arn:aws:iam::000000000000:role/${roleName}`, actionNames: ['s3:GetObject'] },
    }),
  },
  'Query.viewer': { access: 'anybody', query: '{ viewer { id } }', variables: nothing },

  'AnalyticsDay.providers': {
    access: 'administrators',
    action: 'cognito-identity:GetIdentityProviderDailyAnalytics',
    query: poolField('analytics { days { day providers { provider totalIdentities } } }'),
    variables: poolId,
  },
  'IdentityPool.analytics': {
    access: 'administrators',
    action: 'cognito-identity:GetIdentityPoolAnalytics',
    query: poolField('analytics { totalIdentities providers { provider identities } }'),
    variables: poolId,
  },
  'CognitoStreams.deadLetters': {
    access: 'administrators',
    action: 'cognito-sync:GetIdentityPoolConfiguration',
    query: poolField('streams { deadLetters { nodes { identityId } } }'),
    variables: poolId,
  },
  'IdentityPool.bulkPublish': {
    access: 'administrators',
    action: 'cognito-sync:GetBulkPublishDetails',
    query: poolField('bulkPublish { bulkPublishStatus }'),
    variables: poolId,
  },
  'IdentityPool.streams': {
    access: 'administrators',
    action: 'cognito-sync:GetIdentityPoolConfiguration',
    query: poolField('streams { streamName target pendingCount }'),
    variables: poolId,
  },
  'IdentityPool.events': {
    access: 'administrators',
    action: 'cognito-sync:GetCognitoEvents',
    query: poolField('events { key value }'),
    variables: poolId,
  },
  'IdentityPool.identities': {
    access: 'administrators',
    action: 'cognito-identity:ListIdentities',
    query: poolField('identities { nodes { id logins } }'),
    variables: poolId,
  },
  'IdentityPool.platformApplications': {
    access: 'administrators',
    action: 'cognito-sync:GetIdentityPoolConfiguration',
    query: poolField('platformApplications { name platform publicKey lastFailure { message } }'),
    variables: poolId,
  },
  'IdentityPool.pushSync': {
    access: 'administrators',
    action: 'cognito-sync:GetIdentityPoolConfiguration',
    query: poolField('pushSync { applicationArns roleArn }'),
    variables: poolId,
  },
  'IdentityPool.principalTagAttributeMaps': {
    access: 'administrators',
    action: 'cognito-identity:GetPrincipalTagAttributeMap',
    query: poolField('principalTagAttributeMaps { identityProviderName principalTags { key value } }'),
    variables: poolId,
  },
  'IdentityPool.roles': {
    access: 'administrators',
    action: 'cognito-identity:GetIdentityPoolRoles',
    query: poolField('roles { authenticated unauthenticated }'),
    variables: poolId,
  },
  'IdentityPool.tags': {
    access: 'administrators',
    action: 'cognito-identity:ListTagsForResource',
    query: poolField('tags { key value }'),
    variables: poolId,
  },
  'Identity.usage': {
    access: 'itself',
    action: 'cognito-sync:DescribeIdentityUsage',
    query: identityField('usage { identityId identityPoolId datasetCount dataStorage }'),
    variables: identityId,
  },
  'IdentityPool.syncConfiguration': {
    access: 'administrators',
    action: 'cognito-sync:GetDatasetConfiguration',
    query: poolField('syncConfiguration { historyRetentionDays mergeRules { datasetPattern } }'),
    variables: poolId,
  },
  'IdentityPool.usage': {
    access: 'administrators',
    action: 'cognito-sync:DescribeIdentityPoolUsage',
    query: poolField('usage { identityPoolId dataStorage }'),
    variables: poolId,
  },
  'IdentityPoolUsage.syncSessions': {
    access: 'administrators',
    action: 'cognito-sync:DescribeIdentityPoolUsage',
    query: poolField('usage { syncSessions { day syncSessions } }'),
    variables: poolId,
  },
  'Mutation.setSyncConfiguration': {
    access: 'administrators',
    action: 'cognito-sync:SetDatasetConfiguration',
    query: mutation('setSyncConfiguration', 'syncConfiguration { historyRetentionDays }'),
    variables: ({ identityPoolId }) => ({ input: { identityPoolId, historyRetentionDays: 7 } }),
  },
  'IdentityPoolAnalytics.days': {
    access: 'administrators',
    action: 'cognito-identity:GetIdentityPoolDailyAnalytics',
    query: poolField('analytics { days { day newIdentities totalIdentities } }'),
    variables: poolId,
  },
  'Dataset.history': {
    access: 'itself',
    action: 'cognito-sync:ListRecords',
    query: identityField('dataset(name: "d") { id history { nodes { key value } } }'),
    variables: identityId,
  },
  'Identity.dataset': {
    access: 'itself',
    action: 'cognito-sync:DescribeDataset',
    query: identityField('dataset(name: "d") { name syncCount }'),
    variables: identityId,
  },
  'Identity.datasets': {
    access: 'itself',
    action: 'cognito-sync:ListDatasets',
    query: identityField('datasets { nodes { name } }'),
    variables: identityId,
  },
  'Identity.devices': {
    access: 'itself',
    action: 'cognito-sync:ListDevices',
    query: identityField('devices { id platform datasetNames }'),
    variables: identityId,
  },
  'Identity.linkedLogins': {
    access: 'itself',
    action: 'cognito-identity:ListLogins',
    query: identityField('linkedLogins { provider subject }'),
    variables: identityId,
  },
  'Identity.mergedInto': {
    access: 'itself',
    action: 'cognito-identity:DescribeIdentity',
    query: identityField('mergedInto { id logins }'),
    variables: identityId,
  },

  'Mutation.addClientIDToOpenIDConnectProvider': {
    access: 'administrators',
    action: 'iam:AddClientIDToOpenIDConnectProvider',
    query: mutation('addClientIDToOpenIDConnectProvider', 'openIDConnectProvider { clientIds }'),
    variables: ({ providerArn }) => ({
      input: { openIDConnectProviderArn: providerArn, clientID: `more-${(made += 1)}` },
    }),
  },
  'Mutation.assumeRoleWithWebIdentity': {
    access: 'anybody',
    query: mutation('assumeRoleWithWebIdentity', 'audience'),
    variables: ({ roleName }) => ({
      input: {
        roleArn: `arn:aws:iam::000000000000:role/${roleName}`,
        roleSessionName: 'session',
        webIdentityToken: 'no token at all',
      },
    }),
  },
  'Mutation.createApiKey': {
    access: 'administrators',
    action: 'iam:CreateAccessKey',
    query: mutation('createApiKey', 'secretAccessKey'),
    variables: () => ({ input: { name: 'more', managedPolicies: ['ADMINISTRATOR_ACCESS'] } }),
  },
  'Mutation.createIdentityPool': {
    access: 'administrators',
    action: 'cognito-identity:CreateIdentityPool',
    query: mutation('createIdentityPool', 'identityPool { id }'),
    variables: () => ({ input: { identityPoolName: 'more', allowUnauthenticatedIdentities: true } }),
  },
  'Mutation.createOpenIDConnectProvider': {
    access: 'administrators',
    action: 'iam:CreateOpenIDConnectProvider',
    query: mutation('createOpenIDConnectProvider', 'openIDConnectProviderArn'),
    variables: () => ({ input: { url: `https://more-${(made += 1)}.example.com` } }),
  },
  'Mutation.createPlatformApplication': {
    access: 'administrators',
    action: 'cognito-sync:SetIdentityPoolConfiguration',
    query: mutation('createPlatformApplication', 'platformApplication { id }'),
    variables: ({ identityPoolId }) => ({
      input: {
        identityPoolId,
        name: `more-${(made += 1)}`,
        platform: 'GCM',
        credentials: CREDENTIALS.GCM,
      },
    }),
  },
  'Mutation.createRole': {
    access: 'administrators',
    action: 'iam:CreateRole',
    query: mutation('createRole', 'role { arn }'),
    variables: ({ identityPoolId }) => ({
      input: { roleName: `more-${(made += 1)}`, assumeRolePolicyDocument: trustOf(identityPoolId) },
    }),
  },
  'Mutation.createSAMLProvider': {
    access: 'administrators',
    action: 'iam:CreateSAMLProvider',
    query: mutation('createSAMLProvider', 'samlProviderArn'),
    variables: () => ({ input: { name: `more-${(made += 1)}`, samlMetadataDocument: METADATA } }),
  },
  'Mutation.deleteDataset': {
    access: 'itself',
    action: 'cognito-sync:DeleteDataset',
    query: mutation('deleteDataset', 'dataset { name }'),
    variables: ({ identityPoolId, identityId: id }) => ({
      input: { identityPoolId, identityId: id, datasetName: 'd' },
    }),
  },
  'Mutation.deleteIdentities': {
    access: 'itself',
    action: 'cognito-identity:DeleteIdentities',
    query: mutation('deleteIdentities', 'unprocessedIdentityIds { identityId errorCode }'),
    variables: ({ identityId: id }) => ({ input: { identityIdsToDelete: [id] } }),
  },
  'Mutation.deleteIdentityPool': {
    access: 'administrators',
    action: 'cognito-identity:DeleteIdentityPool',
    query: mutation('deleteIdentityPool', 'identityPool { id }'),
    variables: ({ identityPoolId }) => ({ input: { identityPoolId } }),
  },
  'Mutation.deleteIdleGuests': {
    access: 'administrators',
    action: 'cognito-identity:DeleteIdleGuests',
    query: mutation('deleteIdleGuests', 'count identityIds'),
    variables: ({ identityPoolId }) => ({ input: { identityPoolId, idleSince: IDLE_SINCE, dryRun: false } }),
  },
  'Mutation.deleteOpenIDConnectProvider': {
    access: 'administrators',
    action: 'iam:DeleteOpenIDConnectProvider',
    query: mutation('deleteOpenIDConnectProvider', 'openIDConnectProvider { arn }'),
    variables: ({ providerArn }) => ({ input: { openIDConnectProviderArn: providerArn } }),
  },
  'Mutation.deletePlatformApplication': {
    access: 'administrators',
    action: 'cognito-sync:SetIdentityPoolConfiguration',
    query: mutation('deletePlatformApplication', 'platformApplication { id }'),
    variables: ({ identityPoolId }) => ({
      input: { identityPoolId, platformApplicationArn: applicationArn },
    }),
  },
  'Mutation.deleteRole': {
    access: 'administrators',
    action: 'iam:DeleteRole',
    query: mutation('deleteRole', 'role { arn }'),
    variables: ({ roleName }) => ({ input: { roleName } }),
  },
  'Mutation.deleteSAMLProvider': {
    access: 'administrators',
    action: 'iam:DeleteSAMLProvider',
    query: mutation('deleteSAMLProvider', 'samlProvider { arn }'),
    variables: ({ samlProviderArn }) => ({ input: { samlProviderArn } }),
  },
  'Mutation.deregisterDevice': {
    access: 'itself alone',
    action: 'cognito-sync:DeregisterDevice',
    query: mutation('deregisterDevice', 'device { id }'),
    variables: ({ identityPoolId, identityId: id, deviceId }) => ({
      input: { identityPoolId, identityId: id, deviceId },
    }),
  },
  'Mutation.exportIdentity': {
    access: 'itself',
    action: 'cognito-sync:ListRecords',
    query: mutation('exportIdentity', 'document endCursor'),
    variables: ({ identityPoolId, identityId: id }) => ({ input: { identityPoolId, identityId: id } }),
  },
  'Mutation.foldMergedDataset': {
    access: 'itself',
    action: 'cognito-sync:UpdateRecords',
    query: mutation('foldMergedDataset', 'datasetSyncCount records { key value }'),
    variables: ({ identityPoolId, identityId: id }) => ({
      input: { identityPoolId, identityId: id, datasetName: 'd', mergedDatasetName: MERGED, dryRun: true },
    }),
  },
  'Mutation.getCredentialsForIdentity': {
    access: 'anybody',
    query: mutation('getCredentialsForIdentity', 'identityId'),
    variables: ({ identityId: id, logins }) => ({ input: { identityId: id, logins } }),
  },
  'Mutation.getId': {
    access: 'anybody',
    query: mutation('getId', 'identityId'),
    variables: ({ identityPoolId, logins }) => ({ input: { identityPoolId, logins } }),
  },
  'Mutation.getOpenIdToken': {
    access: 'anybody',
    query: mutation('getOpenIdToken', 'identityId'),
    variables: ({ identityId: id, logins }) => ({ input: { identityId: id, logins } }),
  },
  'Mutation.getOpenIdTokenForDeveloperIdentity': {
    access: 'administrators',
    action: 'cognito-identity:GetOpenIdTokenForDeveloperIdentity',
    query: mutation('getOpenIdTokenForDeveloperIdentity', 'identityId'),
    variables: ({ identityPoolId, identityId: id }) => ({
      input: {
        identityPoolId,
        identityId: id,
        logins: [{ provider: DEVELOPER_PROVIDER, token: `more-${(made += 1)}` }],
      },
    }),
  },
  'Mutation.importDataset': {
    access: 'administrators',
    action: 'cognito-sync:ImportDataset',
    query: mutation('importDataset', 'status datasetSyncCount'),
    variables: ({ identityPoolId, identityId: id }) => ({
      input: { identityPoolId, identityId: id, datasetName: 'd' },
    }),
  },
  'Mutation.importIdentities': {
    access: 'administrators',
    action: 'cognito-identity:ImportIdentities',
    query: mutation('importIdentities', 'identities { identityId status }'),
    variables: ({ identityPoolId, identityId: id }) => ({
      input: {
        identityPoolId,
        identities: [{ identityId: id, creationDate: IDLE_SINCE, lastModifiedDate: IDLE_SINCE }],
      },
    }),
  },
  'Mutation.importIdentityPool': {
    access: 'administrators',
    action: 'cognito-identity:ImportIdentityPool',
    query: mutation('importIdentityPool', 'status identityPool { id name }'),
    variables: ({ identityPoolId }) => ({
      input: {
        identityPoolId,
        identityPoolName: 'from elsewhere',
        allowUnauthenticatedIdentities: true,
        roles: {},
      },
    }),
  },
  'Mutation.mergeDeveloperIdentities': {
    access: 'administrators',
    action: 'cognito-identity:MergeDeveloperIdentities',
    query: mutation('mergeDeveloperIdentities', 'identityId'),
    variables: ({ identityPoolId, developerUser, otherDeveloperUser }) => ({
      input: {
        identityPoolId,
        developerProviderName: DEVELOPER_PROVIDER,
        sourceUserIdentifier: otherDeveloperUser,
        destinationUserIdentifier: developerUser,
      },
    }),
  },
  'Mutation.registerDevice': {
    access: 'itself alone',
    action: 'cognito-sync:RegisterDevice',
    query: mutation('registerDevice', 'deviceId'),
    variables: ({ identityPoolId, identityId: id }) => ({
      input: { identityPoolId, identityId: id, platform: 'GCM', token: `more-${(made += 1)}` },
    }),
  },
  'Mutation.removeClientIDFromOpenIDConnectProvider': {
    access: 'administrators',
    action: 'iam:RemoveClientIDFromOpenIDConnectProvider',
    query: mutation('removeClientIDFromOpenIDConnectProvider', 'openIDConnectProvider { clientIds }'),
    variables: ({ providerArn }) => ({
      input: { openIDConnectProviderArn: providerArn, clientID: 'client' },
    }),
  },
  'Mutation.restoreDataset': {
    access: 'itself',
    action: 'cognito-sync:UpdateRecords',
    query: mutation('restoreDataset', 'datasetSyncCount records { key value }'),
    variables: ({ identityPoolId, identityId: id }) => ({
      // A dry run, so that the data of the other cases stays.
      input: { identityPoolId, identityId: id, datasetName: 'd', toSyncCount: 0, dryRun: true },
    }),
  },
  'Mutation.revokeApiKey': {
    access: 'administrators',
    action: 'iam:DeleteAccessKey',
    query: mutation('revokeApiKey', 'apiKey { id name }'),
    variables: ({ accessKeyId }) => ({ input: { accessKeyId } }),
  },
  'Mutation.rotateSigningKey': {
    access: 'administrators',
    action: 'cognito-identity:RotateSigningKey',
    query: mutation('rotateSigningKey', 'signingKeys { id }'),
    variables: () => ({ input: { evenIfRecent: true } }),
  },
  'Mutation.bulkPublish': {
    access: 'administrators',
    action: 'cognito-sync:BulkPublish',
    query: mutation('bulkPublish', 'identityPoolId'),
    variables: ({ identityPoolId }) => ({ input: { identityPoolId } }),
  },
  'Mutation.retryDeadLetters': {
    access: 'administrators',
    action: 'cognito-sync:RetryDeadLetters',
    query: mutation('retryDeadLetters', 'retriedCount'),
    variables: ({ identityPoolId }) => ({ input: { identityPoolId } }),
  },
  'Mutation.setIdentityPoolConfiguration': {
    access: 'administrators',
    action: 'cognito-sync:SetIdentityPoolConfiguration',
    query: mutation('setIdentityPoolConfiguration', 'identityPoolId'),
    variables: ({ identityPoolId }) => ({
      input: { identityPoolId, cognitoStreams: { streamingStatus: 'ENABLED' } },
    }),
  },
  'Mutation.setCognitoEvents': {
    access: 'administrators',
    action: 'cognito-sync:SetCognitoEvents',
    query: mutation('setCognitoEvents', 'signingSecret identityPool { id }'),
    variables: ({ identityPoolId }) => ({
      input: { identityPoolId, events: [{ key: 'SyncTrigger', value: '' }] },
    }),
  },
  'Mutation.setIdentityPoolRoles': {
    access: 'administrators',
    action: 'cognito-identity:SetIdentityPoolRoles',
    query: mutation('setIdentityPoolRoles', 'identityPool { id }'),
    variables: ({ identityPoolId }) => ({ input: { identityPoolId, roles: {} } }),
  },
  'Mutation.setPrincipalTagAttributeMap': {
    access: 'administrators',
    action: 'cognito-identity:SetPrincipalTagAttributeMap',
    query: mutation('setPrincipalTagAttributeMap', 'principalTagAttributeMap { useDefaults }'),
    variables: ({ identityPoolId }) => ({
      input: { identityPoolId, identityProviderName: DEVELOPER_PROVIDER, useDefaults: true },
    }),
  },
  'Mutation.subscribeToDataset': {
    access: 'itself alone',
    action: 'cognito-sync:SubscribeToDataset',
    query: mutation('subscribeToDataset', 'device { id datasetNames }'),
    variables: onD,
  },
  'Mutation.synchronize': {
    access: 'itself',
    action: 'cognito-sync:ListRecords',
    query: mutation('synchronize', 'datasets { applied changes { records { key value } } }'),
    variables: ({ identityPoolId, identityId: id }) => ({
      input: {
        identityPoolId,
        identityId: id,
        datasetName: 'd',
        recordPatches: [{ op: 'REPLACE', key: `new-${(made += 1)}`, value: 'v', syncCount: 0 }],
      },
    }),
  },
  'Mutation.tagResource': {
    access: 'administrators',
    action: 'cognito-identity:TagResource',
    query: mutation('tagResource', 'identityPool { id }'),
    variables: ({ identityPoolId }) => ({
      input: { resourceArn: poolArn(identityPoolId), tags: [{ key: 'by', value: 'somebody' }] },
    }),
  },
  'Mutation.unlinkDeveloperIdentity': {
    access: 'administrators',
    action: 'cognito-identity:UnlinkDeveloperIdentity',
    query: mutation('unlinkDeveloperIdentity', 'identityId'),
    variables: ({ identityPoolId, identityId: id, developerUser }) => ({
      input: {
        identityPoolId,
        identityId: id,
        developerProviderName: DEVELOPER_PROVIDER,
        developerUserIdentifier: developerUser,
      },
    }),
  },
  'Mutation.unlinkIdentity': {
    access: 'anybody',
    query: mutation('unlinkIdentity', 'identityId'),
    variables: ({ identityId: id, logins }) => ({ input: { identityId: id, logins, loginsToRemove: [] } }),
  },
  'Mutation.unsubscribeFromDataset': {
    access: 'itself alone',
    action: 'cognito-sync:UnsubscribeFromDataset',
    query: mutation('unsubscribeFromDataset', 'device { id datasetNames }'),
    variables: onD,
  },
  'Mutation.untagResource': {
    access: 'administrators',
    action: 'cognito-identity:UntagResource',
    query: mutation('untagResource', 'identityPool { id }'),
    variables: ({ identityPoolId }) => ({
      input: { resourceArn: poolArn(identityPoolId), tagKeys: ['owner'] },
    }),
  },
  'Mutation.updateIdentityPool': {
    access: 'administrators',
    action: 'cognito-identity:UpdateIdentityPool',
    query: mutation('updateIdentityPool', 'identityPool { id }'),
    variables: ({ identityPoolId }) => ({
      input: { identityPoolId, identityPoolName: 'taken over', allowUnauthenticatedIdentities: true },
    }),
  },
  'Mutation.updatePlatformApplication': {
    access: 'administrators',
    action: 'cognito-sync:SetIdentityPoolConfiguration',
    query: mutation('updatePlatformApplication', 'platformApplication { id enabled }'),
    variables: ({ identityPoolId }) => ({
      input: { identityPoolId, platformApplicationArn: applicationArn, enabled: true },
    }),
  },
  'Mutation.updateRecords': {
    access: 'itself',
    action: 'cognito-sync:UpdateRecords',
    query: mutation('updateRecords', 'datasetSyncCount records { key value }'),
    variables: ({ identityPoolId, identityId: id }) => ({
      input: {
        identityPoolId,
        identityId: id,
        datasetName: 'd',
        recordPatches: [{ op: 'REPLACE', key: `new-${(made += 1)}`, value: 'v', syncCount: 0 }],
      },
    }),
  },
  'Mutation.updateRole': {
    access: 'administrators',
    action: 'iam:UpdateRole',
    query: mutation('updateRole', 'role { arn }'),
    variables: ({ roleName }) => ({
      input: { roleName, policies: [{ policyName: 'P', policyDocument: allow('*') }] },
    }),
  },
  'Mutation.updateSAMLProvider': {
    access: 'administrators',
    action: 'iam:UpdateSAMLProvider',
    query: mutation('updateSAMLProvider', 'samlProviderArn'),
    variables: ({ samlProviderArn }) => ({
      input: { samlProviderArn, samlMetadataDocument: OTHER_METADATA },
    }),
  },

  // Answers with what there is at once, and then goes on.
  'Subscription.datasetChanged': {
    access: 'own',
    action: 'cognito-sync:ListDatasets',
    query: `subscription ($input: DatasetChangedInput!) { datasetChanged(input: $input) {
      identityId datasetName changes { records { key value } } } }`,
    variables: () => ({ input: { sinceSyncCounts: [] } }),
  },
};

const PUBLIC = [
  'Mutation.assumeRoleWithWebIdentity',
  'Mutation.getCredentialsForIdentity',
  'Mutation.getId',
  'Mutation.getOpenIdToken',
  'Mutation.unlinkIdentity',
  'Query.previewMerge',
];

/** Objects that are part of the row they are read from: who sees the row sees them. */
const EMBEDDED = [
  'ApiKey.policies',
  'EvaluationResult.decidedBy',
  'EvaluationResult.statements',
  'IdentityImport.error',
  'ImportedIdentityState.datasets',
  'IdentityPool.cognitoIdentityProviders',
  'IdentityPool.supportedLoginProviders',
  'IdentityPoolAnalytics.providers',
  'IdentityPoolRoles.roleMappings',
  'MergeRuleSet.rules',
  'PlannedMerge.datasets',
  'PlatformApplication.lastFailure',
  'PrincipalTagAttributeMap.principalTags',
  'RecordConflict.record',
  'RecordListing.records',
  'Role.policies',
  'RoleMapping.rules',
  'SynchronizedDataset.changes',
  'SynchronizedDataset.conflicts',
  'SynchronizedDataset.error',
  'SynchronizedDataset.merged',
  'SyncConfiguration.mergeRules',
];

/** What reads or writes one dataset that it is given by name. */
const ON_A_DATASET = [
  'Query.listRecords',
  'Mutation.updateRecords',
  'Mutation.synchronize',
  'Mutation.deleteDataset',
  'Mutation.restoreDataset',
];

/** Cases with this access, as a table for `it.each`. */
const casesOf = (...access: Access[]): [name: string, found: Case][] =>
  Object.entries(CASES).filter(([, found]) => access.includes(found.access));

const NOWHERE = {
  identityPoolId: 'us-east-1:00000000-0000-4000-8000-000000000000',
  identityId: 'us-east-1:00000000-0000-4000-8000-000000000001',
  roleName: 'Nobody',
  providerArn: 'arn:aws:iam::000000000000:oidc-provider/nobody.example.com',
  samlProviderArn: 'arn:aws:iam::000000000000:saml-provider/nobody',
  accessKeyId: 'AKIANOBODYNOBODYNOBO',
  logins: [],
  developerUser: 'user of nobody',
  otherDeveloperUser: 'other user of nobody',
  deviceId: 'device of nobody',
};

let server: TestServer;
let issuer: TestIdentityProvider;
/** The caller's own identity, another of its pool, and one of another pool. */
let mine: Target;
let neighbour: Target;
let stranger: Target;
/** An access token of `mine`, whose role allows everything on everything. */
let bearer: string;
/** An administrator who may do everything, but only in the pool of `mine`. */
let limited: string;

const everythingRole = async (identityPoolId: string): Promise<string> => {
  const role = await createRole(server, {
    roleName: `Everything-in-${identityPoolId.slice(-12)}`,
    assumeRolePolicyDocument: trustOf(identityPoolId),
    policies: [{ policyName: 'Everything', policyDocument: allow('*') }],
  });
  await setRoles(server, identityPoolId, { authenticated: role.arn, unauthenticated: role.arn });
  return role.name;
};

const writeRecord = (token: string, value: string): Promise<Data> =>
  server.run(
    `mutation ($value: String!) { updateRecords(input: { datasetName: "d", recordPatches: [
       { op: REPLACE, key: "k", value: $value, syncCount: 0 }] }) { datasetSyncCount } }`,
    { value },
    token,
  );

/** Has the back end vouch for a user, who is linked to the identity, or gets a new one. */
const vouchFor = (identityPoolId: string, user: string, id?: string): Promise<Data> =>
  server.run(
    mutation('getOpenIdTokenForDeveloperIdentity', 'identityId'),
    { input: { identityPoolId, identityId: id, logins: [{ provider: DEVELOPER_PROVIDER, token: user }] } },
    server.admin,
  );

const identityIn = async (
  pool: Partial<Target>,
  name: string,
): Promise<{ target: Target; token: string }> => {
  const logins = [await loginOf(issuer, name)];
  const { id } = await getId(server, pool.identityPoolId!, logins);
  const token = (await getCredentials(server, id, logins)).accessToken;
  await writeRecord(token, `secret of ${name}`);
  await rowsOf(
    server,
    `INSERT INTO datasets SELECT (json_populate_record(d, json_build_object('dataset_name', $2::text))).*
       FROM datasets d WHERE d.identity_id = $1`,
    [id, MERGED],
  );
  const users = { developerUser: `user of ${name}`, otherDeveloperUser: `other user of ${name}` };
  await vouchFor(pool.identityPoolId!, users.developerUser, id);
  await vouchFor(pool.identityPoolId!, users.otherDeveloperUser);
  const deviceId = await register(server, token, { platform: 'GCM', token: `token-of-${name}` });
  await subscribe(server, token, deviceId);
  return { target: { ...NOWHERE, ...pool, ...users, identityId: id, logins, deviceId }, token };
};

/** A guest that was idle for ages. */
const idleGuestIn = async (identityPoolId: string): Promise<void> => {
  const { id } = await getId(server, identityPoolId);
  await rowsOf(server, `UPDATE identities SET last_active_at = '2000-01-01Z' WHERE identity_id = $1`, [id]);
};

const createSAMLProvider = async (): Promise<string> => {
  const input = { name: 'idp', samlMetadataDocument: METADATA };
  const data = await server.run(mutation('createSAMLProvider', 'samlProviderArn'), { input }, server.admin);
  return data.createSAMLProvider.samlProviderArn;
};

const poolNamed = async (
  identityPoolName: string,
  providers: Pick<Target, 'providerArn' | 'samlProviderArn'>,
): Promise<Partial<Target>> => {
  const { id } = await createPool(server, {
    identityPoolName,
    createDefaultRoles: false,
    openIdConnectProviderARNs: [providers.providerArn],
    developerProviderName: DEVELOPER_PROVIDER,
    identityPoolTags: [{ key: 'owner', value: identityPoolName }],
  });
  await server.run(
    mutation('setPrincipalTagAttributeMap', 'principalTagAttributeMap { useDefaults }'),
    {
      input: {
        identityPoolId: id,
        identityProviderName: DEVELOPER_PROVIDER,
        principalTags: [{ key: 'owner', value: `claim of ${identityPoolName}` }],
      },
    },
    server.admin,
  );
  const target = { webhook: { url: 'https://stream.invalid/' } };
  await server.run(
    mutation('setIdentityPoolConfiguration', 'identityPoolId'),
    {
      input: { identityPoolId: id, cognitoStreams: { streamName: `Stream of ${identityPoolName}`, target } },
    },
    server.admin,
  );
  await idleGuestIn(id);
  await choose(server, id, [(await createApplication(server, id)).platformApplicationArn]);
  const key = await createKey(server, { name: `key of ${identityPoolName}`, managedPolicies: ['READ_ONLY'] });
  return {
    identityPoolId: id,
    roleName: await everythingRole(id),
    ...providers,
    accessKeyId: key.apiKey.accessKeyId,
  };
};

beforeAll(async () => {
  [server, issuer] = await Promise.all([startTestServer(), startIdentityProvider()]);
  const providers = {
    providerArn: await registerProvider(server, issuer),
    samlProviderArn: await createSAMLProvider(),
  };
  const [a, b] = [await poolNamed('Pool A', providers), await poolNamed('Pool B', providers)];
  const own = await identityIn(a, 'alice');
  mine = own.target;
  bearer = own.token;
  neighbour = (await identityIn(a, 'bob')).target;
  stranger = (await identityIn(b, 'carol')).target;
  const arn = poolArn(mine.identityPoolId);
  const syncArn = arn.replace('cognito-identity', 'cognito-sync');
  limited = await bearerWith(server, {
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Action: '*',
        Resource: [arn, syncArn, `${syncArn}/*`, 'arn:aws:sns:us-east-1:000000000000:app/*'],
      },
      {
        Effect: 'Allow',
        Action: ['cognito-identity:DescribeIdentity', 'cognito-identity:DeleteIdentities'],
        Resource: '*',
        Condition: { StringEquals: { 'cognito-identity:IdentityPoolArn': arn } },
      },
    ],
  });
});
afterAll(async () => {
  await issuer?.close();
  await server?.close();
});

const ask = ({ query, variables }: Case, target: Target, token?: string): Promise<GraphqlAnswer> =>
  query.startsWith('subscription')
    ? firstAnswer(query, variables(target), token)
    : server.graphql(query, variables(target), token);

/** What a subscription answers first. */
const firstAnswer = async (query: string, variables: object, token?: string): Promise<GraphqlAnswer> => {
  const client = createClient({
    url: `${server.url}/graphql/stream`,
    retryAttempts: 0,
    ...(token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } }),
  });
  for await (const answer of client.iterate({ query, variables: variables as Record<string, unknown> })) {
    client.dispose();
    return { status: 200, ...answer } as unknown as GraphqlAnswer;
  }
  throw new Error('The subscription ended without an answer');
};

/** The answer with the names of what it was aimed at taken out, so that answers for different targets compare. */
const withoutNames = (answer: GraphqlAnswer, target: Target): Data => {
  const text = Object.entries(target).reduce(
    (json, [member, value]) => (typeof value === 'string' ? json.replaceAll(value, `<${member}>`) : json),
    JSON.stringify({ data: answer.data, errors: answer.errors }),
  );
  return JSON.parse(text.replace(/(more|new)-\d+/g, '<new>'));
};

/** An administrator is told which statement decided; the rest of two refusals must be the same. */
const withoutDecision = (answer: GraphqlAnswer): GraphqlAnswer => ({
  ...answer,
  errors: answer.errors?.map((error) => ({
    ...error,
    extensions: { ...error.extensions, decision: undefined },
  })),
});

/** Not those that a refused call is written to: audit_events and rate_limits. */
const TABLES = [
  'api_keys',
  'dataset_subscriptions',
  'datasets',
  'device_tokens',
  'devices',
  'identities',
  'identity_counts',
  'identity_logins',
  'identity_pools',
  'logins',
  'open_id_connect_providers',
  'platform_failures',
  'pool_usage',
  'record_history',
  'records',
  'roles',
  'saml_providers',
  'signing_keys',
  'sync_configurations',
  'used_sync_sessions',
];

/** What counts of a row, where the server changes the rest of it while it tries to reach a device. */
const ROWS: Record<string, string> = {
  dataset_subscriptions: 't.identity_id, t.dataset_name, t.device_id, t.created_at',
  platform_failures: 't.identity_pool_id',
};

/** One text for each table, which changes with any of its rows. */
const everything = async (): Promise<Data> => {
  const columns = TABLES.map((table) => {
    const row = ROWS[table] ?? 't';
    return `(SELECT md5(string_agg((${row})::text, '|' ORDER BY (${row})::text)) FROM ${table} t) AS ${table}`;
  });
  const [row] = await rowsOf(server, `SELECT ${columns.join(', ')}`);
  return row;
};

/** Does it and shows that nothing in the database changed. */
const changingNothing = async <T>(work: () => Promise<T>): Promise<T> => {
  const before = await everything();
  const result = await work();
  expect(await everything()).toEqual(before);
  return result;
};

const objectTypes = Object.values(graphqlSchema().getTypeMap()).filter(
  (type): type is GraphQLObjectType => isObjectType(type) && !type.name.startsWith('__'),
);

describe('the cases of this file', () => {
  it('are all operations of the schema, and all fields that lead to further objects', () => {
    const roots = ['Query', 'Mutation', 'Subscription'];
    const shapes = /(Payload|Connection|Edge)$/;
    const isPlain = (type: unknown): boolean => {
      const named = getNamedType(type as never);
      return isScalarType(named) || isEnumType(named);
    };
    const found = objectTypes
      .filter((type) => !shapes.test(type.name))
      .flatMap((type) =>
        Object.values(type.getFields())
          .filter((field) => roots.includes(type.name) || field.args.length > 0 || !isPlain(field.type))
          .map((field) => `${type.name}.${field.name}`),
      );

    expect(found.filter((name) => !EMBEDDED.includes(name)).sort()).toEqual(Object.keys(CASES).sort());
  });

  it('are valid: an administrator of everything is refused none of them', async () => {
    const destructive = /^Mutation\.(delete|merge|remove|revoke|set|unlinkDeveloper|update)/;
    for (const [name, found] of casesOf('itself', 'administrators')) {
      if (destructive.test(name)) continue;
      const answer = await ask(found, stranger, server.admin);
      expect([name, answer.errors]).toEqual([name, undefined]);
    }
  });
});

describe('a caller without credentials', () => {
  it.each(casesOf('itself', 'itself alone', 'own', 'administrators'))(
    'is not let in to %s',
    async (_name, found) => {
      const answer = await changingNothing(() => ask(found, mine));

      expect(refusalOf(answer)).toMatchObject({ code: 'NOT_AUTHORIZED', reason: 'MISSING' });
      expect(answer.data?.[Object.keys(answer.data)[0]!] ?? null).toBeNull();
    },
  );

  it('has the six public operations, and nobody to view', async () => {
    const open = casesOf('anybody').map(([name]) => name);
    const answers = await Promise.all(
      PUBLIC.map(async (name) => [name, (await ask(CASES[name]!, mine)).errors?.[0]?.extensions]),
    );

    expect(open.sort()).toEqual([...PUBLIC, 'Query.viewer'].sort());
    expect(answers.filter(([, refusal]) => refusal !== undefined)).toEqual([
      ['Mutation.assumeRoleWithWebIdentity', expect.objectContaining({ reason: 'INVALID' })],
    ]);
    expect((await ask(CASES['Query.viewer']!, mine)).data).toEqual({ viewer: null });
  });

  it('sees no data through the identity that a public operation answers with', async () => {
    const reaching = objectTypes
      .filter((type) =>
        PUBLIC.some((name) => type.name.toLowerCase() === `${name.split('.')[1]}payload`.toLowerCase()),
      )
      .filter((type) =>
        Object.values(type.getFields()).some((field) => isObjectType(getNamedType(field.type))),
      )
      .map((type) => type.name);
    const nested = 'identity { id datasets { nodes { name } } }';

    const byGetId = await server.graphql(mutation('getId', nested), CASES['Mutation.getId']!.variables(mine));
    const byUnlink = await server.graphql(
      mutation('unlinkIdentity', nested),
      CASES['Mutation.unlinkIdentity']!.variables(mine),
    );

    expect(reaching.sort()).toEqual([
      'AssumeRoleWithWebIdentityPayload',
      'GetCredentialsForIdentityPayload',
      'GetIdPayload',
      'PreviewMergePayload',
      'UnlinkIdentityPayload',
    ]);
    for (const answer of [byGetId, byUnlink]) {
      expect(refusalOf(answer)).toMatchObject({ code: 'NOT_AUTHORIZED', reason: 'MISSING' });
      expect(answer.data).toBeNull();
    }
  });
});

describe('an identity whose role allows everything', () => {
  /** What it is told of its neighbour, of a stranger in another pool, and of nobody at all. */
  const toldOfOthers = async (found: Case, targets: Target[]): Promise<Data[]> => {
    const told: Data[] = [];
    for (const target of targets) {
      const answer = await changingNothing(() => ask(found, target, bearer));
      expect(JSON.stringify(answer)).not.toMatch(/(secret|user) of (bob|carol)|Pool [AB]/);
      told.push(withoutNames(answer, target));
    }
    return told;
  };

  it.each(casesOf('itself', 'itself alone'))(
    'is told the same by %s of others, whether they are there or not',
    async (name, found) => {
      const [ofNobody, ...ofSomebody] = await toldOfOthers(found, [
        NOWHERE,
        neighbour,
        stranger,
        { ...neighbour, identityPoolId: stranger.identityPoolId },
        { ...stranger, identityPoolId: mine.identityPoolId },
      ]);

      expect(ofSomebody).toEqual(ofSomebody.map(() => ofNobody));
      if (name === 'Mutation.deleteIdentities')
        expect(ofNobody.data.deleteIdentities.unprocessedIdentityIds).toEqual([
          { identityId: '<identityId>', errorCode: 'ACCESS_DENIED' },
        ]);
      else
        expect(ofNobody.errors).toEqual([
          expect.objectContaining({
            message: 'mismatch between session identity id and request identity id',
            extensions: { code: 'NOT_AUTHORIZED' },
          }),
        ]);
    },
  );

  it.each(casesOf('own'))('has by %s what is its own alone', async (_name, found) => {
    const answer = await changingNothing(() => ask(found, neighbour, bearer));

    expect(JSON.stringify(answer)).toContain('secret of alice');
    expect(JSON.stringify(answer)).not.toMatch(/secret of (bob|carol)/);
    for (const { identityId: id, identityPoolId: pool } of [neighbour, stranger])
      expect(JSON.stringify(answer)).not.toMatch(
        new RegExp(`${id}|${pool === mine.identityPoolId ? id : pool}`),
      );
  });

  it.each(casesOf('administrators'))('has no use of %s, in its own pool or another', async (_name, found) => {
    const told = await toldOfOthers(found, [NOWHERE, mine, neighbour, stranger]);

    expect(told).toEqual(told.map(() => told[0]));
    expect(told[0].errors).toEqual([
      expect.objectContaining({
        message: 'Only administrators may do this, whatever the role of an identity allows.',
        extensions: { code: 'NOT_AUTHORIZED' },
      }),
    ]);
  });

  it.each(ON_A_DATASET)('does not reach by %s into another pool with its own id', async (name) => {
    const elsewhere = { ...mine, identityPoolId: stranger.identityPoolId };

    const answer = await changingNothing(() => ask(CASES[name]!, elsewhere, bearer));

    expect(refusalOf(answer)).toMatchObject({ code: 'NOT_AUTHORIZED' });
  });

  it('gets no credentials of others by its own logins', async () => {
    for (const target of [neighbour, stranger])
      for (const name of [
        'Mutation.getCredentialsForIdentity',
        'Mutation.getOpenIdToken',
        'Mutation.unlinkIdentity',
        'Query.previewMerge',
      ]) {
        const answer = await changingNothing(() =>
          ask(CASES[name]!, { ...target, logins: mine.logins }, bearer),
        );
        expect([name, refusalOf(answer).code]).toEqual([name, 'NOT_AUTHORIZED']);
      }
  });

  it('sees no data of another through the identity that a public operation answers with', async () => {
    const nested = mutation('getId', 'identity { id datasets { nodes { name } } }');

    const answer = await server.graphql(nested, CASES['Mutation.getId']!.variables(neighbour), bearer);

    expect(refusalOf(answer)).toMatchObject({
      code: 'NOT_AUTHORIZED',
      message: 'mismatch between session identity id and request identity id',
    });
    expect(answer.data).toBeNull();
  });

  it('sees itself, by viewer and by its id', async () => {
    expect((await ask(CASES['Query.viewer']!, NOWHERE, bearer)).data.viewer.id).toBe(mine.identityId);
    for (const [name, found] of casesOf('itself', 'itself alone')) {
      if (/delete|deregister/.test(name)) continue;
      expect([name, (await ask(found, mine, bearer)).errors]).toEqual([name, undefined]);
    }
  });
});

describe('an administrator of everything', () => {
  it.each(casesOf('own', 'itself alone'))('has nothing of its own for %s', async (_name, found) => {
    const answer = await changingNothing(() => ask(found, neighbour, server.admin));

    expect(refusalOf(answer)).toMatchObject({ code: 'NOT_AUTHORIZED' });
    expect(answer.data ?? null).toBeNull();
  });
});

describe('an administrator of one pool', () => {
  const inPools = (): [string, Case][] =>
    casesOf('itself', 'administrators').filter(([, found]) => !isOfInstallation(found));
  const isOfInstallation = ({ action }: Case): boolean => /^(iam|cloudtrail):/.test(action ?? '');
  const wholeInstallation = [
    'Query.identityPoolUsages',
    'Query.identityPools',
    'Query.signingKeys',
    'Mutation.createIdentityPool',
    'Mutation.rotateSigningKey',
  ];
  const inOnePool = inPools().filter(([name]) => !wholeInstallation.includes(name));

  it.each(inOnePool)(
    'is told the same by %s of another pool, whether it is there or not',
    async (name, found) => {
      const told: Data[] = [];
      for (const target of [NOWHERE, stranger]) {
        const answer = await changingNothing(() => ask(found, target, limited));
        expect(JSON.stringify(answer)).not.toMatch(/(secret|user) of carol|Pool B/);
        told.push(withoutNames(withoutDecision(answer), target));
      }

      expect(told[1]).toEqual(told[0]);
      if (name === 'Mutation.deleteIdentities')
        expect(told[0].data.deleteIdentities.unprocessedIdentityIds[0].errorCode).toBe('ACCESS_DENIED');
      else expect(told[0].errors[0].extensions.code).toBe('ACCESS_DENIED');
    },
  );

  it.each([
    ...casesOf('administrators').filter(([, found]) => isOfInstallation(found)),
    ...inPools().filter(([name]) => wholeInstallation.includes(name)),
  ])('has no use of %s, which is about the whole installation', async (_name, found) => {
    for (const target of [NOWHERE, mine, stranger]) {
      const answer = await changingNothing(() => ask(found, target, limited));
      expect(refusalOf(answer)).toMatchObject({ code: 'ACCESS_DENIED', action: found.action });
    }
  });

  it('does not reach an identity of another pool by naming its own', async () => {
    const crossed = { ...stranger, identityPoolId: mine.identityPoolId };

    for (const name of [
      'Query.listRecords',
      'Query.lookupDeveloperIdentity',
      'Mutation.updateRecords',
      'Mutation.synchronize',
      'Mutation.deleteDataset',
      'Mutation.restoreDataset',
      'Mutation.getOpenIdTokenForDeveloperIdentity',
      'Mutation.mergeDeveloperIdentities',
      'Mutation.unlinkDeveloperIdentity',
    ]) {
      const answer = await changingNothing(() => ask(CASES[name]!, crossed, limited));
      expect([name, refusalOf(answer).code]).toEqual([name, 'RESOURCE_NOT_FOUND']);
    }
  });

  it.each(ON_A_DATASET)(
    'is told nothing by %s of an identity elsewhere when it names no pool, not even which pool that is in',
    async (name) => {
      const told: Data[] = [];
      for (const target of [NOWHERE, stranger]) {
        const { input } = CASES[name]!.variables(target) as { input: object };
        const answer = await changingNothing(() =>
          server.graphql(CASES[name]!.query, { input: { ...input, identityPoolId: undefined } }, limited),
        );
        expect(refusalOf(answer)).toMatchObject({ code: 'ACCESS_DENIED' });
        expect(JSON.stringify(answer)).not.toContain(stranger.identityPoolId);
        told.push(withoutNames(withoutDecision(answer), target));
      }

      expect(told[1]).toEqual(told[0]);
    },
  );

  it('need not name its own pool for an identity in it', async () => {
    const variables = { input: { identityId: neighbour.identityId, datasetName: 'd' } };

    const answer = await server.graphql(CASES['Query.listRecords']!.query, variables, limited);

    expect(answer.errors).toBeUndefined();
  });

  it('does not find a user of another pool in its own', async () => {
    const lookup = CASES['Query.lookupLogin']!;

    const elsewhere = await ask(lookup, { ...stranger, identityPoolId: mine.identityPoolId }, limited);
    const here = await ask(lookup, mine, limited);

    expect(elsewhere.data.lookupLogin).toMatchObject({ identityId: null, identity: null });
    expect(here.data.lookupLogin).toMatchObject({ identityId: mine.identityId });
  });

  it.each(inOnePool.filter(([name]) => !/delete(?!IdleGuests)/.test(name)))(
    'may use %s in its own pool',
    async (_name, found) => {
      expect((await ask(found, neighbour, limited)).errors).toBeUndefined();
    },
  );

  it.each([
    'AnalyticsDay.providers',
    'Dataset.history',
    'IdentityPool.analytics',
    'IdentityPool.bulkPublish',
    'IdentityPool.identities',
    'IdentityPool.platformApplications',
    'IdentityPool.principalTagAttributeMaps',
    'IdentityPool.pushSync',
    'IdentityPool.roles',
    'IdentityPool.streams',
    'IdentityPool.syncConfiguration',
    'IdentityPool.tags',
    'IdentityPool.usage',
    'IdentityPoolAnalytics.days',
    'Identity.dataset',
    'Identity.datasets',
    'Identity.devices',
    'Identity.linkedLogins',
    'Identity.usage',
  ])('needs an action of its own for %s', async (name) => {
    const found = CASES[name]!;
    const allOthers = await bearerWith(server, {
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', NotAction: found.action, Resource: '*' }],
    });

    const answer = await ask(found, neighbour, allOthers);

    expect(refusalOf(answer)).toMatchObject({ code: 'ACCESS_DENIED', action: found.action });
    expect(answer.errors?.[0]?.path?.at(-1)).toBe(name.split('.')[1]);
  });
});
