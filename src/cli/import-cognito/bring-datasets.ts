import type { Dataset, _Record } from '@aws-sdk/client-cognito-sync';
import { partsOf, type DatasetSource } from './record-parts';
import { Interrupted, requireGoingOn, type Run } from './run';
import { listDatasets, listRecords, type SourceOwner } from './source';
import { sentenceOf } from './source-pools';
import { stopsEverything } from './stops-everything';
import type { DatasetOutcome, KnownDataset } from './target';

/** Brings the datasets of an identity that changed since they came over. What fails is reported, and stops nothing. */
export const bringDatasets = async (run: Run, owner: SourceOwner, known: KnownDataset[]): Promise<void> => {
  requireGoingOn(run);
  try {
    const datasets = await listDatasets(run.source, owner);
    for (const dataset of datasets) await bringOne(run, owner, dataset, known);
    for (const { datasetName, isDeleted } of known)
      if (!isDeleted && !datasets.some(({ DatasetName }) => DatasetName === datasetName))
        await bringDeletion(run, owner, datasetName);
  } catch (error) {
    if (error instanceof Interrupted || stopsEverything(error)) throw error;
    run.report.count('datasets', 'failed');
    run.report.problem(`datasets of ${owner.IdentityId}`, sentenceOf(error));
  }
};

const bringOne = async (
  run: Run,
  owner: SourceOwner,
  dataset: Dataset,
  known: KnownDataset[],
): Promise<void> => {
  requireGoingOn(run);
  const name = dataset.DatasetName ?? '';
  run.report.count('datasets', 'read');
  try {
    const before = known.find(({ datasetName }) => datasetName === name);
    await bringRecords(run, { ...owner, DatasetName: name }, dataset, before);
  } catch (error) {
    if (stopsEverything(error)) throw error;
    run.report.count('datasets', 'failed');
    run.report.problem(`${owner.IdentityId}/${name}`, sentenceOf(error));
  }
};

type Address = SourceOwner & { DatasetName: string };

/** ListDatasets does not tell the sync count: a dataset that was not written since its import is known by its dates. */
const bringRecords = async (
  run: Run,
  address: Address,
  dataset: Dataset,
  before: KnownDataset | undefined,
): Promise<void> => {
  if (before && isUnchanged(dataset, before)) return run.report.count('datasets', 'unchanged');
  const source = await readSource(run, address, dataset, goesOn(dataset, before) ? before.syncCount : 0);
  const outcomes: DatasetOutcome[] = [];
  for (const part of partsOf(source)) outcomes.push(await run.target.importDataset(inputOf(address, part)));
  noteOutcome(run, address, source, outcomes);
};

const isUnchanged = (dataset: Dataset, before: KnownDataset): boolean =>
  goesOn(dataset, before) && before.sourceLastModified === dataset.LastModifiedDate?.getTime();

/** Not where it was deleted and made again, whose counts may have begun anew. */
const goesOn = (dataset: Dataset, before: KnownDataset | undefined): before is KnownDataset =>
  before !== undefined && !before.isDeleted && before.sourceCreation === dataset.CreationDate?.getTime();

/** Everything where it cannot go on: its counts began anew, or what was known is no more. */
const readSource = async (
  run: Run,
  address: Address,
  dataset: Dataset,
  from: number,
): Promise<DatasetSource> => {
  let lastSyncCount = from;
  let listing = await listRecords(run.source, address, from).catch((error: unknown) => {
    if (from > 0 && (error as Error).name === 'InvalidParameterException') return undefined;
    throw error;
  });
  if (!listing || (from > 0 && listing.isDeletedSince)) {
    lastSyncCount = 0;
    listing = await listRecords(run.source, address, 0);
  }
  const creationDate = dataset.CreationDate ?? new Date(0);
  return {
    syncCount: listing.syncCount,
    creationDate,
    lastModifiedDate: dataset.LastModifiedDate ?? creationDate,
    lastModifiedBy: dataset.LastModifiedBy ?? null,
    lastSyncCount,
    records: listing.records.map((record) => toRecord(record, creationDate)),
  };
};

const toRecord = (record: _Record, creationDate: Date): DatasetSource['records'][number] => ({
  key: record.Key ?? '',
  value: record.Value ?? null,
  syncCount: Number(record.SyncCount ?? 0),
  lastModifiedDate: record.LastModifiedDate ?? creationDate,
  lastModifiedBy: record.LastModifiedBy ?? null,
  deviceLastModifiedDate: record.DeviceLastModifiedDate ?? null,
});

const inputOf = ({ IdentityPoolId, IdentityId, DatasetName }: Address, source: DatasetSource | null) => ({
  identityPoolId: IdentityPoolId,
  identityId: IdentityId,
  datasetName: DatasetName,
  source,
});

const noteOutcome = (
  { report }: Run,
  address: Address,
  source: DatasetSource,
  outcomes: DatasetOutcome[],
): void => {
  const name = `${address.IdentityId}/${address.DatasetName}`;
  const isDiverged = outcomes.some(({ status }) => status === 'DIVERGED');
  const isWritten = !isDiverged && outcomes.some(({ status }) => status !== 'UNCHANGED');
  const outcome = isDiverged ? 'diverged' : isWritten ? 'written' : 'unchanged';
  const removed = source.records.filter(({ value }) => value === null).length;
  report.count('datasets', outcome);
  for (const [kind, count] of [
    ['records', source.records.length - removed],
    ['tombstones', removed],
  ] as const) {
    report.count(kind, 'read', count);
    report.count(kind, outcome, count);
  }
  if (isDiverged)
    report.problem(
      name,
      'it was written here and at the source since the last import, and stays as it is here.',
    );
  const passed = outcomes.at(-1)?.passedLimits ?? [];
  if (passed.length > 0)
    report.problem(
      name,
      `it came over whole, and passes the limit ${passed.join(', ')}: nothing more goes in until it is less.`,
    );
};

const bringDeletion = async (run: Run, owner: SourceOwner, datasetName: string): Promise<void> => {
  const { report, target, choices } = run;
  const name = `${owner.IdentityId}/${datasetName}`;
  if (!choices.deletes)
    return report.problem(name, 'it is gone at the source, and stays here; --delete deletes it.');
  const { status } = await target.importDataset(inputOf({ ...owner, DatasetName: datasetName }, null));
  if (status === 'DIVERGED') {
    report.count('datasets', 'diverged');
    report.problem(name, 'it is gone at the source, and was written here since: it stays.');
  } else report.count('datasets', status === 'DELETED' ? 'written' : 'unchanged');
};
