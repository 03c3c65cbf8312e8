import { Arg, Ctx, FieldResolver, Mutation, Resolver, Root } from 'type-graphql';
import type { Context } from '../context';
import { IdentityPoolType } from '../identity-pools/identity-pool.types';
import { getSyncConfiguration, setSyncConfiguration } from './sync-configuration.service';
import {
  SetSyncConfigurationInput,
  SetSyncConfigurationPayload,
  SyncConfigurationType,
  toSyncConfigurationType,
} from './sync-configuration.types';

/** How a pool's datasets are merged and kept. */
@Resolver(() => IdentityPoolType)
export class SyncConfigurationResolver {
  @FieldResolver(() => SyncConfigurationType, {
    description: 'How its datasets are merged, and how long their earlier values are kept.',
  })
  async syncConfiguration(
    @Ctx() ctx: Context,
    @Root() pool: IdentityPoolType,
  ): Promise<SyncConfigurationType> {
    return toSyncConfigurationType(await getSyncConfiguration(ctx, { identityPoolId: pool.id }));
  }

  @Mutation(() => SetSyncConfigurationPayload, {
    description: 'Changes how a pool’s datasets are merged, and how long their earlier values are kept.',
  })
  async setSyncConfiguration(
    @Ctx() ctx: Context,
    @Arg('input', () => SetSyncConfigurationInput, { description: 'The pool and what changes.' })
    input: SetSyncConfigurationInput,
  ): Promise<SetSyncConfigurationPayload> {
    return { syncConfiguration: toSyncConfigurationType(await setSyncConfiguration(ctx, input)) };
  }
}
