import { dataSourceOf, onCommit, type Context } from '../context';
import { hubOf } from './change-hub';
import type { DatasetChange } from './dataset-change';

/**
 * Tells whoever listens, on all nodes, that a dataset changed: when the transaction around `ctx` has been committed, at
 * once when there is none. Call it after the write succeeded. It takes no time of the caller's, never throws, and may
 * be lost with the node; who listens looks for itself every few seconds.
 */
export const announceChange = (ctx: Context, change: DatasetChange): void =>
  onCommit(ctx, () => {
    try {
      hubOf(dataSourceOf(ctx)).announce(change);
    } catch (error) {
      ctx.log.error({ err: error }, 'a change could not be announced');
    }
  });
