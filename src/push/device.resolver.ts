import { Arg, Ctx, FieldResolver, Mutation, Resolver, Root } from 'type-graphql';
import type { Context } from '../context';
import { IdentityType } from '../identities/identity.types';
import { deregisterDevice, getPushSyncPublicKey, listDevices, registerDevice } from './device.service';
import {
  DeregisterDeviceInput,
  DeregisterDevicePayload,
  DeviceType,
  RegisterDeviceInput,
  RegisterDevicePayload,
  SubscribeToDatasetInput,
  SubscribeToDatasetPayload,
  UnsubscribeFromDatasetInput,
  UnsubscribeFromDatasetPayload,
} from './device.types';
import { subscribeToDataset, unsubscribeFromDataset } from './subscribe-device.service';

/** The devices of an identity and what they are told of. */
@Resolver(() => IdentityType)
export class DeviceResolver {
  @FieldResolver(() => [DeviceType], {
    description:
      'Its devices, those that were registered last first: at most 100 of its own, more after a merge.',
  })
  devices(@Ctx() ctx: Context, @Root() { id, identityPoolId }: IdentityType): Promise<DeviceType[]> {
    return listDevices(ctx, { identityId: id, identityPoolId });
  }

  @FieldResolver(() => String, {
    nullable: true,
    description:
      'The VAPID public key of its pool in base64url, which a browser subscribes with (applicationServerKey); null when push sync has no WEB_PUSH. For whoever may register a device of it.',
  })
  pushSyncPublicKey(
    @Ctx() ctx: Context,
    @Root() { id, identityPoolId }: IdentityType,
  ): Promise<string | null> {
    return getPushSyncPublicKey(ctx, { identityId: id, identityPoolId });
  }

  @Mutation(() => RegisterDevicePayload, {
    description: 'Registers a device of the calling identity for push messages. For identities only.',
  })
  async registerDevice(
    @Ctx() ctx: Context,
    @Arg('input', () => RegisterDeviceInput, { description: 'The platform and its token.' })
    input: RegisterDeviceInput,
  ): Promise<RegisterDevicePayload> {
    const device = await registerDevice(ctx, input);
    return { deviceId: device.id, device };
  }

  @Mutation(() => DeregisterDevicePayload, {
    description: 'Forgets a device with its subscriptions, as when a person signs out. For identities only.',
  })
  async deregisterDevice(
    @Ctx() ctx: Context,
    @Arg('input', () => DeregisterDeviceInput, { description: 'The device.' })
    input: DeregisterDeviceInput,
  ): Promise<DeregisterDevicePayload> {
    return { device: await deregisterDevice(ctx, input) };
  }

  @Mutation(() => SubscribeToDatasetPayload, {
    description: 'Has a device told of each change of a dataset by another one. For identities only.',
  })
  async subscribeToDataset(
    @Ctx() ctx: Context,
    @Arg('input', () => SubscribeToDatasetInput, { description: 'The dataset and the device.' })
    input: SubscribeToDatasetInput,
  ): Promise<SubscribeToDatasetPayload> {
    return { device: await subscribeToDataset(ctx, input) };
  }

  @Mutation(() => UnsubscribeFromDatasetPayload, {
    description: 'Has a device told of a dataset no more. For identities only.',
  })
  async unsubscribeFromDataset(
    @Ctx() ctx: Context,
    @Arg('input', () => UnsubscribeFromDatasetInput, { description: 'The dataset and the device.' })
    input: UnsubscribeFromDatasetInput,
  ): Promise<UnsubscribeFromDatasetPayload> {
    return { device: await unsubscribeFromDataset(ctx, input) };
  }
}
