import {
  DescribeIdentityPoolCommand,
  GetIdentityPoolRolesCommand,
  GetPrincipalTagAttributeMapCommand,
  ListIdentityPoolsCommand,
  type GetIdentityPoolRolesResponse,
  type IdentityPool,
  type RoleMapping,
} from '@aws-sdk/client-cognito-identity';
import { GetCognitoEventsCommand, GetIdentityPoolConfigurationCommand } from '@aws-sdk/client-cognito-sync';
import { TargetError } from './graphql-target';
import { allPages } from './pages';
import type { Report } from './report';
import type { Source } from './source';

/** A pool as its source has it. */
export interface SourcePool {
  pool: IdentityPool;
  roles: GetIdentityPoolRolesResponse;
  /** Active ones, as ImportIdentityPool takes them. */
  principalTagAttributeMaps: object[];
}

/** The ids of all pools of the account and region, or those that were asked for. */
export const poolIds = async ({ identity, turn }: Source, wanted: string[]): Promise<string[]> => {
  if (wanted.length > 0) return [...new Set(wanted)];
  const pages = await allPages(async (NextToken) => {
    await turn();
    return identity.send(new ListIdentityPoolsCommand({ MaxResults: 60, NextToken }));
  });
  return [
    ...new Set(
      pages.flatMap((page) => page.IdentityPools ?? []).flatMap((pool) => pool.IdentityPoolId ?? []),
    ),
  ];
};

/** A pool with its roles and principal tags. @throws whatever Cognito answers. */
export const readPool = async (source: Source, IdentityPoolId: string): Promise<SourcePool> => {
  const pool = await source.identity.send(new DescribeIdentityPoolCommand({ IdentityPoolId }));
  const roles = await source.identity.send(new GetIdentityPoolRolesCommand({ IdentityPoolId }));
  const maps: object[] = [];
  for (const name of providersOf(pool)) maps.push(...(await readMap(source, IdentityPoolId, name)));
  return { pool, roles, principalTagAttributeMaps: maps };
};

const providersOf = (pool: IdentityPool): string[] => [
  ...Object.keys(pool.SupportedLoginProviders ?? {}),
  ...new Set((pool.CognitoIdentityProviders ?? []).flatMap(({ ProviderName }) => ProviderName ?? [])),
  ...(pool.OpenIdConnectProviderARNs ?? []),
  ...(pool.SamlProviderARNs ?? []),
];

/** None where the source knows none: some that are like Cognito answer with an error then. */
const readMap = async (
  { identity }: Source,
  IdentityPoolId: string,
  IdentityProviderName: string,
): Promise<object[]> => {
  const map = await identity
    .send(new GetPrincipalTagAttributeMapCommand({ IdentityPoolId, IdentityProviderName }))
    .catch((error: unknown) => {
      if ((error as { name?: string }).name === 'ResourceNotFoundException') return undefined;
      throw error;
    });
  const tags = Object.entries(map?.PrincipalTags ?? {});
  if (!map?.UseDefaults && tags.length === 0) return [];
  return [
    {
      identityProviderName: IdentityProviderName,
      useDefaults: map?.UseDefaults ?? false,
      principalTags: tags.map(([key, value]) => ({ key, value })),
    },
  ];
};

/** All roles that a pool names: its slots, and those of mapping rules, which signed in identities take. */
export const rolesOf = ({
  roles,
}: SourcePool): { arn: string; slot: 'authenticated' | 'unauthenticated' }[] => [
  ...Object.entries(roles.Roles ?? {}).map(([slot, arn]) => ({
    arn,
    slot: slot === 'unauthenticated' ? ('unauthenticated' as const) : ('authenticated' as const),
  })),
  ...Object.values(roles.RoleMappings ?? {}).flatMap((mapping) =>
    (mapping.RulesConfiguration?.Rules ?? []).flatMap(({ RoleARN }) =>
      RoleARN ? [{ arn: RoleARN, slot: 'authenticated' as const }] : [],
    ),
  ),
];

/** The pool as ImportIdentityPool takes it. */
export const toImport = ({ pool, roles, principalTagAttributeMaps }: SourcePool, overwrite: boolean) => ({
  identityPoolId: pool.IdentityPoolId ?? '',
  identityPoolName: pool.IdentityPoolName ?? '',
  allowUnauthenticatedIdentities: pool.AllowUnauthenticatedIdentities ?? false,
  allowClassicFlow: pool.AllowClassicFlow ?? null,
  ...providerMembers(pool),
  developerProviderName: pool.DeveloperProviderName ?? null,
  identityPoolTags: Object.entries(pool.IdentityPoolTags ?? {}).map(([key, value]) => ({ key, value })),
  ...roleMembers(roles),
  principalTagAttributeMaps,
  overwrite,
});

/** A list that the source does not have stays away: an empty one is told from it, as in Cognito. */
const providerMembers = (pool: IdentityPool) => ({
  openIdConnectProviderARNs: pool.OpenIdConnectProviderARNs,
  samlProviderARNs: pool.SamlProviderARNs,
  supportedLoginProviders:
    pool.SupportedLoginProviders &&
    Object.entries(pool.SupportedLoginProviders).map(([provider, appId]) => ({ provider, appId })),
  cognitoIdentityProviders: pool.CognitoIdentityProviders?.map((client) => ({
    providerName: client.ProviderName ?? '',
    clientId: client.ClientId ?? '',
    serverSideTokenCheck: client.ServerSideTokenCheck ?? false,
  })),
});

const roleMembers = ({ Roles, RoleMappings }: GetIdentityPoolRolesResponse) => ({
  roles: {
    authenticated: Roles?.authenticated ?? null,
    unauthenticated: Roles?.unauthenticated ?? null,
  },
  roleMappings: Object.entries(RoleMappings ?? {}).map(([provider, mapping]) => toMapping(provider, mapping)),
});

const MATCH_TYPES: Record<string, string> = {
  Equals: 'EQUALS',
  Contains: 'CONTAINS',
  StartsWith: 'STARTS_WITH',
  NotEqual: 'NOT_EQUAL',
};

/** Cognito falls back to Deny where a mapping says nothing. */
const toMapping = (identityProvider: string, mapping: RoleMapping): object => ({
  identityProvider,
  type: mapping.Type === 'Token' ? 'TOKEN' : 'RULES',
  ambiguousRoleResolution:
    mapping.AmbiguousRoleResolution === 'AuthenticatedRole' ? 'AUTHENTICATED_ROLE' : 'DENY',
  rulesConfiguration: mapping.RulesConfiguration
    ? {
        rules: (mapping.RulesConfiguration.Rules ?? []).map((rule) => ({
          claim: rule.Claim ?? '',
          matchType: MATCH_TYPES[rule.MatchType ?? ''] ?? 'EQUALS',
          value: rule.Value ?? '',
          roleARN: rule.RoleARN ?? '',
        })),
      }
    : null,
});

/** Notes what a pool has that nobody can bring over, with the mutation that makes it anew. */
export const noteWhatStays = async (
  source: Source,
  IdentityPoolId: string,
  report: Report,
): Promise<void> => {
  try {
    const { CognitoStreams: streams, PushSync: push } = await source.sync.send(
      new GetIdentityPoolConfigurationCommand({ IdentityPoolId }),
    );
    if (streams?.StreamName)
      report.leave(
        IdentityPoolId,
        `the stream ${streams.StreamName}`,
        'setIdentityPoolConfiguration(input: { cognitoStreams })',
      );
    for (const arn of push?.ApplicationArns ?? [])
      report.leave(
        IdentityPoolId,
        `the platform application ${arn}, whose credentials cannot be read`,
        'createPlatformApplication, then setIdentityPoolConfiguration(input: { pushSync })',
      );
    const { Events } = await source.sync.send(new GetCognitoEventsCommand({ IdentityPoolId }));
    for (const [event, arn] of Object.entries(Events ?? {}))
      report.leave(
        IdentityPoolId,
        `the ${event} ${arn}: a function of AWS Lambda`,
        'setCognitoEvents, with a webhook of your own',
      );
  } catch (error) {
    report.leave(
      IdentityPoolId,
      `whether it has streams, push sync or a sync trigger: ${sentenceOf(error)}`,
      'identityPool { streams, events }',
    );
  }
};

/** What to say of something that was thrown: with the code of Rockpool, or the name of AWS's exception. */
export const sentenceOf = (error: unknown): string => {
  if (error instanceof TargetError) return `${error.code}: ${error.message}`;
  if (!(error instanceof Error)) return String(error);
  return error.name === 'Error' ? error.message : `${error.name}: ${error.message}`;
};
