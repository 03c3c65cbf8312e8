import { z } from 'zod';
import { recordAudit } from '../audit/record-audit';
import { inTransaction, type Context } from '../context';
import { identityForbidden } from '../errors';
import { verifyLogins } from '../logins/verify-logins';
import { LIMITS } from '../protocol/limits';
import { limitCaller, limitPool } from '../rate-limits/rate-limits';
import { parse, regionalId, text } from '../validate';
import { recordCounts } from './count-identities';
import { requireOwnLogin, type IdentityState } from './decide-logins';
import { isLinkedUser, loginList, requirePool, scopeOf } from './login-call';
import { describe, type IdentityDescription } from './identity.service';
import { Identity } from './identity.entity';
import { findIdentity, identityGone, lockIdentities, loginsOf, stateOf } from './identity-state';
import { lockLogins, unlinkRows, withOwners } from './login-rows';
import { settleUnproven } from './unproven-logins';

const unlinkInput = z.object({
  identityId: regionalId,
  logins: loginList,
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
  await limitCaller(ctx, 'unlinkIdentity');
  const { identityPoolId } = await findIdentity(ctx, given.identityId);
  const pool = await requirePool(ctx, identityPoolId);
  await limitPool(ctx, pool.id, 'unlinkIdentity');
  const verified = await verifyLogins(ctx, pool, given.logins);
  return inTransaction(ctx, async (tx) => {
    const state = await lockedState(tx, given.identityId, pool.developerProviderName);
    const isProven = verified.some(({ developer }) => developer && isLinkedUser(pool, developer, state));
    if (!isProven) requireOwnLogin(state, await withOwners(tx, scopeOf(pool), verified));
    const remove = state.logins.filter((login) => given.loginsToRemove.includes(login.provider));
    const forget = state.unproven.filter((login) => given.loginsToRemove.includes(login.provider));
    const providers = [...remove, ...forget].map((login) => login.provider);
    await recordAudit(tx, {
      action: 'cognito-identity:UnlinkIdentity',
      resource: '*',
      identityPoolId,
      identityId: state.id,
      details: { providers },
    });
    await settleUnproven(tx, state.id, providers);
    return unlinkFrom(
      tx,
      { ...state, unproven: state.unproven.filter((login) => !forget.includes(login)) },
      remove.map((login) => login.key),
      state,
    );
  });
};

/** The identity under lock, its logins first. @throws NOT_AUTHORIZED when it is disabled. */
export const lockedState = async (
  tx: Context,
  identityId: string,
  developerProvider: string | null,
): Promise<IdentityState> => {
  const linked = await loginsOf(tx, identityId);
  await lockLogins(
    tx,
    linked.map((login) => login.loginKey),
  );
  const [identity] = await lockIdentities(tx, [identityId]);
  if (!identity) throw await identityGone(tx, identityId);
  const state = await stateOf(tx, identity, developerProvider);
  if (state.isDisabled) throw identityForbidden(identityId);
  return state;
};

/** Takes logins off a locked identity and answers with what is left of it; `before` is how it was counted so far. */
export const unlinkFrom = async (
  tx: Context,
  state: IdentityState,
  keys: string[],
  before = state,
): Promise<IdentityDescription> => {
  await unlinkRows(tx, state.id, keys);
  await tx.db.update(Identity, { id: state.id }, { lastModifiedAt: tx.now() });
  const identity = await findIdentity(tx, state.id);
  const left = state.logins.filter((login) => !keys.includes(login.key));
  await recordCounts(tx, identity.identityPoolId, [before], [{ ...state, logins: left }]);
  return describe(tx, identity);
};
