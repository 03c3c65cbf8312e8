import { Field, InputType, Int } from 'type-graphql';
import type { TargetInput } from './target.input';

const MAX_BYTES =
  'Bytes that the JSON of one event may have, beyond which its records are behind an address: 1,000 to 10,000,000, 1,000,000 when left out.';

/** GraphQL input `WebhookTargetInput`. */
@InputType('WebhookTargetInput', {
  description: 'Each event is sent as a POST, signed as Standard Webhooks has it.',
})
export class WebhookTargetInput {
  @Field(() => String, { description: 'Where to: https, 1 to 2,048 characters.' })
  url!: string;

  @Field(() => String, {
    nullable: true,
    description:
      'What to sign with: `whsec_` and 24 to 64 bytes in base64. Left out, the webhook keeps the one it has for this address, or one is made and shown once.',
  })
  secret?: string | null;

  @Field(() => Int, { nullable: true, description: MAX_BYTES })
  maxBytes?: number | null;
}

/** GraphQL input `NatsTargetInput`. */
@InputType('NatsTargetInput', { description: 'Events are published to a stream of NATS JetStream.' })
export class NatsTargetInput {
  @Field(() => [String], {
    description: '1 to 10 addresses, `tls://HOST:PORT`, tried one after the other.',
  })
  servers!: string[];

  @Field(() => String, {
    description:
      'The subject, 1 to 256 characters; `{identityPoolId}` in it stands for the pool. A stream has to take it.',
  })
  subject!: string;

  @Field(() => String, { nullable: true, description: 'Together with `password`.' })
  user?: string | null;

  @Field(() => String, { nullable: true, description: 'Together with `user`. Never given back.' })
  password?: string | null;

  @Field(() => String, { nullable: true, description: 'In place of user and password. Never given back.' })
  token?: string | null;

  @Field(() => Int, { nullable: true, description: MAX_BYTES })
  maxBytes?: number | null;
}

/** GraphQL input `RedisTargetInput`. */
@InputType('RedisTargetInput', { description: 'Events are appended to a Redis stream.' })
export class RedisTargetInput {
  @Field(() => String, { description: '`rediss://HOST:PORT/DATABASE`.' })
  url!: string;

  @Field(() => String, { nullable: true, description: 'Of a user with an access control list.' })
  username?: string | null;

  @Field(() => String, { nullable: true, description: 'Never given back.' })
  password?: string | null;

  @Field(() => String, {
    description: 'The key of the stream, 1 to 512 characters; `{identityPoolId}` in it stands for the pool.',
  })
  key!: string;

  @Field(() => Int, {
    nullable: true,
    description: 'About how many entries the stream keeps; 100,000 when left out.',
  })
  maxLength?: number | null;

  @Field(() => Int, { nullable: true, description: MAX_BYTES })
  maxBytes?: number | null;
}

/** GraphQL input `KinesisTargetInput`. */
@InputType('KinesisTargetInput', { description: 'Events are put to a stream of Amazon Kinesis.' })
export class KinesisTargetInput {
  @Field(() => String, { description: '1 to 128 letters, digits, underscores, dots and hyphens.' })
  streamName!: string;

  @Field(() => String, { description: 'Such as `us-east-1`.' })
  region!: string;

  @Field(() => String, { description: 'Of a key that may `kinesis:PutRecords` the stream.' })
  accessKeyId!: string;

  @Field(() => String, { description: 'Never given back.' })
  secretAccessKey!: string;

  @Field(() => String, { nullable: true, description: 'Of temporary credentials. Never given back.' })
  sessionToken?: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'A server that speaks Kinesis, in place of AWS’s of the region.',
  })
  endpoint?: string | null;
}

/** GraphQL input `StreamTargetInput`. */
@InputType('StreamTargetInput', {
  description:
    'Where the events go: exactly one of the kinds, with all of its settings. Addresses must be encrypted and on the public Internet, unless the operator allows others.',
})
export class StreamTargetInput implements TargetInput {
  @Field(() => WebhookTargetInput, { nullable: true, description: 'An HTTP endpoint.' })
  webhook?: WebhookTargetInput | null;

  @Field(() => NatsTargetInput, { nullable: true, description: 'NATS JetStream.' })
  nats?: NatsTargetInput | null;

  @Field(() => RedisTargetInput, { nullable: true, description: 'A Redis stream.' })
  redis?: RedisTargetInput | null;

  @Field(() => KinesisTargetInput, { nullable: true, description: 'Amazon Kinesis.' })
  kinesis?: KinesisTargetInput | null;
}
