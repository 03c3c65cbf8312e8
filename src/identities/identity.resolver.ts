import { Arg, Args, Ctx, FieldResolver, ID, Mutation, Query, Resolver, Root } from 'type-graphql';
import type { Context } from '../context';
import { ConnectionArgs, toConnection, type Connection } from '../graphql-types/connection';
import { IdentityPoolType, toIdentityPoolType } from '../identity-pools/identity-pool.types';
import { describeDataset, listDatasets } from '../sync/datasets.service';
import { DatasetConnection, DatasetType, toDatasetType } from '../sync/sync.types';
import { describeIdentityUsage } from '../sync/usage.service';
import { IdentityUsageType } from '../sync/usage.types';
import { deleteIdentities } from './delete-identities.service';
import { deleteIdentityPool } from './delete-identity-pool.service';
import { getId } from './get-id.service';
import { describeIdentity, describeSurvivor, listIdentities, viewer } from './identity.service';
import {
  DeleteIdentitiesInput,
  DeleteIdentitiesPayload,
  DeleteIdentityPoolInput,
  DeleteIdentityPoolPayload,
  GetIdInput,
  GetIdPayload,
  IdentityConnection,
  IdentityType,
  ListIdentitiesArgs,
  PreviewMergeInput,
  PreviewMergePayload,
  UnlinkIdentityInput,
  UnlinkIdentityPayload,
  toIdentityType,
} from './identity.types';
import { previewMerge } from './preview-merge.service';
import { unlinkIdentity } from './unlink-identity.service';

/** Identities, how they are got and given up. */
@Resolver(() => IdentityType)
export class IdentityResolver {
  @Query(() => IdentityType, {
    description: 'One identity (DescribeIdentity): its own for an identity, any for an administrator.',
  })
  async identity(
    @Ctx() ctx: Context,
    @Arg('id', () => ID, { description: 'The id of the identity: `REGION:UUID`.' }) id: string,
  ): Promise<IdentityType> {
    return toIdentityType(await describeIdentity(ctx, { identityId: id }));
  }

  @Query(() => IdentityType, {
    nullable: true,
    description: 'The calling identity; null for administrators and for callers without credentials.',
  })
  async viewer(@Ctx() ctx: Context): Promise<IdentityType | null> {
    const own = await viewer(ctx);
    return own && toIdentityType(own);
  }

  @FieldResolver(() => DatasetConnection, {
    description: 'Its datasets, by name (ListDatasets); at most 20 of its own making, more after a merge.',
  })
  async datasets(
    @Ctx() ctx: Context,
    @Root() { id, identityPoolId }: IdentityType,
    @Args(() => ConnectionArgs) page: ConnectionArgs,
  ): Promise<Connection<DatasetType>> {
    return toConnection(await listDatasets(ctx, { identityId: id, identityPoolId, ...page }), toDatasetType);
  }

  @FieldResolver(() => DatasetType, { description: 'One of its datasets (DescribeDataset).' })
  async dataset(
    @Ctx() ctx: Context,
    @Root() { id, identityPoolId }: IdentityType,
    @Arg('name', () => String, { description: 'The name of the dataset: 1 to 128 of a-zA-Z0-9_.:-' })
    name: string,
  ): Promise<DatasetType> {
    return toDatasetType(await describeDataset(ctx, { identityId: id, identityPoolId, datasetName: name }));
  }

  @FieldResolver(() => IdentityUsageType, {
    description: 'What its datasets hold (DescribeIdentityUsage).',
  })
  usage(@Ctx() ctx: Context, @Root() { id, identityPoolId }: IdentityType): Promise<IdentityUsageType> {
    return describeIdentityUsage(ctx, { identityId: id, identityPoolId });
  }

  @FieldResolver(() => IdentityType, {
    nullable: true,
    description:
      'The identity that this one was merged into, when that is why it is disabled: where its data is now, also after further merges. Null when that was deleted.',
  })
  async mergedInto(
    @Ctx() ctx: Context,
    @Root() { mergedIntoId }: IdentityType,
  ): Promise<IdentityType | null> {
    const survivor = await describeSurvivor(ctx, mergedIntoId);
    return survivor && toIdentityType(survivor);
  }

  @Query(() => PreviewMergePayload, {
    description:
      'What getId or getCredentialsForIdentity would do with these logins, without doing it. Needs no credentials.',
  })
  previewMerge(
    @Ctx() ctx: Context,
    @Arg('input', () => PreviewMergeInput, { description: 'The logins.' }) input: PreviewMergeInput,
  ): Promise<PreviewMergePayload> {
    return previewMerge(ctx, input);
  }

  @Mutation(() => GetIdPayload, {
    description: 'The identity of the logins; without logins a new guest each time. Needs no credentials.',
  })
  async getId(
    @Ctx() ctx: Context,
    @Arg('input', () => GetIdInput, { description: 'The pool and the logins.' }) input: GetIdInput,
  ): Promise<GetIdPayload> {
    const identity = toIdentityType(await getId(ctx, input));
    return { identityId: identity.id, identity };
  }

  @Mutation(() => UnlinkIdentityPayload, {
    description: 'Takes logins off an identity, for whoever proves one of them. Needs no credentials.',
  })
  async unlinkIdentity(
    @Ctx() ctx: Context,
    @Arg('input', () => UnlinkIdentityInput, { description: 'The identity and the providers.' })
    input: UnlinkIdentityInput,
  ): Promise<UnlinkIdentityPayload> {
    const identity = toIdentityType(await unlinkIdentity(ctx, input));
    return { identityId: identity.id, identity };
  }

  @Mutation(() => DeleteIdentitiesPayload, { description: 'Deletes identities with everything they have.' })
  async deleteIdentities(
    @Ctx() ctx: Context,
    @Arg('input', () => DeleteIdentitiesInput, { description: 'The identities.' })
    input: DeleteIdentitiesInput,
  ): Promise<DeleteIdentitiesPayload> {
    return { unprocessedIdentityIds: await deleteIdentities(ctx, input) };
  }

  @Mutation(() => DeleteIdentityPoolPayload, {
    description: 'Deletes a pool with everything in it. Not undoable.',
  })
  async deleteIdentityPool(
    @Ctx() ctx: Context,
    @Arg('input', () => DeleteIdentityPoolInput, { description: 'The pool.' })
    input: DeleteIdentityPoolInput,
  ): Promise<DeleteIdentityPoolPayload> {
    return { identityPool: toIdentityPoolType(await deleteIdentityPool(ctx, input)) };
  }
}

/** The identities of a pool, as a field of the pool. */
@Resolver(() => IdentityPoolType)
export class IdentityPoolIdentitiesResolver {
  @FieldResolver(() => IdentityConnection, {
    description: 'The identities of the pool, by id (ListIdentities).',
  })
  async identities(
    @Ctx() ctx: Context,
    @Root() pool: IdentityPoolType,
    @Args(() => ListIdentitiesArgs) page: ListIdentitiesArgs,
  ): Promise<Connection<IdentityType>> {
    return toConnection(await listIdentities(ctx, { identityPoolId: pool.id, ...page }), toIdentityType);
  }
}
