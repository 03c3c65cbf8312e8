import type { Actor } from '../actor';
import type { Context } from '../context';
import { ServiceError } from '../errors';
import { AuditEvent, type AuditActorKind } from './audit-event.entity';
import { newEventId } from './event-id';

/** Something that was done. `details` tells what an auditor asks next; never a secret, a token or a user's data. */
export interface AuditedAction {
  /** The IAM action. */
  action: string;
  /** The ARN it was done on, or `*`. */
  resource: string;
  identityPoolId?: string | null;
  /**
   * The identity that the caller proved to be, in the operations that need no credentials: the actor, unless an
   * administrator called.
   */
  identityId?: string;
  details?: Record<string, unknown>;
}

/**
 * Writes down what was done. Call it in the transaction that does it, so that both happen or neither; a credential that
 * is issued without a transaction is written down before it is handed out.
 */
export const recordAudit = async (tx: Context, event: AuditedAction): Promise<void> => {
  await tx.db.insert(AuditEvent, { ...rowOf(tx, event), outcome: 'allowed', errorCode: null } as object);
};

/**
 * Writes down that the policies did not let an administrator do something. Other errors are not written down, nor are
 * denials of identities, which anybody can bring about. For doors, after the call and outside of its transaction;
 * never throws.
 */
export const recordDenials = async (ctx: Context, errors: unknown[]): Promise<void> => {
  if (ctx.actor.kind !== 'administrator') return;
  const rows = errors.filter(isDenial).map((error) => denialOf(ctx, error));
  if (rows.length === 0) return;
  await ctx.db.insert(AuditEvent, rows).catch((error: unknown) => {
    ctx.log.error({ reason: String(error), count: rows.length }, 'denied calls could not be written down');
  });
};

const isDenial = (error: unknown): error is ServiceError =>
  error instanceof ServiceError && error.code === 'ACCESS_DENIED';

const denialOf = (ctx: Context, { code, fields }: ServiceError): object => ({
  ...rowOf(ctx, { action: textOf(fields.action), resource: textOf(fields.resource) }),
  outcome: 'denied',
  errorCode: code,
});

/** Longer names are a caller's own invention. */
const MAX_NAME = 2048;

const textOf = (value: unknown): string => (typeof value === 'string' ? value.slice(0, MAX_NAME) : '*');

const rowOf = (ctx: Context, event: AuditedAction): Omit<AuditEvent, 'outcome' | 'errorCode'> => {
  const now = ctx.now();
  return {
    id: newEventId(now),
    occurredAt: now,
    ...whoOf(ctx, event.identityId),
    action: event.action,
    resourceArn: event.resource,
    identityPoolId: event.identityPoolId ?? poolIn(event.resource),
    sourceIp: ctx.request.sourceIp,
    userAgent: ctx.request.userAgent,
    requestId: ctx.request.id,
    details: event.details ?? {},
  };
};

type Who = Pick<AuditEvent, 'actorKind' | 'actorId' | 'actorArn'>;

/** What a call proved counts, not whose access token came along: one could hide behind the token of another identity. */
const whoOf = ({ actor, request }: Context, proven: string | undefined): Who => {
  const isOther = actor.kind === 'identity' && proven !== undefined && proven !== actor.identityId;
  if (actor.kind !== 'anonymous' && !isOther)
    return { actorKind: actor.kind, actorId: idOf(actor), actorArn: actor.arn };
  if (proven !== undefined) return { actorKind: 'identity', actorId: proven, actorArn: null };
  const actorKind: AuditActorKind = request.sourceIp === null ? 'system' : 'anonymous';
  return { actorKind, actorId: null, actorArn: null };
};

const idOf = (actor: Exclude<Actor, { kind: 'anonymous' }>): string =>
  actor.kind === 'administrator' ? actor.accessKeyId : actor.identityId;

/** The pool that an ARN names. */
const poolIn = (arn: string): string | null => /:identitypool\/([\w-]+:[0-9a-f-]+)/.exec(arn)?.[1] ?? null;
