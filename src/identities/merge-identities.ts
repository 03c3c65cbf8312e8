import { In } from 'typeorm';
import { recordAudit } from '../audit/record-audit';
import type { Context } from '../context';
import { identityPoolArn } from '../ids';
import { moveDevices } from '../sync/device-rows';
import { foldMovedDatasets } from '../sync/fold-moved-datasets';
import { moveDatasets, type MovedDataset } from '../sync/move-datasets';
import { Identity } from './identity.entity';
import { IdentityLogin } from './identity-login.entity';
import { Login } from './login.entity';
import { moveUnproven } from './unproven-logins';

/** What a merge did to one identity. */
export interface MergedIdentity {
  identityId: string;
  mergedInto: string;
  datasets: MovedDataset[];
}

/**
 * Merges identities into one (B4): it gets their logins, their devices, and their datasets as `NAME.LOSERID`, or folded
 * into NAME where the pool wants it (S59); they stay as records, disabled. Not undoable. All identities and logins must be
 * locked, and `requireNoProblems` must have agreed.
 */
export const mergeInto = async (
  tx: Context,
  identityPoolId: string,
  survivorId: string,
  loserIds: string[],
): Promise<MergedIdentity[]> => {
  if (loserIds.length === 0) return [];
  const merged: MergedIdentity[] = [];
  for (const loserId of loserIds) {
    await moveLogins(tx, loserId, survivorId);
    await moveUnproven(tx, loserId, survivorId);
    const datasets = await moveDatasets(tx, loserId, survivorId);
    await moveDevices(tx, loserId, survivorId);
    merged.push({ identityId: loserId, mergedInto: survivorId, datasets });
  }
  // When all are moved: whoever needs the locks of datasets and the pool's usage takes those of the datasets first (S41).
  const owner = { identityPoolId, identityId: survivorId };
  for (const each of merged) each.datasets = await foldMovedDatasets(tx, owner, each.datasets);
  await disable(tx, loserIds, survivorId);
  return merged;
};

/** A merge cannot be undone, so the audit log has each, whichever call brought it about. */
export const recordMerge = async (
  tx: Context,
  identityPoolId: string,
  merged: MergedIdentity[],
): Promise<void> => {
  for (const { identityId, mergedInto, datasets } of merged)
    await recordAudit(tx, {
      action: 'cognito-identity:MergeIdentities',
      resource: identityPoolArn(tx.config, identityPoolId),
      identityId: mergedInto,
      details: {
        identityId,
        mergedInto,
        datasets: datasets.length,
        foldedDatasets: datasets.filter(({ foldedInto }) => foldedInto !== null).length,
      },
    });
};

const moveLogins = async (tx: Context, loserId: string, survivorId: string): Promise<void> => {
  const rows = await tx.db.findBy(IdentityLogin, { identityId: loserId });
  if (rows.length === 0) return;
  await tx.db.update(Login, { key: In(rows.map((row) => row.loginKey)) }, { identityId: survivorId });
  await tx.db.insert(
    IdentityLogin,
    rows.map((row) => ({ ...row, identityId: survivorId })),
  );
  await tx.db.delete(IdentityLogin, { identityId: loserId });
};

const disable = async (tx: Context, loserIds: string[], survivorId: string): Promise<void> => {
  await tx.db.update(
    Identity,
    { id: In(loserIds) },
    { disabledAt: tx.now(), mergedInto: survivorId, lastModifiedAt: tx.now() },
  );
};
