import { In } from 'typeorm';
import { z } from 'zod';
import type { Context } from '../context';
import { invalidParameter } from '../errors';
import { OpenIdConnectProvider } from '../logins/open-id-connect-provider.entity';
import { SamlProvider } from '../logins/saml-provider.entity';
import { problemOfSocialApp } from '../logins/social-providers';
import { isUserPoolName } from '../logins/user-pool';
import { loginKeysOf } from '../logins/verify-logins';
import { LIMITS } from '../protocol/limits';
import { isEachOnce, text } from '../validate';
import type { IdentityPool, ProviderList } from './identity-pool.entity';

const providerArns = z
  .array(text(20, 2048))
  .max(100)
  .refine(isEachOnce, 'must not have the same ARN twice')
  .nullish();

const socialApp = z
  .object({
    provider: text(1, LIMITS.providerNameLength),
    appId: text(1, 128).regex(/^[\w.;/-]+$/),
  })
  .superRefine(({ provider, appId }, problems) => {
    const message = problemOfSocialApp(provider, appId);
    if (message !== undefined) problems.addIssue({ code: 'custom', path: ['provider'], message });
  });

const userPoolClient = z.object({
  providerName: text(1, 128).refine(
    isUserPoolName,
    'must be the name of a user pool: cognito-idp.REGION.amazonaws.com/USERPOOLID',
  ),
  clientId: text(1, 128).regex(/^\w+$/),
  serverSideTokenCheck: z
    .boolean()
    .nullish()
    .transform((check) => check ?? false),
});

/** The members of an identity pool that say whose logins it takes, with Cognito's limits. */
export const loginProviderMembers = {
  openIdConnectProviderARNs: providerArns,
  samlProviderARNs: providerArns,
  supportedLoginProviders: z
    .array(socialApp)
    .max(LIMITS.loginsPerRequest)
    .refine((apps) => isEachOnce(apps.map(({ provider }) => provider)), 'must not have a provider twice')
    .nullish(),
  cognitoIdentityProviders: z
    .array(userPoolClient)
    .max(50)
    .refine(
      (clients) => isEachOnce(clients.map(({ providerName, clientId }) => `${providerName}:${clientId}`)),
      'must not have the same client of a user pool twice',
    )
    .nullish(),
  developerProviderName: text(1, 128)
    .regex(/^[\w._-]+$/)
    .nullish(),
};

type GivenProviders = z.infer<z.ZodObject<typeof loginProviderMembers>>;

/** The settings of a pool that these members come to; the developer provider's name has a rule of its own. */
export const loginProvidersOf = (given: GivenProviders): Pick<IdentityPool, ProviderList | 'emptyLists'> => {
  const lists = {
    openIdConnectProviderArns: given.openIdConnectProviderARNs,
    samlProviderArns: given.samlProviderARNs,
    supportedLoginProviders: given.supportedLoginProviders,
    cognitoIdentityProviders: given.cognitoIdentityProviders,
  };
  return {
    openIdConnectProviderArns: lists.openIdConnectProviderArns ?? [],
    samlProviderArns: lists.samlProviderArns ?? [],
    supportedLoginProviders: lists.supportedLoginProviders ?? [],
    cognitoIdentityProviders: lists.cognitoIdentityProviders ?? [],
    emptyLists: (Object.keys(lists) as ProviderList[]).filter((name) => lists[name]?.length === 0),
  };
};

/**
 * The developer provider's name after a change to `wanted`: left as it is when that is not given, and set once.
 * @throws INVALID_PARAMETER when it would be changed or removed: identities are found by it.
 */
export const developerProviderNameAfter = (
  current: string | null,
  wanted: string | null | undefined,
): string | null => {
  if (wanted === undefined || wanted === current) return current;
  if (current === null) return wanted;
  throw invalidParameter('developerProviderName cannot be changed or removed once it is set', {
    field: 'developerProviderName',
  });
};

/**
 * What must hold of the providers of a pool, new or changed. Call it in the transaction that writes the pool: the
 * registered providers that it names stay until that ends.
 * @throws INVALID_PARAMETER: nobody could get an identity, two providers have the same key of logins, a provider is not
 *   registered, or user pools cannot be asked here.
 */
export const requireUsableProviders = async (tx: Context, pool: IdentityPool): Promise<void> => {
  requireAWayIn(pool);
  await requireKnownProviders(tx, pool);
};

/**
 * The same, but for a pool that nobody can get an identity of: AWS has such pools, and one that is imported may wait for
 * its providers.
 * @throws INVALID_PARAMETER
 */
export const requireKnownProviders = async (tx: Context, pool: IdentityPool): Promise<void> => {
  requireDistinctKeys(pool);
  requireTokenChecks(tx, pool);
  await requireRegistered(tx, pool);
};

/** AWS would make a pool that nobody can use. */
const requireAWayIn = (pool: IdentityPool): void => {
  if (pool.allowUnauthenticatedIdentities || loginKeysOf(pool).length > 0) return;
  throw invalidParameter(
    'An identity pool needs a way to get an identity: set allowUnauthenticatedIdentities to true, or name a provider, such as one in openIdConnectProviderARNs.',
    { field: 'allowUnauthenticatedIdentities' },
  );
};

const requireDistinctKeys = (pool: IdentityPool): void => {
  const keys = [
    ...loginKeysOf(pool),
    ...(pool.developerProviderName === null ? [] : [pool.developerProviderName]),
  ];
  const again = keys.find((key, index) => keys.indexOf(key) < index);
  if (again === undefined) return;
  throw invalidParameter(`Two providers of the identity pool have the same key of logins: ${again}`, {
    field: again === pool.developerProviderName ? 'developerProviderName' : 'supportedLoginProviders',
  });
};

/** Never ignored: who sets it relies on it. */
const requireTokenChecks = (
  { config }: Context,
  { cognitoIdentityProviders: clients }: IdentityPool,
): void => {
  const checked = clients.findIndex(({ serverSideTokenCheck }) => serverSideTokenCheck);
  if (checked < 0 || config.loginProviders.userPoolCheck !== undefined) return;
  throw invalidParameter(
    'serverSideTokenCheck needs an endpoint that knows the user pool’s users: set ROCKPOOL_USER_POOL_CHECK_URL, or leave it false',
    { field: `cognitoIdentityProviders[${checked}].serverSideTokenCheck` },
  );
};

const requireRegistered = async (tx: Context, pool: IdentityPool): Promise<void> => {
  const lock = { mode: 'pessimistic_read' } as const;
  const { openIdConnectProviderArns: oidc, samlProviderArns: saml } = pool;
  const issuers =
    oidc.length === 0 ? [] : await tx.db.find(OpenIdConnectProvider, { where: { arn: In(oidc) }, lock });
  requireEach(oidc, issuers, 'openIdConnectProviderARNs', ['OpenID Connect', 'createOpenIDConnectProvider']);
  const providers =
    saml.length === 0 ? [] : await tx.db.find(SamlProvider, { where: { arn: In(saml) }, lock });
  requireEach(saml, providers, 'samlProviderARNs', ['SAML', 'createSAMLProvider']);
};

const requireEach = (
  arns: string[],
  known: { arn: string }[],
  field: string,
  [kind, mutation]: [kind: string, mutation: string],
): void => {
  const missing = arns.findIndex((arn) => !known.some((provider) => provider.arn === arn));
  if (missing < 0) return;
  throw invalidParameter(
    `No ${kind} provider has the ARN ${arns[missing]}. Register it first with ${mutation}.`,
    { field: `${field}[${missing}]` },
  );
};
