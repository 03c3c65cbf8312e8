import { IsNull, MoreThan } from 'typeorm';
import type { z } from 'zod';
import { recordAudit } from '../audit/record-audit';
import { authorize } from '../authorize';
import { inTransaction, type Context } from '../context';
import { cached, changed } from '../db/reference-cache';
import { resourceNotFound } from '../errors';
import { identityPoolArn, newRegionalId, syncPoolArn } from '../ids';
import { decodeCursor, pageRequest, toPage, type Page } from '../page';
import { defaultRole, type RoleSlot } from '../roles/default-roles';
import { insertRole } from '../roles/role.service';
import { parse } from '../validate';
import { withOpenSecrets, withSealedSecrets } from './app-secrets';
import { IdentityPool } from './identity-pool.entity';
import {
  createIdentityPoolInput,
  identityPoolIdInput,
  updateIdentityPoolInput,
  type CreateIdentityPoolInput,
  type UpdateIdentityPoolInput,
} from './identity-pool.input';
import { developerProviderNameAfter, loginProvidersOf, requireUsableProviders } from './login-providers';
import { authorizeTagChange, requestTagKeys, resourceTagKeys } from './tag-keys';

type ParsedCreate = z.infer<typeof createIdentityPoolInput>;
type ParsedUpdate = z.infer<typeof updateIdentityPoolInput>;

/**
 * Makes a pool as the console's wizard does: name, guest access, providers and, unless told otherwise, two default
 * roles with access to one's own data.
 * @throws INVALID_PARAMETER when a member is wrong, a provider is not registered, or nobody could get an identity.
 */
export const createIdentityPool = async (
  ctx: Context,
  input: CreateIdentityPoolInput,
): Promise<IdentityPool> => {
  const given = parse(createIdentityPoolInput, input);
  authorize(ctx, 'cognito-identity:CreateIdentityPool', {
    arn: '*',
    conditionKeys: requestTagKeys(given.identityPoolTags),
  });
  const pool = newPool(ctx, given);
  await inTransaction(ctx, async (tx) => {
    await requireUsableProviders(tx, pool);
    if (given.createDefaultRoles) await createDefaultRoles(tx, pool);
    await changed(tx, 'identity-pool', pool.id);
    await tx.db.insert(IdentityPool, withSealedSecrets(tx, pool));
    await recordPoolChange(tx, 'cognito-identity:CreateIdentityPool', pool, settingsOf(pool));
  });
  return pool;
};

/** A pool that is not stored yet. */
export const newPool = (ctx: Context, given: ParsedCreate): IdentityPool => ({
  id: newRegionalId(ctx.config.region),
  name: given.identityPoolName,
  allowUnauthenticatedIdentities: given.allowUnauthenticatedIdentities,
  allowClassicFlow: given.allowClassicFlow ?? null,
  ...loginProvidersOf(given),
  developerProviderName: given.developerProviderName ?? null,
  roleMappings: [],
  principalTagAttributeMaps: [],
  tags: given.identityPoolTags,
  authenticatedRoleArn: null,
  unauthenticatedRoleArn: null,
  createdAt: ctx.now(),
  lastModifiedAt: ctx.now(),
  deletedAt: null,
});

/** Makes the roles of both slots and puts them into `pool`. Needs iam:CreateRole and iam:PassRole, as the console does. */
const createDefaultRoles = async (tx: Context, pool: IdentityPool): Promise<void> => {
  pool.authenticatedRoleArn = await createDefaultRole(tx, pool, 'authenticated');
  pool.unauthenticatedRoleArn = await createDefaultRole(tx, pool, 'unauthenticated');
};

const createDefaultRole = async (tx: Context, pool: IdentityPool, slot: RoleSlot): Promise<string> => {
  const role = defaultRole(tx.config, pool, slot, tx.now());
  authorize(tx, 'iam:CreateRole', { arn: role.arn });
  authorize(tx, 'iam:PassRole', { arn: role.arn });
  await insertRole(tx, role);
  return role.arn;
};

/**
 * Replaces the settings of a pool, as UpdateIdentityPool does: a member left out is cleared, except the tags and the
 * developer provider's name. Tags that differ from the pool's need TagResource and UntagResource as well.
 * @throws RESOURCE_NOT_FOUND, INVALID_PARAMETER.
 */
export const updateIdentityPool = async (
  ctx: Context,
  input: UpdateIdentityPoolInput,
): Promise<IdentityPool> => {
  const given = parse(updateIdentityPoolInput, input);
  const id = given.identityPoolId;
  await authorizedPool(ctx, 'cognito-identity:UpdateIdentityPool', id);
  return inTransaction(ctx, async (tx) => {
    const pool = await lockPool(tx, id);
    if (given.identityPoolTags) authorizeTagChange(tx, pool, given.identityPoolTags);
    Object.assign(pool, replacedMembers(pool, given));
    await requireUsableProviders(tx, pool);
    await savePool(tx, pool);
    await recordPoolChange(tx, 'cognito-identity:UpdateIdentityPool', pool, settingsOf(pool));
    return pool;
  });
};

const replacedMembers = (pool: IdentityPool, given: ParsedUpdate): Partial<IdentityPool> => ({
  name: given.identityPoolName,
  allowUnauthenticatedIdentities: given.allowUnauthenticatedIdentities,
  allowClassicFlow: given.allowClassicFlow ?? null,
  ...loginProvidersOf(given),
  developerProviderName: developerProviderNameAfter(pool.developerProviderName, given.developerProviderName),
  ...(given.identityPoolTags ? { tags: given.identityPoolTags } : {}),
});

/** The pool, locked until the transaction ends, so that two changes do not undo each other. @throws RESOURCE_NOT_FOUND */
export const lockPool = async (tx: Context, identityPoolId: string): Promise<IdentityPool> => {
  const pool = await tx.db.findOne(IdentityPool, {
    where: { id: identityPoolId, deletedAt: IsNull() },
    lock: { mode: 'pessimistic_write' },
  });
  if (!pool) throw poolNotFound(identityPoolId);
  return withOpenSecrets(tx, pool);
};

/** Writes a changed pool and drops it from the caches of all nodes. */
export const savePool = async (tx: Context, pool: IdentityPool): Promise<void> => {
  pool.lastModifiedAt = tx.now();
  await changed(tx, 'identity-pool', pool.id);
  await tx.db.update(IdentityPool, { id: pool.id }, withSealedSecrets(tx, pool));
};

/** Writes a change of a pool into the audit log. */
export const recordPoolChange = (
  tx: Context,
  action: string,
  pool: IdentityPool,
  details: Record<string, unknown> = {},
): Promise<void> =>
  recordAudit(tx, {
    action,
    resource: identityPoolArn(tx.config, pool.id),
    identityPoolId: pool.id,
    details,
  });

/** Without the ids of apps at providers: those of Twitter hold a secret. */
const settingsOf = (pool: IdentityPool): Record<string, unknown> => ({
  identityPoolName: pool.name,
  allowUnauthenticatedIdentities: pool.allowUnauthenticatedIdentities,
  allowClassicFlow: pool.allowClassicFlow,
  developerProviderName: pool.developerProviderName,
  supportedLoginProviders: pool.supportedLoginProviders.map(({ provider }) => provider),
  cognitoIdentityProviders: pool.cognitoIdentityProviders,
  openIdConnectProviderARNs: pool.openIdConnectProviderArns,
  samlProviderARNs: pool.samlProviderArns,
});

/** One pool with its settings. @throws RESOURCE_NOT_FOUND */
export const describeIdentityPool = async (
  ctx: Context,
  input: { identityPoolId: string },
): Promise<IdentityPool> => {
  const { identityPoolId } = parse(identityPoolIdInput, input);
  return authorizedPool(ctx, 'cognito-identity:DescribeIdentityPool', identityPoolId);
};

/** Pools in the order of their ids. */
export const listIdentityPools = async (
  ctx: Context,
  input: { first?: number | null; after?: string | null },
): Promise<Page<IdentityPool>> => {
  const { first, after } = parse(pageRequest, input);
  authorize(ctx, 'cognito-identity:ListIdentityPools', { arn: '*' });
  const rows = await ctx.db.find(IdentityPool, {
    where: { id: MoreThan(decodeCursor(after)), deletedAt: IsNull() },
    order: { id: 'ASC' },
    take: first + 1,
  });
  const pools = rows.map((row) => withOpenSecrets(ctx, row));
  return toPage(pools, first, (pool) => pool.id);
};

/** The pool with that id, from the cache; null when there is none. Authorizes nothing: for services only. */
export const findPool = (ctx: Context, identityPoolId: string): Promise<IdentityPool | null> =>
  cached(ctx, 'identity-pool', identityPoolId, async (inner) => {
    const pool = await inner.db.findOneBy(IdentityPool, { id: identityPoolId, deletedAt: IsNull() });
    return pool && withOpenSecrets(inner, pool);
  });

/**
 * The pool, for a caller that may do `action` on it; `keys` are condition keys of the call. Actions of Cognito Sync are
 * decided on the ARN that this service has for the pool, as in AWS.
 * @throws ACCESS_DENIED, RESOURCE_NOT_FOUND
 */
export const authorizedPool = async (
  ctx: Context,
  action: string,
  identityPoolId: string,
  keys: Record<string, string | string[]> = {},
): Promise<IdentityPool> => {
  const pool = await findPool(ctx, identityPoolId);
  const arnOf = action.startsWith('cognito-sync:') ? syncPoolArn : identityPoolArn;
  authorize(ctx, action, {
    arn: arnOf(ctx.config, identityPoolId),
    conditionKeys: { ...resourceTagKeys(pool?.tags ?? []), ...keys },
  });
  if (!pool) throw poolNotFound(identityPoolId);
  return pool;
};

/** No such pool, or none any more. */
export const poolNotFound = (identityPoolId: string): Error =>
  resourceNotFound(`IdentityPool '${identityPoolId}' not found.`, { field: 'identityPoolId' });
