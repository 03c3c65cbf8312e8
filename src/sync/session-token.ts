import { randomUUID } from 'node:crypto';
import type { Context } from '../context';
import { invalidParameter } from '../errors';
import { open, seal } from '../tokens/seal';
import type { DatasetAddress } from './dataset-owner';

/** How long a token holds after the `listRecords` that gave it out. */
export const SESSION_SECONDS = 3600;

/**
 * How long a used session is remembered: no token of it is given out after its use but by calls that were under way,
 * so twice a token's life is long after the last of them.
 */
export const USED_SESSION_SECONDS = 2 * SESSION_SECONDS;

/** What a sync session token says (S33). */
interface SyncSession extends DatasetAddress {
  sessionId: string;
  /** Epoch milliseconds. */
  expiresAt: number;
}

/** A token for the dataset, of the session that goes on or of a new one (S33). */
export const issueSessionToken = (
  ctx: Context,
  { identityPoolId, identityId, datasetName }: DatasetAddress,
  sessionId: string = randomUUID(),
): string => {
  const expiresAt = ctx.now().getTime() + SESSION_SECONDS * 1000;
  const session: SyncSession = {
    sessionId,
    identityPoolId,
    identityId,
    datasetName,
    expiresAt,
  };
  return seal(ctx.config.secret, 'sync-session-token', JSON.stringify(session));
};

/** The session of a token for this dataset; undefined without a token (S36). @throws INVALID_PARAMETER (S35) */
export const openSessionToken = (
  ctx: Context,
  address: DatasetAddress,
  token: string | null | undefined,
): string | undefined => {
  if (token === null || token === undefined) return undefined;
  const text = open(ctx.config.secret, 'sync-session-token', token);
  if (text === undefined) throw sessionNotValid('UNKNOWN');
  const session = JSON.parse(text) as SyncSession;
  if (!isFor(session, address)) throw sessionNotValid('OTHER_DATASET');
  if (session.expiresAt <= ctx.now().getTime()) throw sessionNotValid('EXPIRED');
  return session.sessionId;
};

const isFor = (session: SyncSession, address: DatasetAddress): boolean =>
  session.identityPoolId === address.identityPoolId &&
  session.identityId === address.identityId &&
  session.datasetName === address.datasetName;

/** Why a token does not hold. The way out is the same for all: call `listRecords` without it. */
export type SessionProblem = 'UNKNOWN' | 'OTHER_DATASET' | 'EXPIRED' | 'USED';

/** S35, in AWS's words; `fields.reason` says more. */
export const sessionNotValid = (reason: SessionProblem): Error =>
  invalidParameter('SyncSessionToken not valid for these inputs', { field: 'syncSessionToken', reason });
