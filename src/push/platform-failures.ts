import type { Context } from '../context';
import { PlatformFailure } from './platform-failure.entity';

/** That a platform refused a message: credentials or settings are wrong. */
export interface LastFailure {
  /** A sentence without any secret, token or endpoint. */
  message: string;
  date: Date;
}

/** The last failure of each application of a pool that had one, by ARN. */
export const failuresOf = async (ctx: Context, identityPoolId: string): Promise<Map<string, LastFailure>> => {
  const rows = await ctx.db.findBy(PlatformFailure, { identityPoolId });
  return new Map(rows.map((row) => [row.applicationArn, { message: row.reason, date: row.failedAt }]));
};

/** Remembers that an application was refused, in place of the time before. */
export const recordFailure = async (
  ctx: Context,
  identityPoolId: string,
  applicationArn: string,
  reason: string,
): Promise<void> => {
  await ctx.db.upsert(PlatformFailure, { identityPoolId, applicationArn, reason, failedAt: ctx.now() }, [
    'identityPoolId',
    'applicationArn',
  ]);
};

/** Its credentials are new, or it is gone. */
export const forgetFailure = async (
  ctx: Context,
  identityPoolId: string,
  applicationArn: string,
): Promise<void> => {
  await ctx.db.delete(PlatformFailure, { identityPoolId, applicationArn });
};
