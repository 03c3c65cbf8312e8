import { createHash } from 'node:crypto';
import type { Context } from '../context';

/** What a token is known by: within a pool and a platform, so that pools know nothing of each other. */
export interface TokenName {
  identityPoolId: string;
  platform: string;
  token: string;
}

/** SHA-256 of pool, platform and token, base64url. */
export const tokenHashOf = ({ identityPoolId, platform, token }: TokenName): string =>
  createHash('sha256').update(`${identityPoolId}\n${platform}\n${token}`).digest('base64url');

/**
 * Makes a token the identity's: whoever had it before in the pool loses the device that it was, so that a phone hears
 * of the datasets of one person, who signed in last. Takes a lock on the token until the transaction ends.
 */
export const takeToken = async (
  tx: Context,
  { identityPoolId, identityId }: { identityPoolId: string; identityId: string },
  tokenHash: string,
): Promise<void> => {
  const former = await formerOwner(tx, { identityPoolId, identityId }, tokenHash);
  if (former === identityId) return;
  await tx.db.query('DELETE FROM devices WHERE identity_id = $1 AND token_hash = $2', [former, tokenHash]);
  await tx.db.query('UPDATE device_tokens SET identity_id = $2 WHERE token_hash = $1', [
    tokenHash,
    identityId,
  ]);
};

/** Whose it is, locked; the identity's own when it was nobody's. Two who come first at once meet at the key. */
const formerOwner = async (
  tx: Context,
  { identityPoolId, identityId }: { identityPoolId: string; identityId: string },
  tokenHash: string,
): Promise<string> => {
  await tx.db.query(
    `INSERT INTO device_tokens (token_hash, identity_pool_id, identity_id) VALUES ($1, $2, $3)
       ON CONFLICT (token_hash) DO NOTHING`,
    [tokenHash, identityPoolId, identityId],
  );
  const [row] = (await tx.db.query('SELECT identity_id FROM device_tokens WHERE token_hash = $1 FOR UPDATE', [
    tokenHash,
  ])) as { identity_id: string }[];
  // Gone again: its owner was deleted in between. Nobody else has it then.
  return row?.identity_id ?? formerOwner(tx, { identityPoolId, identityId }, tokenHash);
};
