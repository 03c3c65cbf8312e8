import type { Context } from '../context';

/** Lets go of the tokens of identities that are about to be deleted; their devices go with them, by foreign keys. */
export const forgetDeviceTokens = async (tx: Context, identityIds: string[]): Promise<void> => {
  await tx.db.query(
    `DELETE FROM device_tokens t USING devices d
       WHERE d.identity_id = ANY ($1) AND t.token_hash = d.token_hash AND t.identity_id = d.identity_id`,
    [identityIds],
  );
};

/** Removes devices of an identity, with their subscriptions. Answers whether there was one. */
export const deleteDevices = async (
  tx: Context,
  identityId: string,
  deviceIds: string[],
): Promise<boolean> => {
  await tx.db.query(
    `DELETE FROM device_tokens t USING devices d
       WHERE d.identity_id = $1 AND d.device_id = ANY ($2) AND t.token_hash = d.token_hash AND t.identity_id = $1`,
    [identityId, deviceIds],
  );
  const [, count] = (await tx.db.query(
    'DELETE FROM devices WHERE identity_id = $1 AND device_id = ANY ($2)',
    [identityId, deviceIds],
  )) as [unknown, number];
  return count > 0;
};

/**
 * Moves the devices of `loserId` to `survivorId` with their subscriptions, in the transaction of a merge: a phone goes
 * on hearing of the dataset of that name, which is the survivor's from now on, and a pull of it shows what came from
 * the loser. What it was still to be told is dropped: its counts were the loser's. Both identities must be locked.
 */
export const moveDevices = async (tx: Context, loserId: string, survivorId: string): Promise<void> => {
  for (const statement of MOVES) await tx.db.query(statement, [loserId, survivorId]);
  await tx.db.query('DELETE FROM devices WHERE identity_id = $1', [loserId]);
};

// Tokens first, as whoever registers one locks them. A row's identity never changes: it is copied and deleted.
const MOVES = [
  `UPDATE device_tokens t SET identity_id = $2 FROM devices d
     WHERE d.identity_id = $1 AND t.token_hash = d.token_hash AND t.identity_id = $1`,
  `INSERT INTO devices (
     identity_id, device_id, identity_pool_id, platform, token_hash, sealed_token, created_at, last_modified_at)
   SELECT $2, device_id, identity_pool_id, platform, token_hash, sealed_token, created_at, last_modified_at
     FROM devices WHERE identity_id = $1
   ON CONFLICT DO NOTHING`,
  `INSERT INTO dataset_subscriptions (identity_id, dataset_name, device_id, created_at, attempts)
   SELECT $2, s.dataset_name, s.device_id, s.created_at, 0
     FROM dataset_subscriptions s JOIN devices d ON d.identity_id = $2 AND d.device_id = s.device_id
     WHERE s.identity_id = $1
   ON CONFLICT DO NOTHING`,
];
