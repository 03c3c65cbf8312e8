import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Context } from '../context';
import { notAuthorized, resourceNotFound } from '../errors';
import { open, seal } from '../tokens/seal';
import { DAY_MS } from '../utc-day';
import { inlineOrByReference, type StreamEvent } from './stream-event';
import { StreamPayload, type PayloadOrigin } from './stream-payload.entity';

/** Where the records of large events are, below the server's public address. */
export const STREAM_RECORDS_PATH = '/streams/records';

/** Days that an address holds, as long as AWS's presigned ones may. */
const PAYLOAD_DAYS = 7;

/** Rows that one sweep removes; each may have megabytes. */
const SWEEP = 500;

/**
 * The event as a target with this limit takes it: with its records when its JSON has at most `maxBytes` bytes, else with
 * an address to get them from, where they are kept for 7 days from now on. Without an identity there is nothing to keep.
 */
export const withinLimit = async (
  ctx: Context,
  event: StreamEvent,
  maxBytes: number,
  origin: PayloadOrigin,
): Promise<StreamEvent> => {
  const expiresAt = new Date(ctx.now().getTime() + PAYLOAD_DAYS * DAY_MS);
  const fitting = inlineOrByReference(event, maxBytes, () => addressOf(ctx, event, origin, expiresAt));
  if (fitting.payloadType === 'S3Url') await keep(ctx, event, origin, expiresAt);
  return fitting;
};

const keep = async (
  ctx: Context,
  { identityId, datasetName, syncCount, kinesisSyncRecords }: StreamEvent,
  origin: PayloadOrigin,
  expiresAt: Date,
): Promise<void> => {
  await ctx.db.query(
    `INSERT INTO stream_payloads (identity_id, dataset_name, sync_count, origin, records, expires_at)
     SELECT i.identity_id, $2, $3, $4, $5, $6 FROM identities i WHERE i.identity_id = $1
     ON CONFLICT (identity_id, dataset_name, sync_count, origin) DO UPDATE SET
       records = excluded.records, expires_at = excluded.expires_at`,
    [identityId, datasetName, syncCount, origin, JSON.stringify(kinesisSyncRecords), expiresAt],
  );
};

const addressOf = (
  { config }: Context,
  { identityId, datasetName, syncCount }: StreamEvent,
  origin: PayloadOrigin,
  expiresAt: Date,
): string => {
  const named = JSON.stringify([identityId, datasetName, syncCount, origin, expiresAt.getTime()]);
  return `${config.publicUrl}${STREAM_RECORDS_PATH}?token=${seal(config.secret, 'stream-records', named)}`;
};

const token = z.tuple([z.string(), z.string(), z.number(), z.enum(['change', 'bulk']), z.number()]);

/**
 * The records behind an address, as a JSON list. The token in it is what authorizes, as in AWS's presigned addresses.
 * @throws NOT_AUTHORIZED when this server did not make it, or it expired; RESOURCE_NOT_FOUND when the identity was deleted
 */
export const readStreamRecords = async (ctx: Context, given: unknown): Promise<string> => {
  const sealed = typeof given === 'string' ? given : '';
  const named = open(ctx.config.secret, 'stream-records', sealed);
  if (named === undefined)
    throw notAuthorized('The address was not made by this server.', { field: 'token' });
  const [identityId, datasetName, syncCount, origin, expiresAt] = token.parse(JSON.parse(named));
  if (expiresAt <= ctx.now().getTime()) throw notAuthorized('The address has expired.', { field: 'token' });
  const where = { identityId, datasetName, syncCount: String(syncCount), origin };
  const payload = await ctx.db.findOneBy(StreamPayload, where);
  if (!payload) throw resourceNotFound('The records are gone, with their identity.', { field: 'token' });
  return payload.records;
};

/** Removes records whose addresses hold no more; answers how many. */
export const sweepStreamPayloads = async (ctx: Context): Promise<number> => {
  const [, count] = (await ctx.db.query(
    `DELETE FROM stream_payloads p USING (
       SELECT identity_id, dataset_name, sync_count, origin FROM stream_payloads
        WHERE expires_at < $1 ORDER BY expires_at LIMIT ${SWEEP} FOR UPDATE SKIP LOCKED) old
     WHERE p.identity_id = old.identity_id AND p.dataset_name = old.dataset_name AND p.sync_count = old.sync_count
       AND p.origin = old.origin`,
    [ctx.now()],
  )) as [unknown, number];
  return count;
};

/** The id of an event, the same for every attempt, in a form that every target takes. */
export const eventIdOf = (...parts: (string | number)[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32);
