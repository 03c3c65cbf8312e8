import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { inTransaction, type Context } from '../context';
import { invalidParameter, resourceNotFound } from '../errors';
import { LIMITS } from '../protocol/limits';
import type { DatasetOwner } from '../sync/dataset-owner';
import { Device } from '../sync/device.entity';
import { deleteDevices } from '../sync/device-rows';
import { lockOwner } from '../sync/lock-dataset';
import { ownerInput, type OwnerInput } from '../sync/sync.input';
import { findSyncConfiguration } from '../sync/sync-configuration';
import { seal } from '../tokens/seal';
import { parse, text } from '../validate';
import type { AddressRules } from '../webhooks/address-rules';
import { activeApplication, requireActiveApplication } from './active-application';
import { authorizedIdentity, requireIdentity } from './device-owner';
import { describeDevices, type DeviceDescription } from './describe-devices';
import { takeToken, tokenHashOf } from './device-tokens';
import { storedPushSync } from './push-sync-settings';
import { PLATFORMS, type Platform } from './send/platform-credentials';
import { parseSubscription } from './send/push-subscription';

const registerInput = ownerInput.extend({
  platform: z.enum(PLATFORMS),
  token: text(1, LIMITS.deviceTokenLength),
});
const deviceId = text(1, LIMITS.deviceIdLength);
const deviceInput = ownerInput.extend({ deviceId });

export type RegisterDeviceInput = z.input<typeof registerInput>;
export type DeviceInput = z.input<typeof deviceInput>;

type Registration = z.infer<typeof registerInput>;

/**
 * Registers the caller's device for push messages, for cognito-sync:RegisterDevice on the identity. The same token is
 * the same device, until another identity of the pool registers it: then it is that one's. Of more than 100 devices
 * those go that were registered longest ago, since nobody tells of apps that were removed.
 * @throws NOT_AUTHORIZED also for administrators; INVALID_CONFIGURATION when push sync is off or knows no such platform;
 *   INVALID_PARAMETER, IDENTITY_DELETED
 */
export const registerDevice = async (
  ctx: Context,
  input: RegisterDeviceInput,
): Promise<DeviceDescription> => {
  const given = parse(registerInput, input);
  requireToken(ctx, given);
  requireIdentity(ctx);
  const owner = authorizedIdentity(ctx, 'cognito-sync:RegisterDevice', given);
  await requireActiveApplication(ctx, owner.identityPoolId, given.platform);
  return inTransaction(ctx, async (tx) => {
    await lockOwner(tx, owner); // Its devices are counted one after the other.
    const tokenHash = tokenHashOf({ ...given, ...owner });
    const id =
      (await registeredAgain(tx, owner, tokenHash)) ?? (await addDevice(tx, owner, given, tokenHash));
    return requireDevice(tx, owner, id);
  });
};

/** A token that nothing could ever be sent to is refused now: later, its device would only vanish. */
const requireToken = ({ config }: Context, { platform, token }: Registration): void => {
  const problem = problemOf({ ...config.outgoing, allowPlaintext: false }, platform, token);
  if (problem !== undefined) throw invalidParameter(`token ${problem}`, { field: 'token' });
};

const problemOf = (rules: AddressRules, platform: Platform, token: string): string | undefined => {
  switch (platform) {
    case 'WEB_PUSH':
      return parseSubscription(token, rules)
        ? undefined
        : 'must be the JSON of a PushSubscription whose endpoint is https on the public Internet';
    case 'APNS':
    case 'APNS_SANDBOX':
      return /^[0-9a-f]+$/i.test(token) ? undefined : 'must be hexadecimal digits';
    default:
      return /^[!-~]+$/.test(token) ? undefined : 'must be printable ASCII characters without spaces';
  }
};

const registeredAgain = async (
  tx: Context,
  { identityId }: DatasetOwner,
  tokenHash: string,
): Promise<string | undefined> => {
  const device = await tx.db.findOneBy(Device, { identityId, tokenHash });
  if (!device) return undefined;
  await tx.db.update(Device, { identityId, id: device.id }, { lastModifiedAt: tx.now() });
  return device.id;
};

const addDevice = async (
  tx: Context,
  owner: DatasetOwner,
  { platform, token }: Registration,
  tokenHash: string,
): Promise<string> => {
  await takeToken(tx, owner, tokenHash);
  await makeRoom(tx, owner.identityId);
  const id = randomUUID();
  await tx.db.insert(Device, {
    ...owner,
    id,
    platform,
    tokenHash,
    sealedToken: seal(tx.config.secret, 'device-token', token),
    createdAt: tx.now(),
    lastModifiedAt: tx.now(),
  });
  return id;
};

const makeRoom = async (tx: Context, identityId: string): Promise<void> => {
  const devices = await tx.db.find(Device, {
    select: { id: true },
    where: { identityId },
    order: { lastModifiedAt: 'DESC', id: 'ASC' },
    skip: LIMITS.devicesPerIdentity - 1,
  });
  if (devices.length > 0)
    await deleteDevices(
      tx,
      identityId,
      devices.map((device) => device.id),
    );
};

/**
 * Forgets a device of the caller's with its subscriptions, as when a person signs out: cognito-sync:DeregisterDevice on
 * the identity. Answers it as it was. Ours: AWS has no such operation.
 * @throws NOT_AUTHORIZED also for administrators; RESOURCE_NOT_FOUND
 */
export const deregisterDevice = async (ctx: Context, input: DeviceInput): Promise<DeviceDescription> => {
  const given = parse(deviceInput, input);
  requireIdentity(ctx);
  const owner = authorizedIdentity(ctx, 'cognito-sync:DeregisterDevice', given);
  return inTransaction(ctx, async (tx) => {
    const device = await requireDevice(tx, owner, given.deviceId);
    await deleteDevices(tx, owner.identityId, [device.id]);
    return device;
  });
};

/** The devices of an identity, those that were registered last first: cognito-sync:ListDevices on it. Ours. */
export const listDevices = async (ctx: Context, input: OwnerInput): Promise<DeviceDescription[]> => {
  const given = parse(ownerInput, input);
  return describeDevices(ctx, authorizedIdentity(ctx, 'cognito-sync:ListDevices', given));
};

/**
 * What browsers of the pool subscribe with (`applicationServerKey`): cognito-sync:RegisterDevice on the identity. Ours.
 * Null when push sync has no `WEB_PUSH`.
 */
export const getPushSyncPublicKey = async (ctx: Context, input: OwnerInput): Promise<string | null> => {
  const { identityPoolId } = authorizedIdentity(ctx, 'cognito-sync:RegisterDevice', parse(ownerInput, input));
  const stored = storedPushSync(await findSyncConfiguration(ctx, identityPoolId));
  return activeApplication(stored, 'WEB_PUSH')?.publicKey ?? null;
};

/** A device of an identity. @throws RESOURCE_NOT_FOUND */
export const requireDevice = async (
  ctx: Context,
  owner: DatasetOwner,
  id: string,
): Promise<DeviceDescription> => {
  const [device] = await describeDevices(ctx, owner, id);
  if (device) return device;
  throw deviceNotFound(id);
};

/** No such device of the identity, or no more. */
export const deviceNotFound = (id: string): Error =>
  resourceNotFound(`Device '${id}' not found.`, { field: 'deviceId' });
