import 'reflect-metadata';
import { lexicographicSortSchema, printSchema, type GraphQLSchema } from 'graphql';
import { buildSchemaSync, type NonEmptyArray, type PubSub } from 'type-graphql';
import { AuditEventResolver } from '../audit/audit-event.resolver';
import { ImportResolver } from '../cognito-import/import.resolver';
import { ApiKeyResolver } from '../credentials/api-key.resolver';
import { CredentialsResolver } from '../credentials/credentials.resolver';
import {
  AnalyticsDaysResolver,
  AnalyticsProvidersResolver,
  IdentityPoolAnalyticsResolver,
} from '../identities/analytics.resolver';
import { ExportResolver } from '../data-export/export.resolver';
import { DeveloperIdentityResolver } from '../identities/developer.resolver';
import { IdentityPoolIdentitiesResolver, IdentityResolver } from '../identities/identity.resolver';
import { IdleGuestResolver } from '../identities/idle-guests.resolver';
import { LinkedLoginsResolver, LookupLoginResolver } from '../identities/lookups.resolver';
import { IdentityPoolResolver } from '../identity-pools/identity-pool.resolver';
import { PrincipalTagResolver } from '../identity-pools/principal-tags.resolver';
import { OpenIdConnectProviderResolver } from '../logins/open-id-connect-provider.resolver';
import { SamlProviderResolver } from '../logins/saml-provider.resolver';
import { DatasetChangedResolver } from '../push/live/dataset-changed.resolver';
import { DeviceResolver } from '../push/device.resolver';
import { PlatformApplicationResolver } from '../push/platform-application.resolver';
import { RoleResolver } from '../roles/role.resolver';
import { SimulatePolicyResolver } from '../roles/simulate-policy.resolver';
import { FoldResolver } from '../sync/fold.resolver';
import { HistoryResolver } from '../sync/history.resolver';
import { SyncConfigurationResolver } from '../sync/sync-configuration.resolver';
import { CognitoStreamsResolver, IdentityPoolConfigurationResolver } from '../streams/streams.resolver';
import { SyncResolver } from '../sync/sync.resolver';
import { CognitoEventsResolver } from '../sync/trigger/cognito-events.resolver';
import { IdentityPoolUsageFieldResolver, IdentityPoolUsageResolver } from '../sync/usage.resolver';
import { SigningKeyResolver } from '../tokens/signing-key.resolver';

/** Every resolver, once: the public face of the features. */
const RESOLVERS: NonEmptyArray<new () => object> = [
  AnalyticsDaysResolver,
  AnalyticsProvidersResolver,
  ApiKeyResolver,
  AuditEventResolver,
  CognitoEventsResolver,
  CognitoStreamsResolver,
  CredentialsResolver,
  DatasetChangedResolver,
  DeveloperIdentityResolver,
  DeviceResolver,
  ExportResolver,
  FoldResolver,
  HistoryResolver,
  IdentityPoolAnalyticsResolver,
  IdentityPoolConfigurationResolver,
  IdentityPoolIdentitiesResolver,
  IdentityPoolResolver,
  IdentityPoolUsageFieldResolver,
  IdentityPoolUsageResolver,
  IdentityResolver,
  IdleGuestResolver,
  ImportResolver,
  LinkedLoginsResolver,
  LookupLoginResolver,
  OpenIdConnectProviderResolver,
  PlatformApplicationResolver,
  PrincipalTagResolver,
  RoleResolver,
  SamlProviderResolver,
  SigningKeyResolver,
  SimulatePolicyResolver,
  SyncConfigurationResolver,
  SyncResolver,
];

/** TypeGraphQL wants one as soon as there is a subscription; ours bring their own source. */
const NO_TOPICS: PubSub = {
  publish: () => undefined,
  subscribe: (topic) => {
    throw new Error(`no subscription has a topic: ${topic}`);
  },
};

let built: GraphQLSchema | undefined;

/** The schema. Built once: TypeGraphQL keeps its metadata for the whole process. */
export const graphqlSchema = (): GraphQLSchema =>
  (built ??= buildSchemaSync({ resolvers: RESOLVERS, validate: false, pubSub: NO_TOPICS }));

/** The text of `schema.graphql`, sorted, so that it changes only where the schema does. */
export const schemaText = (): string => `${printSchema(lexicographicSortSchema(graphqlSchema()))}\n`;
