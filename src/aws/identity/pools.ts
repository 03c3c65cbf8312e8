import { deleteIdentityPool } from '../../identities/delete-identity-pool.service';
import type {
  CognitoIdentityProvider,
  IdentityPool,
  ProviderList,
} from '../../identity-pools/identity-pool.entity';
import {
  createIdentityPool,
  describeIdentityPool,
  listIdentityPools,
  updateIdentityPool,
} from '../../identity-pools/identity-pool.service';
import { IDENTITY_POOL_NAME_PATTERN, LIMITS } from '../../protocol/limits';
import { list, stringMap, structure } from '../members/collections';
import { unanchored } from '../members/constraints';
import { arn, regionalId } from '../members/identifiers';
import { boolean, string } from '../members/shapes';
import { operation, type Operation } from '../operation';
import {
  developerProviderName,
  fromTags,
  maxResults,
  nextToken,
  providerName,
  tagsMap,
  toTags,
} from './members';
import { nextTokenOf, toPageRequest } from '../page';

const poolMembers = {
  identityPoolName: string({
    min: 1,
    max: LIMITS.identityPoolNameLength,
    pattern: unanchored(IDENTITY_POOL_NAME_PATTERN),
  }),
  allowUnauthenticatedIdentities: boolean(),
  allowClassicFlow: boolean().optional(),
  supportedLoginProviders: stringMap(providerName, string({ min: 1, max: 128, pattern: '[\\w.;_/-]+' }), {
    max: LIMITS.loginsPerRequest,
  }).optional(),
  developerProviderName: developerProviderName.optional(),
  openIdConnectProviderARNs: list(arn).optional(),
  cognitoIdentityProviders: list(
    structure({
      providerName: string({ min: 1, max: 128, pattern: '[\\w._:/-]+' }).optional(),
      clientId: string({ min: 1, max: 128, pattern: '[\\w_]+' }).optional(),
      serverSideTokenCheck: boolean().optional(),
    }),
  ).optional(),
  samlProviderARNs: list(arn).optional(),
  identityPoolTags: tagsMap.optional(),
};

interface GivenMembers {
  supportedLoginProviders?: [string, string][] | undefined;
  identityPoolTags?: [string, string][] | undefined;
  cognitoIdentityProviders?: Partial<CognitoIdentityProvider>[] | undefined;
}

/** The maps of a pool as pairs. What a client of a user pool leaves out is for the service to miss. */
const withPairs = <T extends GivenMembers>({
  supportedLoginProviders: apps,
  identityPoolTags: tags,
  cognitoIdentityProviders: clients,
  ...given
}: T) => ({
  ...given,
  supportedLoginProviders: apps?.map(([provider, appId]) => ({ provider, appId })),
  identityPoolTags: tags && toTags(tags),
  cognitoIdentityProviders: clients?.map((client) => ({ providerName: '', clientId: '', ...client })),
});

/** An `IdentityPool` of the model. */
const toIdentityPool = (pool: IdentityPool): object => ({
  IdentityPoolId: pool.id,
  IdentityPoolName: pool.name,
  AllowUnauthenticatedIdentities: pool.allowUnauthenticatedIdentities,
  AllowClassicFlow: pool.allowClassicFlow ?? undefined,
  SupportedLoginProviders: given(pool, 'supportedLoginProviders', (apps) =>
    Object.fromEntries(apps.map(({ provider, appId }) => [provider, appId])),
  ),
  DeveloperProviderName: pool.developerProviderName ?? undefined,
  OpenIdConnectProviderARNs: given(pool, 'openIdConnectProviderArns'),
  CognitoIdentityProviders: given(pool, 'cognitoIdentityProviders', (clients) =>
    clients.map(({ providerName: name, clientId, serverSideTokenCheck }) => ({
      ProviderName: name,
      ClientId: clientId,
      ServerSideTokenCheck: serverSideTokenCheck,
    })),
  ),
  SamlProviderARNs: given(pool, 'samlProviderArns'),
  IdentityPoolTags: fromTags(pool.tags),
});

/** A list that was given at some time, if only as an empty one; the others are left out, as AWS leaves them out. */
const given = <L extends ProviderList>(
  pool: IdentityPool,
  name: L,
  shaped: (items: IdentityPool[L]) => unknown = (items) => items,
): unknown => (pool[name].length > 0 || pool.emptyLists.includes(name) ? shaped(pool[name]) : undefined);

/** Operations on pools and their settings. */
export const poolOperations: Operation[] = [
  operation('CreateIdentityPool', structure(poolMembers), async (ctx, input) =>
    toIdentityPool(await createIdentityPool(ctx, { ...withPairs(input), createDefaultRoles: false })),
  ),
  operation(
    'UpdateIdentityPool',
    structure({ identityPoolId: regionalId, ...poolMembers }),
    async (ctx, input) => toIdentityPool(await updateIdentityPool(ctx, withPairs(input))),
  ),
  operation('DescribeIdentityPool', structure({ identityPoolId: regionalId }), async (ctx, input) =>
    toIdentityPool(await describeIdentityPool(ctx, input)),
  ),
  operation('DeleteIdentityPool', structure({ identityPoolId: regionalId }), async (ctx, input) => {
    await deleteIdentityPool(ctx, input);
  }),
  operation(
    'ListIdentityPools',
    structure({ maxResults, nextToken: nextToken.optional() }),
    async (ctx, input) => {
      const page = await listIdentityPools(ctx, toPageRequest(input));
      return {
        IdentityPools: page.nodes.map(({ id, name }) => ({ IdentityPoolId: id, IdentityPoolName: name })),
        NextToken: nextTokenOf(page),
      };
    },
  ),
];
