import type { z } from 'zod';
import { inTransaction, type Context } from '../context';
import { violatedConstraint } from '../db/constraints';
import { LIMITS } from '../protocol/limits';
import {
  authorizedOwner,
  datasetNotFound,
  requireOwner,
  type DatasetAddress,
  type DatasetOwner,
} from '../sync/dataset-owner';
import { datasetInput } from '../sync/sync.input';
import { parse, text } from '../validate';
import { requirePushSync } from './active-application';
import { requireIdentity } from './device-owner';
import type { DeviceDescription } from './describe-devices';
import { deviceNotFound, requireDevice } from './device.service';

const subscriptionInput = datasetInput.extend({ deviceId: text(1, LIMITS.deviceIdLength) });

export type SubscriptionInput = z.input<typeof subscriptionInput>;

/**
 * Has a device of the caller's told of each change of a dataset that another one made, for
 * cognito-sync:SubscribeToDataset on the dataset. Subscribing again changes nothing. A subscription outlives the
 * deletion of its dataset. Answers the device.
 * @throws NOT_AUTHORIZED also for administrators; INVALID_CONFIGURATION when push sync is off; RESOURCE_NOT_FOUND for a
 *   dataset that does not exist and for an unknown device; INVALID_PARAMETER, IDENTITY_DELETED
 */
export const subscribeToDataset = async (
  ctx: Context,
  input: SubscriptionInput,
): Promise<DeviceDescription> => {
  const given = parse(subscriptionInput, input);
  const owner = await authorizedSubscriber(ctx, 'cognito-sync:SubscribeToDataset', given);
  await requirePushSync(ctx, owner.identityPoolId);
  return inTransaction(ctx, async (tx) => {
    await requireDataset(tx, { ...owner, datasetName: given.datasetName });
    await tx.db
      .query(
        `INSERT INTO dataset_subscriptions (identity_id, dataset_name, device_id, created_at, attempts)
           VALUES ($1, $2, $3, $4, 0) ON CONFLICT DO NOTHING`,
        [owner.identityId, given.datasetName, given.deviceId, tx.now()],
      )
      .catch(orDeviceNotFound(given.deviceId));
    return requireDevice(tx, owner, given.deviceId);
  });
};

/**
 * Ends a subscription, for cognito-sync:UnsubscribeFromDataset on the dataset; one that is not there is ended already.
 * Works while push sync is off too, and for a dataset that was deleted meanwhile. Answers the device.
 * @throws NOT_AUTHORIZED also for administrators; RESOURCE_NOT_FOUND for an unknown device, and for a dataset that
 *   neither exists nor was subscribed to; INVALID_PARAMETER, IDENTITY_DELETED
 */
export const unsubscribeFromDataset = async (
  ctx: Context,
  input: SubscriptionInput,
): Promise<DeviceDescription> => {
  const given = parse(subscriptionInput, input);
  const owner = await authorizedSubscriber(ctx, 'cognito-sync:UnsubscribeFromDataset', given);
  return inTransaction(ctx, async (tx) => {
    const [, ended] = (await tx.db.query(
      'DELETE FROM dataset_subscriptions WHERE identity_id = $1 AND dataset_name = $2 AND device_id = $3',
      [owner.identityId, given.datasetName, given.deviceId],
    )) as [unknown, number];
    if (ended === 0) await requireDataset(tx, { ...owner, datasetName: given.datasetName });
    return requireDevice(tx, owner, given.deviceId);
  });
};

const authorizedSubscriber = (
  ctx: Context,
  action: string,
  given: z.infer<typeof subscriptionInput>,
): Promise<DatasetOwner> => {
  requireIdentity(ctx);
  return authorizedOwner(ctx, action, given, given.datasetName);
};

interface OwnerRow {
  is_disabled: boolean;
  has_dataset: boolean;
}

/** @throws RESOURCE_NOT_FOUND when the identity has no such dataset now (S22); IDENTITY_DELETED, NOT_AUTHORIZED (S19) */
const requireDataset = async (tx: Context, address: DatasetAddress): Promise<void> => {
  const rows: OwnerRow[] = await tx.db.query(
    `SELECT i.disabled_at IS NOT NULL AS is_disabled, EXISTS (
       SELECT 1 FROM datasets d
         WHERE d.identity_id = i.identity_id AND d.dataset_name = $3 AND NOT d.is_deleted) AS has_dataset
     FROM identities i WHERE i.identity_pool_id = $1 AND i.identity_id = $2`,
    [address.identityPoolId, address.identityId, address.datasetName],
  );
  if (!requireOwner(tx, address.identityId, rows[0]).has_dataset) throw datasetNotFound(address.datasetName);
};

const orDeviceNotFound =
  (deviceId: string) =>
  (error: unknown): never => {
    const isUnknown = violatedConstraint(error) === 'dataset_subscriptions__of_a_device';
    throw isUnknown ? deviceNotFound(deviceId) : error;
  };
