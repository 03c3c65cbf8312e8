import { Field, ID, InputType, ObjectType } from 'type-graphql';
import { DateTime } from '../graphql-types/scalars';
import { PlatformType } from './platform-application.types';
import type { Platform } from './send/platform-credentials';

const POOL = 'The pool: `REGION:UUID`. The caller’s own when left out.';
const IDENTITY = 'The identity: `REGION:UUID`. The caller when left out.';
const DEVICE = 'What `registerDevice` answered.';

/** GraphQL type `Device`. */
@ObjectType('Device', { description: 'A device that is told by push messages of changed datasets.' })
export class DeviceType {
  @Field(() => ID, { description: 'Its id, to be given as `deviceId`.' })
  id!: string;

  @Field(() => PlatformType, { description: 'What it is told by.' })
  platform!: Platform;

  @Field(() => [String], { description: 'The datasets that it is told of, by name.' })
  datasetNames!: string[];

  @Field(() => DateTime, { description: 'When it was registered first.' })
  creationDate!: Date;

  @Field(() => DateTime, { description: 'When it was registered last.' })
  lastModifiedDate!: Date;
}

@InputType({ description: 'A device to register.' })
export class RegisterDeviceInput {
  @Field(() => ID, { nullable: true, description: POOL })
  identityPoolId?: string | null;

  @Field(() => ID, { nullable: true, description: IDENTITY })
  identityId?: string | null;

  @Field(() => PlatformType, { description: 'The platform that gave out the token.' })
  platform!: Platform;

  @Field(() => String, {
    description:
      'What the platform knows the device by: 1 to 4,096 characters. Of WEB_PUSH the JSON of the browser’s PushSubscription.',
  })
  token!: string;
}

@InputType({ description: 'A device of the caller’s.' })
export class DeregisterDeviceInput {
  @Field(() => ID, { nullable: true, description: POOL })
  identityPoolId?: string | null;

  @Field(() => ID, { nullable: true, description: IDENTITY })
  identityId?: string | null;

  @Field(() => ID, { description: DEVICE })
  deviceId!: string;
}

@InputType({ description: 'A dataset and the device that is to be told of its changes.' })
export class SubscribeToDatasetInput {
  @Field(() => ID, { nullable: true, description: POOL })
  identityPoolId?: string | null;

  @Field(() => ID, { nullable: true, description: IDENTITY })
  identityId?: string | null;

  @Field(() => String, { description: 'The name of a dataset that exists: 1 to 128 of a-zA-Z0-9_.:-' })
  datasetName!: string;

  @Field(() => ID, { description: DEVICE })
  deviceId!: string;
}

@InputType({ description: 'A dataset and the device that is to be told of it no more.' })
export class UnsubscribeFromDatasetInput {
  @Field(() => ID, { nullable: true, description: POOL })
  identityPoolId?: string | null;

  @Field(() => ID, { nullable: true, description: IDENTITY })
  identityId?: string | null;

  @Field(() => String, { description: 'The name of the dataset: 1 to 128 of a-zA-Z0-9_.:-' })
  datasetName!: string;

  @Field(() => ID, { description: DEVICE })
  deviceId!: string;
}

@ObjectType({ description: 'The device that was registered.' })
export class RegisterDevicePayload {
  @Field(() => ID, { description: 'Its id. The same token of the same identity gives the same.' })
  deviceId!: string;

  @Field(() => DeviceType, { description: 'The device.' })
  device!: DeviceType;
}

@ObjectType({ description: 'The device that is no more.' })
export class DeregisterDevicePayload {
  @Field(() => DeviceType, { description: 'The device as it was.' })
  device!: DeviceType;
}

@ObjectType({ description: 'The device with what it is told of now.' })
export class SubscribeToDatasetPayload {
  @Field(() => DeviceType, { description: 'The device.' })
  device!: DeviceType;
}

@ObjectType({ description: 'The device with what it is still told of.' })
export class UnsubscribeFromDatasetPayload {
  @Field(() => DeviceType, { description: 'The device.' })
  device!: DeviceType;
}
