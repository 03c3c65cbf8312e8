import { Args, Ctx, Query, Resolver } from 'type-graphql';
import type { Context } from '../context';
import { toConnection, type Connection } from '../graphql-types/connection';
import { listAuditEvents } from './audit-event.service';
import { AuditEventConnection, AuditEventsArgs, AuditEventType, toAuditEventType } from './audit-event.types';

/** The audit log. */
@Resolver()
export class AuditEventResolver {
  @Query(() => AuditEventConnection, {
    description:
      'The audit log, the newest first (cloudtrail:LookupEvents): administrative changes, credential issues, and denied administrative calls.',
  })
  async auditEvents(
    @Ctx() ctx: Context,
    @Args(() => AuditEventsArgs) page: AuditEventsArgs,
  ): Promise<Connection<AuditEventType>> {
    return toConnection(await listAuditEvents(ctx, page), toAuditEventType);
  }
}
