import { Arg, Args, Ctx, FieldResolver, Mutation, Resolver, Root } from 'type-graphql';
import type { Context } from '../context';
import { toConnection, type Connection } from '../graphql-types/connection';
import { listHistory } from './history.service';
import {
  EarlierValueConnection,
  EarlierValueType,
  HistoryArgs,
  RestoreDatasetInput,
  RestoreDatasetPayload,
  toRestoreDatasetPayload,
} from './history.types';
import { restoreDataset } from './restore-dataset.service';
import { DatasetType } from './sync.types';

/** Earlier values of a dataset, and the way back to them. */
@Resolver(() => DatasetType)
export class HistoryResolver {
  @FieldResolver(() => EarlierValueConnection, {
    description:
      'What updates of the last days replaced or removed, the last first; for how many days says the pool’s `syncConfiguration`. A page has at most 1 MiB of keys and values, so it may have fewer than `first`.',
  })
  async history(
    @Ctx() ctx: Context,
    @Root() { identityId, name }: DatasetType,
    @Args(() => HistoryArgs) page: HistoryArgs,
  ): Promise<Connection<EarlierValueType>> {
    return toConnection(await listHistory(ctx, { identityId, datasetName: name, ...page }), (value) => value);
  }

  @Mutation(() => RestoreDatasetPayload, {
    description:
      'Brings a dataset back to its state at an earlier sync count, by one update that writes what is different.',
  })
  async restoreDataset(
    @Ctx() ctx: Context,
    @Arg('input', () => RestoreDatasetInput, { description: 'The dataset and the count.' })
    input: RestoreDatasetInput,
  ): Promise<RestoreDatasetPayload> {
    return toRestoreDatasetPayload(await restoreDataset(ctx, input));
  }
}
