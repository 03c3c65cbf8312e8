import { Field, ID, InputType, ObjectType, registerEnumType } from 'type-graphql';
import { enumOf } from '../graphql-types/enum-of';
import { DateTime, JSONValue } from '../graphql-types/scalars';
import type { PlatformApplicationDescription } from './platform-application.service';
import { PLATFORMS, type Platform } from './send/platform-credentials';

/** GraphQL enum `Platform`. */
export const PlatformType = enumOf(PLATFORMS);
registerEnumType(PlatformType, {
  name: 'Platform',
  description: 'What devices are told by that a dataset changed.',
  valuesConfig: {
    APNS: { description: 'The Apple Push Notification service, for apps from the App Store.' },
    APNS_SANDBOX: { description: 'The same for apps in development.' },
    GCM: { description: 'Firebase Cloud Messaging, by the name that Cognito has for it.' },
    ADM: { description: 'Amazon Device Messaging.' },
    WEB_PUSH: { description: 'Browsers (RFC 8030). Ours: Cognito has none.' },
  },
});

const ARN = 'Its ARN: `arn:aws:sns:REGION:ACCOUNT:app/PLATFORM/NAME`.';
const NAME = '1 to 256 letters, digits and any of _.-; each once in a pool and platform.';
const CREDENTIALS =
  'What the platform gave out. APNS and APNS_SANDBOX: `{ teamId, keyId, privateKey, topic }` with what stands in the .p8 file and the bundle id. GCM: a service account’s JSON. ADM: `{ clientId, clientSecret }`. WEB_PUSH: `{ publicKey, privateKey, subject }`, VAPID keys in base64url and a mailto: or https: address. Kept sealed and never given back.';
const POOL = 'The pool: `REGION:UUID`.';

@ObjectType('PlatformFailure', { description: 'That a platform refused a message.' })
export class PlatformFailureType {
  @Field(() => String, { description: 'What it said, without any token.' })
  message!: string;

  @Field(() => DateTime, { description: 'When it said so.' })
  date!: Date;
}

/** GraphQL type `PlatformApplication`. */
@ObjectType('PlatformApplication', {
  description: 'What the devices of a platform are sent to by: a pool’s account with that platform.',
})
export class PlatformApplicationType {
  @Field(() => ID, { description: ARN })
  id!: string;

  @Field(() => String, { description: ARN })
  platformApplicationArn!: string;

  @Field(() => String, { description: NAME })
  name!: string;

  @Field(() => PlatformType, { description: 'The platform.' })
  platform!: Platform;

  @Field(() => Boolean, { description: 'Whether it is used. Only an administrator switches it off.' })
  enabled!: boolean;

  @Field(() => String, {
    nullable: true,
    description:
      'Of WEB_PUSH: the VAPID public key in base64url, which browsers subscribe with (applicationServerKey).',
  })
  publicKey!: string | null;

  @Field(() => PlatformFailureType, {
    nullable: true,
    description:
      'The last time that the platform refused a message, for credentials or settings; null when it never did since the credentials were given. One refusal switches nothing off.',
  })
  lastFailure!: PlatformFailureType | null;

  @Field(() => DateTime, { description: 'When it was made.' })
  creationDate!: Date;
}

/** Shapes an application as services answer it. */
export const toPlatformApplicationType = ({
  arn,
  creationDate,
  ...rest
}: PlatformApplicationDescription): PlatformApplicationType => ({
  ...rest,
  id: arn,
  platformApplicationArn: arn,
  creationDate: new Date(creationDate),
});

/** GraphQL type `PushSync`. */
@ObjectType('PushSync', { description: 'What push sync uses (PushSync of SetIdentityPoolConfiguration).' })
export class PushSyncType {
  @Field(() => [String], {
    description: 'ARNs of platform applications, at most one of each platform. Push sync is off without any.',
  })
  applicationArns!: string[];

  @Field(() => String, { nullable: true, description: 'An IAM role’s ARN. Kept, and used for nothing here.' })
  roleArn!: string | null;
}

@InputType({ description: 'A platform application to make.' })
export class CreatePlatformApplicationInput {
  @Field(() => ID, { description: POOL })
  identityPoolId!: string;

  @Field(() => String, { description: NAME })
  name!: string;

  @Field(() => PlatformType, { description: 'The platform.' })
  platform!: Platform;

  @Field(() => JSONValue, { description: CREDENTIALS })
  credentials!: unknown;
}

@InputType({ description: 'What is to change in a platform application: one of both, or both.' })
export class UpdatePlatformApplicationInput {
  @Field(() => ID, { description: POOL })
  identityPoolId!: string;

  @Field(() => String, { description: ARN })
  platformApplicationArn!: string;

  @Field(() => JSONValue, { nullable: true, description: `${CREDENTIALS} Left as they are when left out.` })
  credentials?: unknown;

  @Field(() => Boolean, {
    nullable: true,
    description: 'Whether it is used. Left as it is when left out.',
  })
  enabled?: boolean | null;
}

@InputType({ description: 'The platform application to delete.' })
export class DeletePlatformApplicationInput {
  @Field(() => ID, { description: POOL })
  identityPoolId!: string;

  @Field(() => String, { description: ARN })
  platformApplicationArn!: string;
}

@ObjectType({ description: 'The application that was made.' })
export class CreatePlatformApplicationPayload {
  @Field(() => PlatformApplicationType, { description: 'The application.' })
  platformApplication!: PlatformApplicationType;
}

@ObjectType({ description: 'The application as it is now.' })
export class UpdatePlatformApplicationPayload {
  @Field(() => PlatformApplicationType, { description: 'The application as it is now.' })
  platformApplication!: PlatformApplicationType;
}

@ObjectType({ description: 'The application that was deleted.' })
export class DeletePlatformApplicationPayload {
  @Field(() => PlatformApplicationType, { description: 'The application as it was.' })
  platformApplication!: PlatformApplicationType;
}
