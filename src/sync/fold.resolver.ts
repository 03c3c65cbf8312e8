import { Arg, Ctx, Mutation, Resolver } from 'type-graphql';
import type { Context } from '../context';
import { foldMergedDataset } from './fold-merged-dataset.service';
import { FoldMergedDatasetInput, FoldMergedDatasetPayload } from './fold.types';
import { toDatasetType } from './sync.types';

/** What becomes of the datasets of merged identities. */
@Resolver()
export class FoldResolver {
  @Mutation(() => FoldMergedDatasetPayload, {
    description:
      'Folds the dataset of a merged identity, `NAME.REGION:UUID`, into NAME: writes NAME and deletes the other, or neither.',
  })
  async foldMergedDataset(
    @Ctx() ctx: Context,
    @Arg('input', () => FoldMergedDatasetInput, { description: 'The two datasets and the strategy.' })
    input: FoldMergedDatasetInput,
  ): Promise<FoldMergedDatasetPayload> {
    const { dataset, mergedDataset, ...folded } = await foldMergedDataset(ctx, input);
    return {
      ...folded,
      dataset: dataset && toDatasetType(dataset),
      mergedDataset: toDatasetType(mergedDataset),
    };
  }
}
