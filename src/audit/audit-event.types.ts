import { ArgsType, Field, ID, InputType, ObjectType, registerEnumType } from 'type-graphql';
import { ConnectionArgs, connectionOf } from '../graphql-types/connection';
import { DateTime, JSONValue } from '../graphql-types/scalars';
import type { AuditActorKind, AuditEvent, AuditOutcome } from './audit-event.entity';

/** GraphQL enum `AuditActorKind`: names in capitals, values as the service knows them. */
export const AuditActorKindType: Record<string, AuditActorKind> = {
  ADMINISTRATOR: 'administrator',
  IDENTITY: 'identity',
  ANONYMOUS: 'anonymous',
  SYSTEM: 'system',
};
registerEnumType(AuditActorKindType, {
  name: 'AuditActorKind',
  description: 'What kind of caller it was.',
  valuesConfig: {
    ADMINISTRATOR: { description: 'The holder of an API key.' },
    IDENTITY: { description: 'An identity: by its credentials, or proven by logins.' },
    ANONYMOUS: { description: 'Somebody without credentials.' },
    SYSTEM: { description: 'The server itself, as at its start and in housekeeping.' },
  },
});

/** GraphQL enum `AuditOutcome`. */
export const AuditOutcomeType: Record<string, AuditOutcome> = { ALLOWED: 'allowed', DENIED: 'denied' };
registerEnumType(AuditOutcomeType, {
  name: 'AuditOutcome',
  description: 'Whether it was done.',
  valuesConfig: {
    ALLOWED: { description: 'It was done.' },
    DENIED: { description: 'The policies did not allow it.' },
  },
});

/** GraphQL type `AuditEvent`. */
@ObjectType('AuditEvent', {
  description:
    'Who did what, when and from where: an administrative change, a credential issue, or a denied administrative call.',
})
export class AuditEventType {
  @Field(() => ID, { description: 'A UUID of version 7.' })
  id!: string;

  @Field(() => DateTime, { description: 'When.' })
  occurredAt!: Date;

  @Field(() => AuditActorKindType, { description: 'What kind of caller it was.' })
  actorKind!: AuditActorKind;

  @Field(() => String, { nullable: true, description: 'The access key id or the identity id of the caller.' })
  actorId!: string | null;

  @Field(() => String, { nullable: true, description: 'The ARN that policies know the caller by.' })
  actorArn!: string | null;

  @Field(() => String, { description: 'The IAM action, such as `cognito-identity:CreateIdentityPool`.' })
  action!: string;

  @Field(() => String, { description: 'The ARN it was done on, or `*`.' })
  resourceArn!: string;

  @Field(() => String, { nullable: true, description: 'The identity pool it was about.' })
  identityPoolId!: string | null;

  @Field(() => AuditOutcomeType, { description: 'Whether it was done.' })
  outcome!: AuditOutcome;

  @Field(() => String, { nullable: true, description: 'Why it was denied: ACCESS_DENIED; null otherwise.' })
  errorCode!: string | null;

  @Field(() => String, { nullable: true, description: 'The IP address that the call came from.' })
  sourceIp!: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'What the client called itself: at most 256 characters.',
  })
  userAgent!: string | null;

  @Field(() => String, { description: 'The `X-Request-Id` of the answer.' })
  requestId!: string;

  @Field(() => JSONValue, { description: 'What else there is to say. Never a secret or a token.' })
  details!: Record<string, unknown>;
}

/** GraphQL type `AuditEventConnection`. */
export const AuditEventConnection = connectionOf('AuditEvent', () => AuditEventType);

/** The event as GraphQL answers it. */
export const toAuditEventType = (event: AuditEvent): AuditEventType => ({ ...event });

@InputType({ description: 'Which events: those that all given members fit.' })
export class AuditEventFilterInput {
  @Field(() => String, {
    nullable: true,
    description: 'The IAM action, in full: 1 to 128 characters.',
  })
  action?: string | null;

  @Field(() => String, { nullable: true, description: 'The access key id or identity id of the caller.' })
  actor?: string | null;

  @Field(() => ID, { nullable: true, description: 'The identity pool: `REGION:UUID`.' })
  identityPoolId?: string | null;

  @Field(() => DateTime, { nullable: true, description: 'Not before this time.' })
  from?: Date | null;

  @Field(() => DateTime, { nullable: true, description: 'Before this time.' })
  to?: Date | null;
}

/** The arguments of `auditEvents`. */
@ArgsType()
export class AuditEventsArgs extends ConnectionArgs {
  @Field(() => AuditEventFilterInput, { nullable: true, description: 'Which events; all when left out.' })
  filter?: AuditEventFilterInput | null;
}
