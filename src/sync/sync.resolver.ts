import { Arg, Ctx, Mutation, Query, Resolver } from 'type-graphql';
import type { Context } from '../context';
import { deleteDataset } from './datasets.service';
import { listRecords } from './list-records.service';
import { ListRecordsInput, ListRecordsPayload } from './list-records.types';
import {
  DeleteDatasetInput,
  DeleteDatasetPayload,
  UpdateRecordsInput,
  UpdateRecordsPayload,
  toDatasetType,
} from './sync.types';
import { synchronize } from './synchronize.service';
import { SynchronizeInput, SynchronizePayload, toSynchronizedDatasetType } from './synchronize.types';
import { updateRecords } from './update-records.service';

/** Reading and writing the records of datasets. */
@Resolver()
export class SyncResolver {
  @Query(() => ListRecordsPayload, {
    description:
      'The records that changed since a sync count, with all that a device needs to know (ListRecords).',
  })
  listRecords(
    @Ctx() ctx: Context,
    @Arg('input', () => ListRecordsInput, { description: 'The dataset and the count to pull from.' })
    input: ListRecordsInput,
  ): Promise<ListRecordsPayload> {
    return listRecords(ctx, input);
  }

  @Mutation(() => UpdateRecordsPayload, {
    description:
      'Writes all changes to a dataset, or none of them. RESOURCE_CONFLICT lists, with the server’s records, what others wrote since the device saw it.',
  })
  async updateRecords(
    @Ctx() ctx: Context,
    @Arg('input', () => UpdateRecordsInput, { description: 'The dataset and the changes.' })
    input: UpdateRecordsInput,
  ): Promise<UpdateRecordsPayload> {
    const { dataset, ...updated } = await updateRecords(ctx, input);
    return { ...updated, dataset: dataset && toDatasetType(dataset) };
  }

  @Mutation(() => SynchronizePayload, {
    description:
      'Pushes and pulls in one transaction: applies changes by `onConflict` and the pool’s merge rules, and answers all that changed since the last pull.',
  })
  async synchronize(
    @Ctx() ctx: Context,
    @Arg('input', () => SynchronizeInput, { description: 'What the device has and wants to change.' })
    input: SynchronizeInput,
  ): Promise<SynchronizePayload> {
    return { datasets: (await synchronize(ctx, input)).map(toSynchronizedDatasetType) };
  }

  @Mutation(() => DeleteDatasetPayload, {
    description: 'Deletes a dataset with all of its records, for good.',
  })
  async deleteDataset(
    @Ctx() ctx: Context,
    @Arg('input', () => DeleteDatasetInput, { description: 'The dataset.' }) input: DeleteDatasetInput,
  ): Promise<DeleteDatasetPayload> {
    return { dataset: toDatasetType(await deleteDataset(ctx, input)) };
  }
}
