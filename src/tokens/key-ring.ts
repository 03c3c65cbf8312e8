import { randomBytes } from 'node:crypto';
import { exportJWK, generateKeyPair, importJWK, type JWK, type KeyLike } from 'jose';
import { LessThan, Not } from 'typeorm';
import { recordAudit } from '../audit/record-audit';
import { inTransaction, type Context } from '../context';
import { cached, changed } from '../db/reference-cache';
import { open, seal } from './seal';
import { SigningKey, type SigningKeyState } from './signing-key.entity';

/** The algorithm of new keys, as Cognito's. */
export const SIGNING_ALGORITHM = 'RS512';

const MODULUS_BITS = 2048;

/** Seconds that a retired key still verifies: the longest life of a token, 24 h, and 5 minutes for clocks that differ. */
export const RETIRED_KEY_LIFE = 86_400 + 300;

/** The key that tokens are signed with now. */
export interface ActiveKey {
  kid: string;
  algorithm: string;
  privateKey: KeyLike;
}

/** A key that tokens may have been signed with. */
export interface VerificationKey {
  kid: string;
  state: SigningKeyState;
  algorithm: string;
  publicKey: KeyLike;
  publicJwk: JWK;
  createdAt: Date;
  activatedAt: Date | null;
  retiredAt: Date | null;
}

/** What is cached: the private key apart from the public ones, so that verifying never needs the master secret. */
const CACHE_KEYS = { active: 'active', published: 'published' } as const;

/** The key to sign with. The first use on a new database makes it and the one after it. */
export const signingKey = (ctx: Context): Promise<ActiveKey> =>
  cached(ctx, 'signing-key', CACHE_KEYS.active, loadActive);

/** The keys that are published: the next, the current and the retired ones whose tokens may still be in use. */
export const verificationKeys = async (ctx: Context): Promise<VerificationKey[]> => {
  const keys = await cached(ctx, 'signing-key', CACHE_KEYS.published, loadPublished);
  const oldest = retirementLimit(ctx.now());
  return keys.filter(({ retiredAt }) => retiredAt === null || retiredAt > oldest);
};

/** The JSON Web Key Set (RFC 7517) of `verificationKeys`, with public members only. */
export const jwks = async (ctx: Context): Promise<{ keys: JWK[] }> => ({
  keys: (await verificationKeys(ctx)).map(({ kid, algorithm, publicJwk }) => ({
    ...publicMembers(publicJwk),
    kid,
    alg: algorithm,
    use: 'sig',
  })),
});

/**
 * Retires the current key, puts the next one in its place and makes a new next one, on all nodes and without a
 * restart. What the retired key signed stays valid; keys retired longer than a token's life are deleted. Verifiers
 * that keep the key set know the new current key already, unless it became `next` after they fetched it: leave them
 * an hour between two rotations. Authorizes nothing.
 * @param withdrawRetired deletes every retired key at once, so that what they signed stops being valid.
 * @param isDue asked under lock about the key that would retire, so that of several rotations at once for the same
 *   reason only the first takes place.
 * @returns the new current key; undefined when the rotation was not due.
 */
export const rotate = async (
  ctx: Context,
  isDue: (current: SigningKey | null) => boolean = () => true,
  withdrawRetired = false,
): Promise<SigningKey | undefined> => {
  // Before the transaction: making a key takes long enough to be felt by those who wait for its locks.
  const fresh = await newKey(ctx, 'next');
  return inTransaction(ctx, async (tx) => {
    // The rows are locked first and read by new statements: those see what a rotation just before this one left.
    await tx.db.find(SigningKey, {
      where: { state: Not<SigningKeyState>('retired') },
      lock: { mode: 'pessimistic_write' },
    });
    if (!isDue(await currentKey(tx))) return undefined;
    await moveOn(tx, fresh);
    if (withdrawRetired) await tx.db.delete(SigningKey, { state: 'retired' });
    for (const key of Object.values(CACHE_KEYS)) await changed(tx, 'signing-key', key);
    const current = (await currentKey(tx)) ?? fresh;
    const details = { current: current.id, next: fresh.id, withdrawRetired };
    await recordAudit(tx, { action: 'cognito-identity:RotateSigningKey', resource: '*', details });
    return current;
  });
};

/** The key in use, as it is stored; null on a database that made none yet. */
export const currentKey = (ctx: Context): Promise<SigningKey | null> =>
  ctx.db.findOneBy(SigningKey, { state: 'current' });

const moveOn = async (tx: Context, fresh: SigningKey): Promise<void> => {
  const now = tx.now();
  await tx.db.delete(SigningKey, { state: 'retired', retiredAt: LessThan(retirementLimit(now)) });
  await tx.db.update(SigningKey, { state: 'current' }, { state: 'retired', retiredAt: now });
  await tx.db.update(SigningKey, { state: 'next' }, { state: 'current', activatedAt: now });
  await tx.db.insert(SigningKey, fresh as object);
};

/** A key retired at this moment or before is of no more use. */
const retirementLimit = (now: Date): Date => new Date(now.getTime() - RETIRED_KEY_LIFE * 1000);

const loadActive = async (ctx: Context): Promise<ActiveKey> => {
  const rows = await ensureKeys(ctx);
  const row = rows.find(({ state }) => state === 'current');
  if (!row) throw new Error('there is no current signing key');
  return {
    kid: row.id,
    algorithm: row.algorithm,
    privateKey: await importKey(privateJwkOf(ctx, row), row.algorithm),
  };
};

const loadPublished = async (ctx: Context): Promise<VerificationKey[]> => {
  const rows = await ensureKeys(ctx);
  return Promise.all(rows.map(toVerificationKey));
};

const toVerificationKey = async (row: SigningKey): Promise<VerificationKey> => ({
  kid: row.id,
  state: row.state,
  algorithm: row.algorithm,
  publicKey: await importKey(publicMembers(row.publicJwk), row.algorithm),
  publicJwk: publicMembers(row.publicJwk),
  createdAt: row.createdAt,
  activatedAt: row.activatedAt,
  retiredAt: row.retiredAt,
});

const readKeys = (ctx: Context): Promise<SigningKey[]> =>
  ctx.db.find(SigningKey, { order: { createdAt: 'ASC', id: 'ASC' } });

/** All keys, after making the ones that are missing. Nodes that do so at once agree on whoever's came first. */
const ensureKeys = async (ctx: Context): Promise<SigningKey[]> => {
  const rows = await readKeys(ctx);
  const states: SigningKeyState[] = ['current', 'next'];
  const missing = states.filter((state) => !rows.some((row) => row.state === state));
  if (missing.length === 0) return rows;
  const made = await Promise.all(missing.map((state) => newKey(ctx, state)));
  // Not a violation that is caught: inside a transaction that would end it.
  const insert = ctx.db
    .createQueryBuilder()
    .insert()
    .into(SigningKey)
    .values(made as object[]);
  await insert.orIgnore().execute();
  return readKeys(ctx);
};

const newKey = async (ctx: Context, state: SigningKeyState): Promise<SigningKey> => {
  const pair = await generateKeyPair(SIGNING_ALGORITHM, { modulusLength: MODULUS_BITS, extractable: true });
  const now = ctx.now();
  return {
    id: `${ctx.config.region}-${randomBytes(5).toString('hex')}`,
    state,
    algorithm: SIGNING_ALGORITHM,
    publicJwk: publicMembers(await exportJWK(pair.publicKey)),
    sealedPrivateJwk: seal(
      ctx.config.secret,
      'signing-key',
      JSON.stringify(await exportJWK(pair.privateKey)),
    ),
    createdAt: now,
    activatedAt: state === 'current' ? now : null,
    retiredAt: null,
  };
};

/** An RSA public key by name of its members, so that nothing private can slip through. */
const publicMembers = ({ kty, n, e }: JWK): JWK => ({ kty, n, e });

const privateJwkOf = (ctx: Context, row: SigningKey): JWK => {
  const text = open(ctx.config.secret, 'signing-key', row.sealedPrivateJwk);
  if (text === undefined)
    throw new Error(`signing key ${row.id} was sealed under another master secret than this node's`);
  return JSON.parse(text) as JWK;
};

const importKey = async (jwk: JWK, algorithm: string): Promise<KeyLike> => {
  const key = await importJWK(jwk, algorithm);
  if (key instanceof Uint8Array) throw new Error('a signing key must be asymmetric');
  return key;
};
