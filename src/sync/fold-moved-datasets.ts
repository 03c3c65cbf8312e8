import type { Context } from '../context';
import { announceChange } from '../events/announce-change';
import { splitMergedName } from '../protocol/sync';
import type { DatasetOwner } from './dataset-owner';
import { foldDataset, type FoldResult } from './fold-dataset';
import type { FoldStrategy } from './fold-strategy';
import type { DatasetMove, MovedDataset } from './move-datasets';
import { findSyncConfiguration } from './sync-configuration';

/** The dataset that a moved one is folded into: the one whose pulls would report it (S31). */
export const baseOf = ({ to }: DatasetMove): string => splitMergedName(to)?.datasetName ?? to;

/**
 * Folds datasets that a merge of identities has just moved under `owner`, where the pool wants it; one that does not
 * fit stays as it came (S59). To be called when all of the merge's datasets are moved, so that all of their locks are
 * taken before the first row of the pool's usage is (S41). Announces all of them.
 */
export const foldMovedDatasets = async (
  tx: Context,
  owner: DatasetOwner,
  moved: MovedDataset[],
): Promise<MovedDataset[]> => {
  const { foldStrategy } = await findSyncConfiguration(tx, owner.identityPoolId);
  const settled: MovedDataset[] = [];
  for (const move of moved) {
    const isFolded = foldStrategy !== null && (await foldMoved(tx, owner, move, foldStrategy));
    if (!isFolded) announceMove(tx, owner, move);
    settled.push({ ...move, foldedInto: isFolded ? baseOf(move) : null });
  }
  return settled;
};

const foldMoved = async (
  tx: Context,
  owner: DatasetOwner,
  move: MovedDataset,
  strategy: FoldStrategy,
): Promise<boolean> => {
  const result = await foldDataset(tx, {
    owner,
    datasetName: baseOf(move),
    mergedDatasetName: move.to,
    strategy,
  });
  if (result.status !== 'OK') return false;
  await forget(tx, owner, result);
  return true;
};

/**
 * No device has ever seen the name, and no merge can bring it again, so it does not count among the deleted ones that
 * are remembered (S43); unless it was deleted before.
 */
const forget = async (
  tx: Context,
  { identityId }: DatasetOwner,
  { mergedDataset }: FoldResult & { status: 'OK' },
): Promise<void> => {
  if (mergedDataset.deleted_sync_count > 0) return;
  await tx.db.query('DELETE FROM datasets WHERE identity_id = $1 AND dataset_name = $2', [
    identityId,
    mergedDataset.dataset_name,
  ]);
};

const announceMove = (tx: Context, owner: DatasetOwner, { to, syncCount }: MovedDataset): void =>
  announceChange(tx, { ...owner, datasetName: to, syncCount, deviceId: null });
