import { createHash } from 'node:crypto';
import { In } from 'typeorm';
import { inTransaction, type Context } from '../context';
import { violatedConstraint } from '../db/constraints';
import { newRegionalId } from '../ids';
import { poolNotFound } from '../identity-pools/identity-pool.service';
import type { VerifiedLogin } from '../logins/verify-logins';
import { identityNotFound } from '../sync/dataset-owner';
import { decideForIdentity, decideGetId, type IdentityState, type OwnedLogin } from './decide-logins';
import { Identity } from './identity.entity';
import { IdentityLogin } from './identity-login.entity';
import { Login } from './login.entity';

/** Another transaction linked one of the logins in the meantime; the whole is run again, as after 40001. */
class LoginRaceLost extends Error {
  readonly code = '40001';
}

/** The primary key of a login: SHA-256 of pool, provider and subject, which cannot contain NUL. */
export const loginKey = (identityPoolId: string, provider: string, subject: string): string =>
  createHash('sha256').update(`${identityPoolId}\0${provider}\0${subject}`).digest('hex');

/** A new identity of a pool, without logins. @throws RESOURCE_NOT_FOUND */
export const createIdentity = async (ctx: Context, identityPoolId: string): Promise<Identity> => {
  const identity = newIdentity(ctx, identityPoolId, false);
  await insertIdentity(ctx, identity);
  return identity;
};

/** @throws RESOURCE_NOT_FOUND when the pool was deleted and this node has not heard of it yet. */
const insertIdentity = async (ctx: Context, identity: Identity): Promise<void> => {
  await ctx.db.insert(Identity, identity).catch((error: unknown) => {
    throw violatedConstraint(error) === 'identities__of_a_pool'
      ? poolNotFound(identity.identityPoolId)
      : error;
  });
};

const newIdentity = (ctx: Context, identityPoolId: string, isAuthenticated: boolean): Identity => ({
  id: newRegionalId(ctx.config.region),
  identityPoolId,
  isAuthenticated,
  disabledAt: null,
  createdAt: ctx.now(),
  lastModifiedAt: ctx.now(),
});

/** GetId with logins: the identity they belong to, made or completed where needed. */
export const identityOfLogins = async (
  ctx: Context,
  identityPoolId: string,
  verified: VerifiedLogin[],
): Promise<string> => {
  const { identityId, link } = decideGetId(await withOwners(ctx, identityPoolId, verified));
  if (identityId !== null && link.length === 0) return identityId;
  return inTransaction(ctx, async (tx) => {
    const decision = decideGetId(await withLockedOwners(tx, identityPoolId, verified));
    if (decision.identityId !== null) return linkToKnown(tx, decision.identityId, verified);
    const identity = newIdentity(tx, identityPoolId, true);
    await claimLogins(tx, identity, decision.link);
    await insertIdentity(tx, identity);
    await rememberLogins(tx, identity.id, decision.link);
    return identity.id;
  });
};

const linkToKnown = async (tx: Context, identityId: string, verified: VerifiedLogin[]): Promise<string> => {
  const identity = await lockIdentity(tx, identityId);
  await applyLogins(tx, identity, await withOwners(tx, identity.identityPoolId, verified));
  return identityId;
};

/**
 * A call that names an identity and presents logins: links the new ones to it.
 * @throws what `decideForIdentity` throws, RESOURCE_NOT_FOUND.
 */
export const linkLoginsToIdentity = async (
  ctx: Context,
  identity: Identity,
  verified: VerifiedLogin[],
): Promise<void> => {
  const known = await withOwners(ctx, identity.identityPoolId, verified);
  const { link } = decideForIdentity(await stateOf(ctx, identity), known);
  if (link.length === 0) return;
  await inTransaction(ctx, async (tx) => {
    const logins = await withLockedOwners(tx, identity.identityPoolId, verified);
    await applyLogins(tx, await lockIdentity(tx, identity.id), logins);
  });
};

const applyLogins = async (tx: Context, identity: Identity, logins: OwnedLogin[]): Promise<void> => {
  const { link } = decideForIdentity(await stateOf(tx, identity), logins);
  if (link.length === 0) return;
  await claimLogins(tx, identity, link);
  await rememberLogins(tx, identity.id, link);
  await tx.db.update(Identity, { id: identity.id }, { isAuthenticated: true, lastModifiedAt: tx.now() });
};

/** Everything that the rules ask of an identity. */
export const stateOf = async (ctx: Context, identity: Identity): Promise<IdentityState> => {
  const logins = await loginsOf(ctx, identity.id);
  return {
    id: identity.id,
    isAuthenticated: identity.isAuthenticated,
    isDisabled: identity.disabledAt !== null,
    logins: logins.map(({ loginKey: key, provider }) => ({ key, provider })),
  };
};

/** The logins of an identity in the order they were linked. */
export const loginsOf = (ctx: Context, identityId: string): Promise<IdentityLogin[]> =>
  ctx.db.find(IdentityLogin, { where: { identityId }, order: { createdAt: 'ASC', provider: 'ASC' } });

const keyed = (identityPoolId: string, verified: VerifiedLogin[]): OwnedLogin[] =>
  verified
    .map(({ provider, subject }) => ({
      key: loginKey(identityPoolId, provider, subject),
      provider,
      subject,
      ownerId: null,
    }))
    .sort((a, b) => (a.key < b.key ? -1 : 1));

const ownedBy = (logins: OwnedLogin[], rows: Login[]): OwnedLogin[] =>
  logins.map((login) => ({
    ...login,
    ownerId: rows.find((row) => row.key === login.key)?.identityId ?? null,
  }));

/** The verified logins with the identities that have them, in the order of their keys. */
export const withOwners = async (
  ctx: Context,
  identityPoolId: string,
  verified: VerifiedLogin[],
): Promise<OwnedLogin[]> => {
  const logins = keyed(identityPoolId, verified);
  if (logins.length === 0) return [];
  return ownedBy(logins, await ctx.db.findBy(Login, { key: In(logins.map((login) => login.key)) }));
};

/** The same under lock. Logins are locked before identities and in the order of their keys, so that no two calls deadlock. */
const withLockedOwners = async (
  tx: Context,
  identityPoolId: string,
  verified: VerifiedLogin[],
): Promise<OwnedLogin[]> => {
  const logins = keyed(identityPoolId, verified);
  return ownedBy(
    logins,
    await lockLogins(
      tx,
      logins.map((login) => login.key),
    ),
  );
};

/** Locks rows of `logins` in the order of their keys. */
export const lockLogins = (tx: Context, keys: string[]): Promise<Login[]> =>
  tx.db.find(Login, { where: { key: In(keys) }, order: { key: 'ASC' }, lock: { mode: 'pessimistic_write' } });

/** The identity, locked until the transaction ends. @throws RESOURCE_NOT_FOUND */
export const lockIdentity = async (tx: Context, identityId: string): Promise<Identity> => {
  const identity = await tx.db.findOne(Identity, {
    where: { id: identityId },
    lock: { mode: 'pessimistic_write' },
  });
  if (!identity) throw identityNotFound(identityId);
  return identity;
};

const claimLogins = async (tx: Context, identity: Identity, link: OwnedLogin[]): Promise<void> => {
  const rows = link.map(({ key, provider, subject }) => ({
    key,
    provider,
    subject,
    identityPoolId: identity.identityPoolId,
    identityId: identity.id,
    createdAt: tx.now(),
  }));
  const inserted = await tx.db
    .createQueryBuilder()
    .insert()
    .into(Login)
    .values(rows)
    .orIgnore()
    .returning('login_key')
    .execute();
  if ((inserted.raw as unknown[]).length < rows.length) throw new LoginRaceLost();
};

const rememberLogins = async (tx: Context, identityId: string, link: OwnedLogin[]): Promise<void> => {
  await tx.db.insert(
    IdentityLogin,
    link.map(({ key, provider, subject }) => ({
      identityId,
      provider,
      loginKey: key,
      subject,
      createdAt: tx.now(),
    })),
  );
};
