import { createHash } from 'node:crypto';
import { z } from 'zod';
import { authorize } from '../authorize';
import { inTransaction, type Context } from '../context';
import { changed } from '../db/reference-cache';
import { resourceConflict } from '../errors';
import { identityPoolArn } from '../ids';
import { withOpenSecrets, withSealedSecrets } from '../identity-pools/app-secrets';
import { IdentityPool } from '../identity-pools/identity-pool.entity';
import { createIdentityPoolInput } from '../identity-pools/identity-pool.input';
import { newPool, recordPoolChange, savePool } from '../identity-pools/identity-pool.service';
import { developerProviderNameAfter, requireKnownProviders } from '../identity-pools/login-providers';
import { isActive, principalTagMaps, toPrincipalTagMap } from '../identity-pools/principal-tags.service';
import { toRoleMapping } from '../identity-pools/role-mapping.input';
import { authorizePassing, poolRoleMembers } from '../identity-pools/roles.service';
import { parse, regionalId } from '../validate';
import { ImportedIdentityPool } from './imported-identity-pool.entity';
import { orRunAgain } from './run-again';

const input = createIdentityPoolInput.omit({ createDefaultRoles: true }).extend({
  identityPoolId: regionalId,
  ...poolRoleMembers,
  principalTagAttributeMaps: principalTagMaps.nullish(),
  overwrite: z.boolean().nullish(),
});

export type ImportIdentityPoolInput = z.input<typeof input>;
type Given = z.infer<typeof input>;

/** What an import did to a pool. KEPT: it was changed here since, and stays as it is. */
export type ImportedPoolStatus = 'CREATED' | 'UPDATED' | 'UNCHANGED' | 'KEPT';

/** A pool after its import. */
export interface ImportedPool {
  status: ImportedPoolStatus;
  identityPool: IdentityPool;
}

const ACTION = 'cognito-identity:ImportIdentityPool';

/**
 * Makes a pool with the id that it has elsewhere, with its settings, tags, roles, role mappings and principal tags, or
 * brings it to what these are now. A pool whose settings were changed here since its import, or that was not imported,
 * is left alone unless `overwrite` is true. Needs iam:PassRole on each role.
 * @throws INVALID_PARAMETER as createIdentityPool, setIdentityPoolRoles and setPrincipalTagAttributeMap have it, but for
 *   a pool that nobody can get an identity of; RESOURCE_CONFLICT while a pool with this id is being deleted.
 */
export const importIdentityPool = async (
  ctx: Context,
  request: ImportIdentityPoolInput,
): Promise<ImportedPool> => {
  const given = parse(input, request);
  authorize(ctx, ACTION, { arn: identityPoolArn(ctx.config, given.identityPoolId) });
  const wanted = wantedPool(ctx, given);
  authorizePassing(ctx, given.roles, wanted.roleMappings);
  return inTransaction(ctx, async (tx) => {
    await requireKnownProviders(tx, wanted);
    const known = await lockAny(tx, wanted.id);
    const outcome = known
      ? await bringUpToDate(tx, { known, wanted, overwrite: given.overwrite ?? false })
      : await makePool(tx, wanted);
    if (outcome.status !== 'KEPT') await remember(tx, outcome.identityPool);
    return outcome;
  });
};

const wantedPool = (ctx: Context, given: Given): IdentityPool => ({
  ...newPool(ctx, { ...given, createDefaultRoles: false }),
  id: given.identityPoolId,
  authenticatedRoleArn: given.roles.authenticated ?? null,
  unauthenticatedRoleArn: given.roles.unauthenticated ?? null,
  roleMappings: (given.roleMappings ?? []).map(toRoleMapping),
  principalTagAttributeMaps: (given.principalTagAttributeMaps ?? []).map(toPrincipalTagMap).filter(isActive),
});

const lockAny = async (tx: Context, id: string): Promise<IdentityPool | undefined> => {
  const pool = await tx.db.findOne(IdentityPool, { where: { id }, lock: { mode: 'pessimistic_write' } });
  if (pool?.deletedAt)
    throw resourceConflict(`IdentityPool '${id}' is being deleted here: import it again when it is gone.`, {
      field: 'identityPoolId',
    });
  return pool ? withOpenSecrets(tx, pool) : undefined;
};

const makePool = async (tx: Context, wanted: IdentityPool): Promise<ImportedPool> => {
  await changed(tx, 'identity-pool', wanted.id);
  await tx.db
    .insert(IdentityPool, withSealedSecrets(tx, wanted))
    .catch(orRunAgain('identity_pools__primary_key'));
  await recordPoolChange(tx, ACTION, wanted, { identityPoolName: wanted.name, status: 'CREATED' });
  return { status: 'CREATED', identityPool: wanted };
};

interface PoolImport {
  known: IdentityPool;
  wanted: IdentityPool;
  overwrite: boolean;
}

const bringUpToDate = async (
  tx: Context,
  { known, wanted, overwrite }: PoolImport,
): Promise<ImportedPool> => {
  const after: IdentityPool = {
    ...wanted,
    developerProviderName: wanted.developerProviderName ?? known.developerProviderName,
    createdAt: known.createdAt,
    lastModifiedAt: known.lastModifiedAt,
  };
  if (hashOf(known) === hashOf(after)) return { status: 'UNCHANGED', identityPool: known };
  if (!overwrite && (await isChangedHere(tx, known))) return { status: 'KEPT', identityPool: known };
  developerProviderNameAfter(known.developerProviderName, after.developerProviderName);
  await savePool(tx, after);
  await recordPoolChange(tx, ACTION, after, { identityPoolName: after.name, status: 'UPDATED' });
  return { status: 'UPDATED', identityPool: after };
};

const isChangedHere = async (tx: Context, pool: IdentityPool): Promise<boolean> => {
  const imported = await tx.db.findOneBy(ImportedIdentityPool, { identityPoolId: pool.id });
  return imported?.settingsHash !== hashOf(pool);
};

const byName = <T>(list: T[], nameOf: (entry: T) => string): T[] =>
  [...list].sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));

/** Lists without an order of their own come from elsewhere in any order. That of role mappings counts only within one. */
const hashOf = (pool: IdentityPool): string => {
  const settings = [
    pool.name,
    pool.allowUnauthenticatedIdentities,
    pool.allowClassicFlow,
    [...pool.openIdConnectProviderArns].sort(),
    [...pool.samlProviderArns].sort(),
    byName(pool.supportedLoginProviders, ({ provider }) => provider).map((app) => [app.provider, app.appId]),
    byName(pool.cognitoIdentityProviders, ({ providerName, clientId }) => `${providerName}:${clientId}`).map(
      (client) => [client.providerName, client.clientId, client.serverSideTokenCheck],
    ),
    pool.developerProviderName,
    byName(pool.roleMappings, ({ identityProvider }) => identityProvider).map((mapping) => [
      mapping.identityProvider,
      mapping.type,
      mapping.ambiguousRoleResolution,
      mapping.rules.map((rule) => [rule.claim, rule.matchType, rule.value, rule.roleArn]),
    ]),
    byName(pool.principalTagAttributeMaps, (map) => map.identityProviderName).map((map) => [
      map.identityProviderName,
      map.useDefaults,
      byName(map.principalTags, ({ key }) => key).map(({ key, value }) => [key, value]),
    ]),
    byName(pool.tags, ({ key }) => key).map(({ key, value }) => [key, value]),
    pool.authenticatedRoleArn,
    pool.unauthenticatedRoleArn,
  ];
  return createHash('sha256').update(JSON.stringify(settings)).digest('hex');
};

const remember = async (tx: Context, pool: IdentityPool): Promise<void> => {
  await tx.db.upsert(
    ImportedIdentityPool,
    { identityPoolId: pool.id, settingsHash: hashOf(pool), importedAt: tx.now() },
    ['identityPoolId'],
  );
};
