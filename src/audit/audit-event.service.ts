import { And, LessThan, MoreThanOrEqual, type FindOperator } from 'typeorm';
import { z } from 'zod';
import { authorize } from '../authorize';
import type { Context } from '../context';
import { decodeCursor, pageRequest, toPage, type Page } from '../page';
import { parse, regionalId, text } from '../validate';
import { DAY_MS } from '../utc-day';
import { AuditEvent } from './audit-event.entity';
import { eventIdAt } from './event-id';

const filter = z.object({
  action: text(1, 128).nullish(),
  actor: text(1, 128).nullish(),
  identityPoolId: regionalId.nullish(),
  from: z.date().nullish(),
  to: z.date().nullish(),
});

const listInput = pageRequest.extend({ filter: filter.nullish() });

export type ListAuditEventsInput = z.input<typeof listInput>;

/** Audit events, the newest first; those that all members of the filter fit. Needs cloudtrail:LookupEvents. */
export const listAuditEvents = async (
  ctx: Context,
  input: ListAuditEventsInput,
): Promise<Page<AuditEvent>> => {
  const { first, after, filter: wanted } = parse(listInput, input);
  authorize(ctx, 'cloudtrail:LookupEvents', { arn: '*' });
  const { action, actor, identityPoolId } = wanted ?? {};
  const rows = await ctx.db.find(AuditEvent, {
    where: {
      id: within(wanted?.from, wanted?.to, decodeCursor(after)),
      ...(action ? { action } : {}),
      ...(actor ? { actorId: actor } : {}),
      ...(identityPoolId ? { identityPoolId } : {}),
    },
    order: { id: 'DESC' },
    take: first + 1,
  });
  return toPage(rows, first, (event) => event.id);
};

/** Ids are ordered by time, so times and pages are one range of them. */
const within = (
  from: Date | null | undefined,
  to: Date | null | undefined,
  before: string,
): FindOperator<string> => {
  const bounds = [MoreThanOrEqual(from ? eventIdAt(from) : '')];
  if (to) bounds.push(LessThan(eventIdAt(to)));
  if (before !== '') bounds.push(LessThan(before));
  return And(...bounds);
};

/** Rows that one statement removes, so that none takes long. */
const BATCH = 5000;

/** Forgets events older than the configuration keeps them; any number of nodes may do so at once. Answers how many. */
export const sweepAuditEvents = async (ctx: Context): Promise<number> => {
  const oldest = new Date(ctx.now().getTime() - ctx.config.auditRetentionDays * DAY_MS);
  for (let total = 0; ;) {
    const [, count] = (await ctx.db.query(
      `DELETE FROM audit_events WHERE event_id IN (
         SELECT event_id FROM audit_events WHERE event_id < $1 ORDER BY event_id LIMIT ${BATCH})`,
      [eventIdAt(oldest)],
    )) as [unknown, number];
    total += count;
    if (count < BATCH) return total;
  }
};
