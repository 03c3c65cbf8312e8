import { Arg, Ctx, FieldResolver, Mutation, Resolver, Root } from 'type-graphql';
import type { Context } from '../context';
import { IdentityPoolType } from '../identity-pools/identity-pool.types';
import {
  createPlatformApplication,
  deletePlatformApplication,
  getPushSync,
  listPlatformApplications,
  updatePlatformApplication,
} from './platform-application.service';
import {
  CreatePlatformApplicationInput,
  CreatePlatformApplicationPayload,
  DeletePlatformApplicationInput,
  DeletePlatformApplicationPayload,
  PlatformApplicationType,
  PushSyncType,
  UpdatePlatformApplicationInput,
  UpdatePlatformApplicationPayload,
  toPlatformApplicationType,
} from './platform-application.types';

/** A pool's applications at push platforms. */
@Resolver(() => IdentityPoolType)
export class PlatformApplicationResolver {
  @FieldResolver(() => [PlatformApplicationType], {
    description: 'What devices are sent to by, oldest first: at most 10. Used are those in `pushSync`.',
  })
  async platformApplications(
    @Ctx() ctx: Context,
    @Root() { id }: IdentityPoolType,
  ): Promise<PlatformApplicationType[]> {
    const applications = await listPlatformApplications(ctx, { identityPoolId: id });
    return applications.map(toPlatformApplicationType);
  }

  @FieldResolver(() => PushSyncType, {
    nullable: true,
    description: 'What push sync uses; null when nothing is chosen (GetIdentityPoolConfiguration).',
  })
  pushSync(@Ctx() ctx: Context, @Root() { id }: IdentityPoolType): Promise<PushSyncType | null> {
    return getPushSync(ctx, { identityPoolId: id });
  }

  @Mutation(() => CreatePlatformApplicationPayload, {
    description: 'Makes what devices of a platform are sent to by. Push sync uses it once it is chosen.',
  })
  async createPlatformApplication(
    @Ctx() ctx: Context,
    @Arg('input', () => CreatePlatformApplicationInput, { description: 'The platform and its credentials.' })
    input: CreatePlatformApplicationInput,
  ): Promise<CreatePlatformApplicationPayload> {
    return { platformApplication: toPlatformApplicationType(await createPlatformApplication(ctx, input)) };
  }

  @Mutation(() => UpdatePlatformApplicationPayload, {
    description: 'Gives an application new credentials, or switches it off or on.',
  })
  async updatePlatformApplication(
    @Ctx() ctx: Context,
    @Arg('input', () => UpdatePlatformApplicationInput, { description: 'What is to change.' })
    input: UpdatePlatformApplicationInput,
  ): Promise<UpdatePlatformApplicationPayload> {
    return { platformApplication: toPlatformApplicationType(await updatePlatformApplication(ctx, input)) };
  }

  @Mutation(() => DeletePlatformApplicationPayload, {
    description: 'Deletes an application, and takes it out of what push sync uses.',
  })
  async deletePlatformApplication(
    @Ctx() ctx: Context,
    @Arg('input', () => DeletePlatformApplicationInput, { description: 'The application.' })
    input: DeletePlatformApplicationInput,
  ): Promise<DeletePlatformApplicationPayload> {
    return { platformApplication: toPlatformApplicationType(await deletePlatformApplication(ctx, input)) };
  }
}
