import { DataSource, EntityManager } from 'typeorm';
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { ANONYMOUS, type Actor } from './actor';
import type { Config } from './config';
import { isConnectionLoss, isRetryable } from './db/constraints';

/** The configuration once start has settled what the operator left open. */
export type ServerConfig = Config & { secret: string; publicUrl: string };

/** Where a call came from. One object for each request, shared by everything that is done in it. */
export interface RequestInfo {
  /** The `X-Request-Id` of the answer; a name for work that the server does of its own accord. */
  id: string;
  /** The caller's IP address; null for work that the server does of its own accord. */
  sourceIp: string | null;
  userAgent: string | null;
  /** Whether a transaction of this request was committed already. */
  hasCommitted?: boolean;
}

/** What every service function is given first. Never a bag of services. */
export interface Context {
  actor: Actor;
  /** The transaction's manager inside `inTransaction`, the pool's outside. */
  db: EntityManager;
  /** The node's connection to Redis, when one is configured. It may be away at any moment. */
  redis?: Redis | undefined;
  now: () => Date;
  config: ServerConfig;
  log: Logger;
  request: RequestInfo;
}

/** What is the same for every request of a node. */
export type NodeContext = Omit<Context, 'actor' | 'request'>;

/** A context for work that the server does on its own account. Services that authorize refuse it. */
export const contextOf = (node: NodeContext, id: string): Context => ({
  ...node,
  request: { id, sourceIp: null, userAgent: null },
  actor: ANONYMOUS,
});

const MAX_ATTEMPTS = 5;

const afterCommit = new WeakMap<EntityManager, (() => void)[]>();

/** Whether `ctx` is inside a transaction. */
export const isInTransaction = (ctx: Context): boolean => ctx.db.queryRunner?.isTransactionActive === true;

/** Runs `work` when the transaction around `ctx` has been committed; at once when there is none. */
export const onCommit = (ctx: Context, work: () => void): void => {
  const pending = afterCommit.get(ctx.db);
  if (pending) pending.push(work);
  else work();
};

/**
 * Runs `work` in one READ COMMITTED transaction; a call inside another joins it.
 *
 * Serialization failures and deadlocks (40001, 40P01) run `work` again from the start, so it must be pure apart from
 * SQL. A connection that breaks before COMMIT was sent is retried too; one that breaks during COMMIT is not, because
 * nobody knows whether it took effect.
 */
export const inTransaction = async <T>(ctx: Context, work: (tx: Context) => Promise<T>): Promise<T> => {
  if (isInTransaction(ctx)) return work(ctx);
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await attemptTransaction(ctx, work);
    } catch (error) {
      if (attempt >= MAX_ATTEMPTS || !isRetryable(error)) throw error;
      await pauseBeforeRetry(attempt);
    }
  }
};

/** For a write that commits by itself: what comes after it in the request must not promise that nothing was changed. */
export const noteCommitted = (ctx: Context): void => {
  if (!isInTransaction(ctx)) ctx.request.hasCommitted = true;
};

const pauseBeforeRetry = (attempt: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, Math.random() * 20 * 2 ** attempt));

const attemptTransaction = async <T>(ctx: Context, work: (tx: Context) => Promise<T>): Promise<T> => {
  const pending: (() => void)[] = [];
  let workIsDone = false;
  try {
    const result = await dataSourceOf(ctx).transaction('READ COMMITTED', async (manager) => {
      afterCommit.set(manager, pending);
      const value = await work({ ...ctx, db: manager });
      workIsDone = true;
      return value;
    });
    ctx.request.hasCommitted = true;
    pending.forEach((run) => run());
    return result;
  } catch (error) {
    throw workIsDone && isConnectionLoss(error) ? new CommitUnknownError(error) : error;
  }
};

/** The connection broke while COMMIT was under way: the transaction may or may not have taken effect. */
export class CommitUnknownError extends Error {
  override readonly name = 'CommitUnknownError';

  constructor(cause: unknown) {
    super('the connection to the database broke during COMMIT', { cause });
  }
}

/** The pool that `ctx` works on; inside a transaction this is the way around it, so use it for nothing that the transaction must see. */
export const dataSourceOf = (ctx: Context): DataSource => ctx.db.connection;
