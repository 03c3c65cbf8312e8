import { In } from 'typeorm';
import { z } from 'zod';
import type { Context } from '../context';
import { authorizedPool } from '../identity-pools/identity-pool.service';
import { LIMITS } from '../protocol/limits';
import { parse, regionalId } from '../validate';
import { ImportedDataset } from './imported-dataset.entity';
import { ImportedIdentity } from './imported-identity.entity';

const input = z.object({
  identityPoolId: regionalId,
  identityIds: z.array(regionalId).min(1).max(LIMITS.listPage),
});

export type ImportedIdentitiesInput = z.input<typeof input>;

/** How far a dataset was imported. */
export interface ImportedDatasetState {
  datasetName: string;
  /** At the source, when it was imported last. */
  syncCount: number;
  /** Whether it was gone at the source then, and deleted here for that. */
  isDeleted: boolean;
  sourceCreationDate: Date;
  sourceLastModifiedDate: Date;
  importedDate: Date;
}

/** An identity that was imported, with its datasets that were, by name. */
export interface ImportedIdentityState {
  identityId: string;
  /** When it came over first. */
  importedDate: Date;
  /** The greatest id of a run that came across it; null where the importer gave none. */
  runId: string | null;
  datasets: ImportedDatasetState[];
}

/**
 * Which of up to 60 identities of a pool were imported and how far, so that an import asks the source only for what
 * changed. Others are left out.
 * @throws RESOURCE_NOT_FOUND
 */
export const importedIdentities = async (
  ctx: Context,
  request: ImportedIdentitiesInput,
): Promise<ImportedIdentityState[]> => {
  const { identityPoolId, identityIds } = parse(input, request);
  const pool = await authorizedPool(ctx, 'cognito-identity:ListImportedIdentities', identityPoolId);
  const rows = await ctx.db
    .createQueryBuilder(ImportedIdentity, 'imported')
    .innerJoin('identities', 'i', 'i.identity_id = imported.identity_id AND i.identity_pool_id = :poolId', {
      poolId: pool.id,
    })
    .where({ identityId: In(identityIds) })
    .orderBy('imported.identityId', 'ASC')
    .getMany();
  const ids = rows.map(({ identityId }) => identityId);
  const order = { datasetName: 'ASC' } as const;
  const datasets = await ctx.db.find(ImportedDataset, { where: { identityId: In(ids) }, order });
  return rows.map(({ identityId, importedAt, runId }) => ({
    identityId,
    importedDate: importedAt,
    runId,
    datasets: datasets.filter((dataset) => dataset.identityId === identityId).map(toState),
  }));
};

const toState = (row: ImportedDataset): ImportedDatasetState => ({
  datasetName: row.datasetName,
  syncCount: Number(row.syncCount),
  isDeleted: row.isDeleted,
  sourceCreationDate: row.sourceCreatedAt,
  sourceLastModifiedDate: row.sourceModifiedAt,
  importedDate: row.importedAt,
});
