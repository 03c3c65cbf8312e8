import { LessThan } from 'typeorm';
import type { Context } from '../context';
import { UsedSyncSession } from './used-sync-session.entity';

/** Forgets used sync sessions of which no token can be valid any more. Answers how many. */
export const sweepUsedSyncSessions = async (ctx: Context): Promise<number> => {
  const { affected } = await ctx.db.delete(UsedSyncSession, { expiresAt: LessThan(ctx.now()) });
  return affected ?? 0;
};
