import { authorize } from '../authorize';
import type { Context } from '../context';
import { notAuthorized } from '../errors';
import { syncIdentityArn } from '../ids';
import type { DatasetOwner } from '../sync/dataset-owner';
import type { OwnerInput } from '../sync/sync.input';

/**
 * Administrators have no devices and speak for nobody's (C2).
 * @throws NOT_AUTHORIZED for an administrator
 */
export const requireIdentity = ({ actor }: Context): void => {
  if (actor.kind === 'administrator')
    throw notAuthorized(
      'Only identities register devices and subscribe them, each its own: use its credentials.',
    );
};

/**
 * The identity that the call is about, for a caller that may do `action` on it. An identity may leave itself out.
 * @throws NOT_AUTHORIZED, ACCESS_DENIED
 */
export const authorizedIdentity = (ctx: Context, action: string, given: OwnerInput): DatasetOwner => {
  const own = ctx.actor.kind === 'identity' ? ctx.actor : { identityPoolId: '', identityId: '' };
  const owner = {
    identityPoolId: given.identityPoolId ?? own.identityPoolId,
    identityId: given.identityId ?? own.identityId,
  };
  authorize(ctx, action, {
    arn: syncIdentityArn(ctx.config, owner.identityPoolId, owner.identityId),
    owner,
  });
  return owner;
};
