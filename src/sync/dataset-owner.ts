import { authorize, isAuthorized, type Resource } from '../authorize';
import type { Context } from '../context';
import { identityDeleted, identityForbidden, invalidParameter, resourceNotFound } from '../errors';
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

/** What `authorize` is asked about a dataset; of ListDatasets, which names none, with null. */
export const datasetResource = (
  { config }: Context,
  { identityPoolId, identityId }: DatasetOwner,
  datasetName: string | null,
): Resource => {
  const owner = { identityPoolId, identityId };
  return { arn: datasetArn(config, owner, datasetName), owner };
};

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
  const { identityId, identityPoolId } = namedOwner(ctx, given);
  const resourceOf = (owner: DatasetOwner): Resource => datasetResource(ctx, owner, datasetName);
  if (identityPoolId === undefined) return ownerInItsPool(ctx, action, identityId, resourceOf);
  const owner = { identityId, identityPoolId };
  authorize(ctx, action, resourceOf(owner));
  return owner;
};

/** What the call names, completed from the credentials of an identity; an administrator may leave the pool open. */
const namedOwner = (
  { actor }: Context,
  { identityPoolId, identityId }: OwnerInput,
): { identityId: string; identityPoolId: string | undefined } => {
  if (actor.kind !== 'administrator') {
    const own = actor.kind === 'identity' ? actor : { identityPoolId: '', identityId: '' };
    return {
      identityPoolId: identityPoolId ?? own.identityPoolId,
      identityId: identityId ?? own.identityId,
    };
  }
  if (identityId) return { identityId, identityPoolId: identityPoolId ?? undefined };
  throw invalidParameter('identityId is required: an administrator has no identity of its own', {
    field: 'identityId',
  });
};

/** A denial names no pool that the caller did not name, so that nobody learns which identities there are and where. */
const ownerInItsPool = async (
  ctx: Context,
  action: string,
  identityId: string,
  resourceOf: (owner: DatasetOwner) => Resource,
): Promise<DatasetOwner> => {
  const identityPoolId = await poolOf(ctx, identityId);
  const owner = identityPoolId === undefined ? undefined : { identityId, identityPoolId };
  if (!owner || !isAuthorized(ctx, action, resourceOf(owner)))
    authorize(ctx, action, resourceOf({ identityId, identityPoolId: '*' }));
  if (!owner) throw identityNotFound(identityId);
  authorize(ctx, action, resourceOf(owner));
  return owner;
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

/** The device that a change is told of as: none for an administrator, who is not the device that it names. */
export const writingDevice = ({ actor }: Context, deviceId?: string | null): string | null =>
  actor.kind === 'administrator' ? null : (deviceId ?? null);

/** The device behind a `lastModifiedBy` (S16). */
export const deviceOf = ({ config }: Context, identityId: string, lastModifiedBy: string): string | null =>
  lastModifiedBy === identityId || lastModifiedBy === config.accountId ? null : lastModifiedBy;

/** The owner is not there (S19). Whoever has credentials of its own is told that it was deleted: it was there. */
export const ownerNotFound = ({ actor }: Context, identityId: string): Error =>
  actor.kind === 'identity' && actor.identityId === identityId
    ? identityDeleted(identityId)
    : identityNotFound(identityId);

/**
 * The owner that a statement found, where something is to be done with its datasets (S19).
 * @throws RESOURCE_NOT_FOUND, IDENTITY_DELETED; NOT_AUTHORIZED for one that was merged into another
 */
export const requireOwner = <T extends { is_disabled: boolean }>(
  ctx: Context,
  identityId: string,
  owner: T | null | undefined,
): T => {
  if (!owner) throw ownerNotFound(ctx, identityId);
  if (owner.is_disabled) throw identityForbidden(identityId);
  return owner;
};

/**
 * The owner that a statement found, for whoever may see it (S19): an administrator is shown one that was merged into
 * another, since a page of identities must not fail for one of them. What it had is its survivor's.
 * @throws RESOURCE_NOT_FOUND, IDENTITY_DELETED, NOT_AUTHORIZED
 */
export const visibleOwner = <T extends { is_disabled: boolean }>(
  ctx: Context,
  identityId: string,
  owner: T | undefined,
): T => (owner && ctx.actor.kind === 'administrator' ? owner : requireOwner(ctx, identityId, owner));

/** No such identity in that pool. */
export const identityNotFound = (identityId: string): Error =>
  resourceNotFound(`Identity '${identityId}' not found.`, { field: 'identityId' });

/** No such dataset, or no more (S22). */
export const datasetNotFound = (datasetName: string, field = 'datasetName'): Error =>
  resourceNotFound(`Dataset '${datasetName}' not found.`, { field });
