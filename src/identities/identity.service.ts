import { IsNull, MoreThan } from 'typeorm';
import { z } from 'zod';
import { authorize } from '../authorize';
import { inTransaction, type Context } from '../context';
import { notAuthorized } from '../errors';
import { identityPoolArn } from '../ids';
import { authorizedPool, findPool, poolNotFound } from '../identity-pools/identity-pool.service';
import type { IdentityPool } from '../identity-pools/identity-pool.entity';
import { verifyLogins, type VerifiedLogin } from '../logins/verify-logins';
import { decodeCursor, pageRequest, toPage, type Page } from '../page';
import { LIMITS } from '../protocol/limits';
import { identityNotFound } from '../sync/dataset-owner';
import { parse, regionalId, text } from '../validate';
import { requireOwnLogin } from './decide-logins';
import { Identity } from './identity.entity';
import { IdentityLogin } from './identity-login.entity';
import {
  createIdentity,
  identityOfLogins,
  linkLoginsToIdentity,
  lockIdentity,
  lockLogins,
  loginsOf,
  stateOf,
  withOwners,
} from './link-logins';
import { Login } from './login.entity';

/** Logins as they come in: their own limits are checked where they are verified. */
const logins = z
  .array(z.object({ provider: z.string(), token: z.string() }))
  .nullish()
  .transform((list) => list ?? []);

const getIdInput = z.object({
  identityPoolId: regionalId,
  accountId: text(1, 15).regex(/^\d+$/).nullish(),
  logins,
});

const identityInput = z.object({ identityId: regionalId });
const withLogins = z.object({ identityId: regionalId, logins });

/** What a provider says of a user: its name and its token. */
export interface LoginInput {
  provider: string;
  token: string;
}

export type GetIdInput = z.input<typeof getIdInput>;

/**
 * GetId, for anybody: the identity of the logins, made when they are new; without logins a new guest each time.
 * `accountId` is accepted for the sake of old clients and ignored.
 * @throws NOT_AUTHORIZED when guests are not allowed or a login does not hold, RESOURCE_NOT_FOUND, RESOURCE_CONFLICT.
 */
export const getId = async (ctx: Context, input: GetIdInput): Promise<IdentityDescription> => {
  const given = parse(getIdInput, input);
  const pool = await requirePool(ctx, given.identityPoolId);
  if (given.logins.length > 0) {
    const verified = await verifyLogins(ctx, pool, given.logins);
    return describe(ctx, await findIdentity(ctx, await identityOfLogins(ctx, pool.id, verified)));
  }
  requireGuestAccess(pool);
  return { identity: await createIdentity(ctx, pool.id), logins: [] };
};

const requirePool = async (ctx: Context, identityPoolId: string): Promise<IdentityPool> => {
  const pool = await findPool(ctx, identityPoolId);
  if (!pool) throw poolNotFound(identityPoolId);
  return pool;
};

const requireGuestAccess = (pool: IdentityPool): void => {
  if (!pool.allowUnauthenticatedIdentities)
    throw notAuthorized('Unauthenticated access is not supported for this identity pool.');
};

/** An identity with its pool and the logins that a caller proved. */
export interface ProvenIdentity {
  identity: Identity;
  pool: IdentityPool;
  /** In the order of the request; empty for a guest. */
  logins: VerifiedLogin[];
}

/**
 * What GetOpenIdToken and GetCredentialsForIdentity begin with: checks the logins, links new ones, and answers with
 * the identity to go on as. A guest that presents its first login keeps its id and is authenticated for good.
 * `requirePool` may refuse the pool before anything is linked.
 * @throws RESOURCE_NOT_FOUND, NOT_AUTHORIZED, RESOURCE_CONFLICT, LIMIT_EXCEEDED, EXTERNAL_SERVICE.
 */
export const proveIdentity = async (
  ctx: Context,
  input: z.input<typeof withLogins>,
  requirePool: (pool: IdentityPool) => void = () => undefined,
): Promise<ProvenIdentity> => {
  const given = parse(withLogins, input);
  const identity = await findIdentity(ctx, given.identityId);
  const pool = await findPool(ctx, identity.identityPoolId);
  if (!pool) throw identityNotFound(given.identityId);
  requirePool(pool);
  const verified = given.logins.length > 0 ? await verifyLogins(ctx, pool, given.logins) : [];
  await linkLoginsToIdentity(ctx, identity, verified);
  if (verified.length === 0) requireGuestAccess(pool);
  return { identity, pool, logins: verified };
};

const findIdentity = async (ctx: Context, identityId: string): Promise<Identity> => {
  const identity = await ctx.db.findOneBy(Identity, { id: identityId });
  if (!identity) throw identityNotFound(identityId);
  return identity;
};

const unlinkInput = z.object({
  identityId: regionalId,
  logins,
  loginsToRemove: z.array(text(1, LIMITS.providerNameLength)).max(LIMITS.loginsPerIdentity),
});

export type UnlinkIdentityInput = z.input<typeof unlinkInput>;

/**
 * UnlinkIdentity, for anybody who proves one of the identity's logins. Removing the last login leaves an identity that
 * nobody can reach; the login gets a new identity next time.
 * @throws NOT_AUTHORIZED, RESOURCE_NOT_FOUND.
 */
export const unlinkIdentity = async (
  ctx: Context,
  input: UnlinkIdentityInput,
): Promise<IdentityDescription> => {
  const given = parse(unlinkInput, input);
  const identity = await findIdentity(ctx, given.identityId);
  const pool = await requirePool(ctx, identity.identityPoolId);
  const verified = await verifyLogins(ctx, pool, given.logins);
  return inTransaction(ctx, async (tx) => {
    const linked = await loginsOf(tx, identity.id);
    await lockLogins(
      tx,
      linked.map((login) => login.loginKey),
    );
    const state = await stateOf(tx, await lockIdentity(tx, identity.id));
    if (state.isDisabled) throw notAuthorized(`Access to Identity '${identity.id}' is forbidden.`);
    requireOwnLogin(state, await withOwners(tx, pool.id, verified));
    const remove = state.logins.filter((login) => given.loginsToRemove.includes(login.provider));
    await removeLogins(
      tx,
      identity.id,
      remove.map((login) => login.key),
    );
    return describe(tx, await findIdentity(tx, identity.id));
  });
};

const removeLogins = async (tx: Context, identityId: string, keys: string[]): Promise<void> => {
  for (const key of keys) {
    await tx.db.delete(Login, { key, identityId });
    await tx.db.delete(IdentityLogin, { identityId, loginKey: key });
  }
  await tx.db.update(Identity, { id: identityId }, { lastModifiedAt: tx.now() });
};

/** An identity as DescribeIdentity answers it. */
export interface IdentityDescription {
  identity: Identity;
  /** Provider names in the order they were linked. */
  logins: string[];
}

/**
 * One identity: its own for an identity, any for an administrator.
 * @throws NOT_AUTHORIZED for another's, whether it exists or not; RESOURCE_NOT_FOUND.
 */
export const describeIdentity = async (
  ctx: Context,
  input: z.input<typeof identityInput>,
): Promise<IdentityDescription> => {
  const { identityId } = parse(identityInput, input);
  const identity = await authorizedIdentity(ctx, 'cognito-identity:DescribeIdentity', identityId);
  return describe(ctx, identity);
};

const describe = async (ctx: Context, identity: Identity): Promise<IdentityDescription> => ({
  identity,
  logins: (await loginsOf(ctx, identity.id)).map((login) => login.provider),
});

/**
 * The caller's own identity; null for administrators and anonymous callers.
 * @throws NOT_AUTHORIZED for credentials that do not hold: a caller whose token expired must not take itself for nobody.
 */
export const viewer = async (ctx: Context): Promise<IdentityDescription | null> => {
  if (ctx.actor.kind === 'anonymous' && ctx.actor.problem) throw ctx.actor.problem;
  return ctx.actor.kind === 'identity' ? describeIdentity(ctx, { identityId: ctx.actor.identityId }) : null;
};

/** The identity, for a caller that may do `action` on it. @throws NOT_AUTHORIZED, ACCESS_DENIED, RESOURCE_NOT_FOUND */
const authorizedIdentity = async (ctx: Context, action: string, identityId: string): Promise<Identity> => {
  if (ctx.actor.kind !== 'administrator') authorizeOn(ctx, action, identityId, ctxPoolId(ctx));
  const identity = await ctx.db.findOneBy(Identity, { id: identityId });
  const pool = identity ? await findPool(ctx, identity.identityPoolId) : null;
  if (ctx.actor.kind === 'administrator')
    authorizeOn(ctx, action, identityId, identity?.identityPoolId ?? '');
  if (!identity || !pool) throw identityNotFound(identityId);
  return identity;
};

const ctxPoolId = (ctx: Context): string => (ctx.actor.kind === 'identity' ? ctx.actor.identityPoolId : '');

/** These actions have no resource in IAM; the pool is a condition key. */
const authorizeOn = (ctx: Context, action: string, identityId: string, identityPoolId: string): void =>
  authorize(ctx, action, {
    arn: '*',
    owner: { identityId, identityPoolId },
    conditionKeys: { 'cognito-identity:IdentityPoolArn': identityPoolArn(ctx.config, identityPoolId) },
  });

const listInput = pageRequest.extend({ identityPoolId: regionalId, hideDisabled: z.boolean().nullish() });

export type ListIdentitiesInput = z.input<typeof listInput>;

/** The identities of a pool by id, with their logins. @throws RESOURCE_NOT_FOUND */
export const listIdentities = async (
  ctx: Context,
  input: ListIdentitiesInput,
): Promise<Page<IdentityDescription>> => {
  const { identityPoolId, first, after, hideDisabled } = parse(listInput, input);
  await authorizedPool(ctx, 'cognito-identity:ListIdentities', identityPoolId);
  const rows = await ctx.db.find(Identity, {
    where: {
      identityPoolId,
      id: MoreThan(decodeCursor(after)),
      ...(hideDisabled ? { disabledAt: IsNull() } : {}),
    },
    order: { id: 'ASC' },
    take: first + 1,
  });
  return toPage(await withProviders(ctx, rows), first, ({ identity }) => identity.id);
};

const withProviders = async (ctx: Context, identities: Identity[]): Promise<IdentityDescription[]> => {
  const rows = (await ctx.db.query(
    `SELECT identity_id, provider FROM identity_logins WHERE identity_id = ANY($1) ORDER BY created_at, provider`,
    [identities.map((identity) => identity.id)],
  )) as { identity_id: string; provider: string }[];
  return identities.map((identity) => ({
    identity,
    logins: rows.filter((row) => row.identity_id === identity.id).map((row) => row.provider),
  }));
};
