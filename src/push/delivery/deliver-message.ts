import { inTransaction, type Context } from '../../context';
import { findSyncConfiguration } from '../../sync/sync-configuration';
import { deleteDevices } from '../../sync/device-rows';
import { Device } from '../../sync/device.entity';
import { open, seal } from '../../tokens/seal';
import { activeApplication } from '../active-application';
import { takeToken, tokenHashOf } from '../device-tokens';
import { recordFailure } from '../platform-failures';
import { storedPushSync, type PlatformApplication } from '../push-sync-settings';
import type { SendOutcome } from '../send/sender';
import { nextAttemptAt } from './next-attempt';
import type { KeptSenders } from './kept-senders';
import { postponeMessage, settleMessage, type ClaimedMessage } from './push-queue';

/**
 * Tells one device of one dataset, and does what follows from the platform's answer. A message is given up without one
 * when push sync has no application for the device any more.
 * @throws what the database throws; the message is due again when its lease ends then
 */
export const deliverMessage = async (
  ctx: Context,
  senders: KeptSenders,
  message: ClaimedMessage,
): Promise<void> => {
  const configuration = await findSyncConfiguration(ctx, message.identityPoolId);
  const application = activeApplication(storedPushSync(configuration), message.platform);
  if (!application) return settleMessage(ctx, message);
  const token = open(ctx.config.secret, 'device-token', message.sealedToken);
  // Sealed under another master secret than this node's: the app registers again sooner or later.
  if (token === undefined) return dropDevice(ctx, message);
  const { identityPoolId, identityId, datasetName, syncCount } = message;
  const sender = senders.of(identityPoolId, application);
  const outcome = await sender.send(token, {
    source: 'cognito-sync',
    identityPoolId,
    identityId,
    datasetName,
    syncCount,
  });
  await conclude(ctx, message, application, outcome);
};

const conclude = async (
  ctx: Context,
  message: ClaimedMessage,
  application: PlatformApplication,
  outcome: SendOutcome,
): Promise<void> => {
  switch (outcome.kind) {
    case 'SENT':
      await settleMessage(ctx, message);
      if (outcome.newToken !== undefined) await replaceToken(ctx, message, outcome.newToken);
      return;
    case 'GONE':
      return dropDevice(ctx, message);
    case 'RETRY':
      return retryLater(ctx, message, outcome);
    case 'REFUSED':
      // Not repeated: the next change tries again, and until somebody mends it nothing else helps.
      await recordFailure(ctx, message.identityPoolId, application.arn, outcome.reason);
      return settleMessage(ctx, message);
  }
};

const retryLater = async (
  ctx: Context,
  message: ClaimedMessage,
  { retryAfterSeconds, reason }: { retryAfterSeconds?: number; reason: string },
): Promise<void> => {
  const { attempts, pendingSince, platform } = message;
  const at = nextAttemptAt({ attempts, retryAfterSeconds, pendingSince, now: ctx.now() });
  if (at) return postponeMessage(ctx, message, at);
  ctx.log.info({ platform, reason, attempts }, 'a push message was given up');
  await settleMessage(ctx, message);
};

/** Unless it has another token by now. */
const dropDevice = (ctx: Context, { identityId, deviceId, tokenHash }: ClaimedMessage): Promise<void> =>
  inTransaction(ctx, async (tx) => {
    if (await tx.db.existsBy(Device, { identityId, id: deviceId, tokenHash }))
      await deleteDevices(tx, identityId, [deviceId]);
  });

/** A device of the identity that has the new token already is the same one, registered again: it stays. */
const replaceToken = (ctx: Context, message: ClaimedMessage, token: string): Promise<void> =>
  inTransaction(ctx, async (tx) => {
    const { identityId, deviceId, identityPoolId, platform } = message;
    const tokenHash = tokenHashOf({ identityPoolId, platform, token });
    if (!(await lockDevice(tx, message))) return; // It went meanwhile, and must leave no token behind.
    await takeToken(tx, { identityPoolId, identityId }, tokenHash);
    if (await tx.db.existsBy(Device, { identityId, tokenHash })) {
      await deleteDevices(tx, identityId, [deviceId]);
      return;
    }
    await tx.db.query('DELETE FROM device_tokens WHERE token_hash = $1 AND identity_id = $2', [
      message.tokenHash,
      identityId,
    ]);
    const sealedToken = seal(tx.config.secret, 'device-token', token);
    await tx.db.update(
      Device,
      { identityId, id: deviceId, tokenHash: message.tokenHash },
      { tokenHash, sealedToken },
    );
  });

/** Whether it is there, with the token that was sent to. */
const lockDevice = async (
  tx: Context,
  { identityId, deviceId, tokenHash }: ClaimedMessage,
): Promise<boolean> => {
  const rows: unknown[] = await tx.db.query(
    'SELECT 1 FROM devices WHERE identity_id = $1 AND device_id = $2 AND token_hash = $3 FOR UPDATE',
    [identityId, deviceId, tokenHash],
  );
  return rows.length > 0;
};
