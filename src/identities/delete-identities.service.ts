import { In } from 'typeorm';
import { z } from 'zod';
import { recordAudit, recordDenials } from '../audit/record-audit';
import { authorize, isAuthorized } from '../authorize';
import { inTransaction, type Context } from '../context';
import { ServiceError } from '../errors';
import { identityPoolArn } from '../ids';
import { LIMITS } from '../protocol/limits';
import { forgetOwner } from '../sync/forget-owner';
import { parse, regionalId } from '../validate';
import { recordCounts } from './count-identities';
import { rememberDeleted } from './deleted-identities';
import { Identity } from './identity.entity';
import { lockIdentities, loginsOf } from './identity-state';
import { lockLogins } from './login-rows';
import { Login } from './login.entity';
import { unprovenOf } from './unproven-logins';

const deleteInput = z.object({
  identityIdsToDelete: z.array(regionalId).min(1).max(LIMITS.identitiesPerDelete),
});

/** Why an identity was not deleted. */
export type UnprocessedErrorCode = 'ACCESS_DENIED' | 'INTERNAL_SERVER_ERROR';

/** An identity that was not deleted. */
export interface UnprocessedIdentityId {
  identityId: string;
  errorCode: UnprocessedErrorCode;
}

const ACTION = 'cognito-identity:DeleteIdentities';

/**
 * Deletes up to 60 identities with their logins and datasets, each in a transaction of its own. Ids that do not exist
 * count as done. The answer names the ones that were not deleted.
 * @throws NOT_AUTHORIZED for a caller without credentials. What the caller may not delete is answered, not thrown.
 */
export const deleteIdentities = async (
  ctx: Context,
  input: z.input<typeof deleteInput>,
): Promise<UnprocessedIdentityId[]> => {
  const { identityIdsToDelete: ids } = parse(deleteInput, input);
  if (ctx.actor.kind === 'anonymous') authorize(ctx, ACTION, { arn: '*' });
  const rows = await ctx.db.findBy(Identity, { id: In(ids) });
  const unprocessed: UnprocessedIdentityId[] = [];
  for (const id of new Set(ids)) {
    const identity = rows.find((row) => row.id === id);
    const errorCode = await deleteOne(ctx, id, identity);
    if (errorCode) unprocessed.push({ identityId: id, errorCode });
  }
  return unprocessed;
};

const deleteOne = async (
  ctx: Context,
  identityId: string,
  identity: Identity | undefined,
): Promise<UnprocessedErrorCode | undefined> => {
  if (!mayDelete(ctx, identityId, identity)) {
    await recordDenials(ctx, [new ServiceError('ACCESS_DENIED', '', { action: ACTION, resource: '*' })]);
    return 'ACCESS_DENIED';
  }
  if (!identity) return undefined;
  try {
    await inTransaction(ctx, (tx) => eraseIdentity(tx, identity));
    return undefined;
  } catch (error) {
    ctx.log.error({ err: error, identityId }, 'an identity could not be deleted');
    return 'INTERNAL_SERVER_ERROR';
  }
};

/** An identity is answered the same for another's id, whether it exists or not. */
const mayDelete = (ctx: Context, identityId: string, identity: Identity | undefined): boolean => {
  if (ctx.actor.kind === 'identity' && identity?.disabledAt) return false;
  const identityPoolId =
    ctx.actor.kind === 'identity' ? ctx.actor.identityPoolId : (identity?.identityPoolId ?? '');
  return isAuthorized(ctx, ACTION, {
    arn: '*',
    owner: { identityId, identityPoolId },
    conditionKeys: { 'cognito-identity:IdentityPoolArn': identityPoolArn(ctx.config, identityPoolId) },
  });
};

/** Logins go first and under lock, so that a login being linked at the same time does not outlive its identity. */
const eraseIdentity = async (tx: Context, { id: identityId, identityPoolId }: Identity): Promise<void> => {
  const before = await loginsOf(tx, identityId);
  await lockLogins(
    tx,
    before.map((login) => login.loginKey),
  );
  const [identity] = await lockIdentities(tx, [identityId]);
  // Whoever deleted it at the same time has written it down and counted it.
  if (!identity) return;
  const logins = await loginsOf(tx, identityId);
  const unproven = await unprovenOf(tx, identityId);
  const keys = logins.map((login) => login.loginKey);
  if (keys.length > 0) await tx.db.delete(Login, { key: In(keys), identityId });
  await forgetOwner(tx, [identityId]);
  await tx.db.delete(Identity, { id: identityId });
  await rememberDeleted(tx, [identityId]);
  await recordAudit(tx, { action: ACTION, resource: '*', identityPoolId, details: { identityId } });
  const counted = { isDisabled: identity.disabledAt !== null, logins, unproven };
  await recordCounts(tx, identityPoolId, [counted], []);
};
