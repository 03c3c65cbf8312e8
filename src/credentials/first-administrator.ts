import { createHmac } from 'node:crypto';
import { recordAudit } from '../audit/record-audit';
import type { AdministratorKey } from '../config';
import { inTransaction, type Context } from '../context';
import { changed } from '../db/reference-cache';
import { apiKeyArn, newSecretAccessKey } from '../ids';
import { deriveKey, open, seal } from '../tokens/seal';
import { ApiKey } from './api-key.entity';
import { recordNewKey } from './api-key.service';

/**
 * Makes sure that somebody can administer this installation: the operator's own key when the configuration has one,
 * else, on an installation without any key, a new one.
 * @returns the new key, to be shown this once; undefined when nothing new has to be shown.
 */
export const ensureAdministrator = async (ctx: Context): Promise<AdministratorKey | undefined> => {
  if (ctx.config.administratorKey) {
    await keepConfiguredKey(ctx, ctx.config.administratorKey);
    return undefined;
  }
  return makeFirstKey(ctx);
};

/** The configuration decides the secret of its key; a key that was revoked stays revoked. */
const keepConfiguredKey = async (ctx: Context, key: AdministratorKey): Promise<void> => {
  await insertIfAbsent(ctx, key);
  const row = await ctx.db.findOneByOrFail(ApiKey, { accessKeyId: key.accessKeyId });
  const known = open(ctx.config.secret, 'api-key-secret', row.sealedSecret);
  if (known === undefined)
    throw new Error(`The API key ${key.accessKeyId} is sealed under another master secret.`);
  if (known === key.secretAccessKey) return;
  await inTransaction(ctx, async (tx) => {
    await changed(tx, 'api-key', key.accessKeyId);
    await tx.db.update(ApiKey, { accessKeyId: key.accessKeyId }, { sealedSecret: sealed(tx, key) });
    const resource = apiKeyArn(tx.config, key.accessKeyId);
    await recordAudit(tx, { action: 'iam:UpdateAccessKey', resource });
  });
};

/** Nodes that start at once on an empty database agree on the id, so that only one of them makes the key. */
const makeFirstKey = async (ctx: Context): Promise<AdministratorKey | undefined> => {
  if ((await ctx.db.count(ApiKey)) > 0) return undefined;
  const mac = createHmac('sha256', deriveKey(ctx.config.secret, 'api-key-secret'))
    .update('first')
    .digest('hex');
  const key = {
    accessKeyId: `AKIA${mac.slice(0, 16).toUpperCase()}`,
    secretAccessKey: newSecretAccessKey(),
  };
  return (await insertIfAbsent(ctx, key)) ? key : undefined;
};

const insertIfAbsent = (ctx: Context, key: AdministratorKey): Promise<boolean> =>
  inTransaction(ctx, async (tx) => {
    const row = firstKey(tx, key);
    const isNew = await insertUnlessThere(tx, row);
    if (isNew) await recordNewKey(tx, row);
    return isNew;
  });

const firstKey = (ctx: Context, key: AdministratorKey): ApiKey => ({
  accessKeyId: key.accessKeyId,
  name: 'first administrator',
  sealedSecret: sealed(ctx, key),
  managedPolicies: ['AdministratorAccess'],
  inlinePolicies: [],
  createdAt: ctx.now(),
  revokedAt: null,
});

const insertUnlessThere = async (tx: Context, row: ApiKey): Promise<boolean> => {
  const insert = tx.db.createQueryBuilder().insert().into(ApiKey).values(row);
  const result = await insert.orIgnore().returning('access_key_id').execute();
  return (result.raw as unknown[]).length > 0;
};

const sealed = (ctx: Context, key: AdministratorKey): string =>
  seal(ctx.config.secret, 'api-key-secret', key.secretAccessKey);
