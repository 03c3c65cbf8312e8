import { authorize } from '../authorize';
import type { Context } from '../context';
import { invalidParameter, notAuthorized, resourceNotFound } from '../errors';
import { datasetArn } from '../ids';
import type { OwnerInput } from './sync.input';

/** The identity that data belongs to. */
export interface DatasetOwner {
  identityPoolId: string;
  identityId: string;
}

/** One dataset, whether it exists or not. */
export interface DatasetAddress extends DatasetOwner {
  datasetName: string;
}

/**
 * Whose data the call is about, for a caller that may do `action` on it (S19). Nothing is read for an identity; for an
 * administrator who names no pool, the identity's pool is.
 * @throws NOT_AUTHORIZED, ACCESS_DENIED, INVALID_PARAMETER, RESOURCE_NOT_FOUND
 */
export const authorizedOwner = async (
  ctx: Context,
  action: string,
  given: OwnerInput,
  datasetName: string | null,
): Promise<DatasetOwner> => {
  const owner = await ownerOf(ctx, given);
  // A policy for one pool does not match the star, and nobody learns which identities there are.
  const known = { ...owner, identityPoolId: owner.identityPoolId ?? '*' };
  authorize(ctx, action, { arn: datasetArn(ctx.config, known, datasetName), owner: known });
  if (owner.identityPoolId === undefined) throw identityNotFound(owner.identityId);
  return known;
};

interface NamedOwner {
  identityId: string;
  identityPoolId: string | undefined;
}

const ownerOf = async (ctx: Context, { identityPoolId, identityId }: OwnerInput): Promise<NamedOwner> => {
  const { actor } = ctx;
  if (actor.kind !== 'administrator') {
    const own = actor.kind === 'identity' ? actor : { identityPoolId: '', identityId: '' };
    return {
      identityPoolId: identityPoolId ?? own.identityPoolId,
      identityId: identityId ?? own.identityId,
    };
  }
  if (!identityId)
    throw invalidParameter('identityId is required: an administrator has no identity of its own', {
      field: 'identityId',
    });
  return { identityId, identityPoolId: identityPoolId ?? (await poolOf(ctx, identityId)) };
};

const poolOf = async (ctx: Context, identityId: string): Promise<string | undefined> => {
  const rows: { identity_pool_id: string }[] = await ctx.db.query(
    'SELECT identity_pool_id FROM identities WHERE identity_id = $1',
    [identityId],
  );
  return rows[0]?.identity_pool_id;
};

/** Who goes into `lastModifiedBy` (S16). */
export const modifierOf = (
  { actor, config }: Context,
  owner: DatasetOwner,
  deviceId?: string | null,
): string => (actor.kind === 'administrator' ? config.accountId : (deviceId ?? owner.identityId));

/** No such identity in that pool (S19). */
export const identityNotFound = (identityId: string): Error =>
  resourceNotFound(`Identity '${identityId}' not found.`, { field: 'identityId' });

/** The identity was merged into another one (S19). */
export const identityDisabled = (identityId: string): Error =>
  notAuthorized(`Access to Identity '${identityId}' is forbidden.`, { field: 'identityId' });

/** No such dataset, or no more (S22). */
export const datasetNotFound = (datasetName: string): Error =>
  resourceNotFound(`Dataset '${datasetName}' not found.`, { field: 'datasetName' });
