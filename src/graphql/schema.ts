import 'reflect-metadata';
import { lexicographicSortSchema, printSchema, type GraphQLSchema } from 'graphql';
import { buildSchemaSync, type NonEmptyArray, type PubSub } from 'type-graphql';
import { AuditEventResolver } from '../audit/audit-event.resolver';
import { ApiKeyResolver } from '../credentials/api-key.resolver';
import { CredentialsResolver } from '../credentials/credentials.resolver';
import {
  AnalyticsDaysResolver,
  AnalyticsProvidersResolver,
  IdentityPoolAnalyticsResolver,
} from '../identities/analytics.resolver';
import { DeveloperIdentityResolver } from '../identities/developer.resolver';
import { IdentityPoolIdentitiesResolver, IdentityResolver } from '../identities/identity.resolver';
import { IdleGuestResolver } from '../identities/idle-guests.resolver';
import { LinkedLoginsResolver, LookupLoginResolver } from '../identities/lookups.resolver';
import { IdentityPoolResolver } from '../identity-pools/identity-pool.resolver';
import { PrincipalTagResolver } from '../identity-pools/principal-tags.resolver';
import { OpenIdConnectProviderResolver } from '../logins/open-id-connect-provider.resolver';
import { SamlProviderResolver } from '../logins/saml-provider.resolver';
import { DatasetChangedResolver } from '../push/dataset-changed.resolver';
import { DeviceResolver } from '../push/device.resolver';
import { PlatformApplicationResolver } from '../push/platform-application.resolver';
import { RoleResolver } from '../roles/role.resolver';
import { SimulatePolicyResolver } from '../roles/simulate-policy.resolver';
import { SyncResolver } from '../sync/sync.resolver';
import { SigningKeyResolver } from '../tokens/signing-key.resolver';

/** Every resolver, once: the public face of the features. */
const RESOLVERS: NonEmptyArray<new () => object> = [
  AnalyticsDaysResolver,
  AnalyticsProvidersResolver,
  ApiKeyResolver,
  AuditEventResolver,
  CredentialsResolver,
  DatasetChangedResolver,
  DeveloperIdentityResolver,
  DeviceResolver,
  IdentityPoolAnalyticsResolver,
  IdentityPoolIdentitiesResolver,
  IdentityPoolResolver,
  IdentityResolver,
  IdleGuestResolver,
  LinkedLoginsResolver,
  LookupLoginResolver,
  OpenIdConnectProviderResolver,
  PlatformApplicationResolver,
  PrincipalTagResolver,
  RoleResolver,
  SamlProviderResolver,
  SigningKeyResolver,
  SimulatePolicyResolver,
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
