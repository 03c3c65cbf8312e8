import { Field, ID, InputType, ObjectType, registerEnumType } from 'type-graphql';
import { connectionOf } from '../graphql-types/connection';
import { DateTime } from '../graphql-types/scalars';
import { NamedPolicyInput, NamedPolicyType } from '../roles/role.types';
import type { ApiKey } from './api-key.entity';
import type { ManagedPolicyName } from './managed-policies';

/** GraphQL enum `ManagedPolicy`: names in capitals, values as the service knows them. */
export const ManagedPolicyType: Record<string, ManagedPolicyName> = {
  ADMINISTRATOR_ACCESS: 'AdministratorAccess',
  POWER_USER: 'PowerUser',
  READ_ONLY: 'ReadOnly',
};
registerEnumType(ManagedPolicyType, {
  name: 'ManagedPolicy',
  description: 'A ready-made policy.',
  valuesConfig: {
    ADMINISTRATOR_ACCESS: { description: 'Everything.' },
    POWER_USER: { description: 'Pools, identities and their data; no roles, providers or keys.' },
    READ_ONLY: { description: 'Sees everything, changes nothing.' },
  },
});

/** GraphQL type `ApiKey`. */
@ObjectType('ApiKey', {
  description: 'A key of an administrator or a back end. Its secret is never shown again.',
})
export class ApiKeyType {
  @Field(() => ID, { description: 'The access key id.' })
  id!: string;

  @Field(() => String, { description: 'The access key id.' })
  accessKeyId!: string;

  @Field(() => String, { description: 'What it is for: 1 to 128 characters.' })
  name!: string;

  @Field(() => [ManagedPolicyType], { description: 'The ready-made policies attached to it.' })
  managedPolicies!: ManagedPolicyName[];

  @Field(() => [NamedPolicyType], { description: 'Its own policies.' })
  policies!: NamedPolicyType[];

  @Field(() => DateTime, { description: 'When it was made.' })
  creationDate!: Date;

  @Field(() => DateTime, { nullable: true, description: 'When it was revoked; null while it works.' })
  revokedDate!: Date | null;
}

/** The key as GraphQL answers it, without its secret. */
export const toApiKeyType = (key: ApiKey): ApiKeyType => ({
  id: key.accessKeyId,
  accessKeyId: key.accessKeyId,
  name: key.name,
  managedPolicies: key.managedPolicies,
  policies: key.inlinePolicies.map(({ name, document }) => ({ policyName: name, policyDocument: document })),
  creationDate: key.createdAt,
  revokedDate: key.revokedAt,
});

/** GraphQL type `ApiKeyConnection`. */
export const ApiKeyConnection = connectionOf('ApiKey', () => ApiKeyType);

@InputType({ description: 'A new key. It needs at least one policy.' })
export class CreateApiKeyInput {
  @Field(() => String, { description: 'What it is for: 1 to 128 characters.' })
  name!: string;

  @Field(() => [ManagedPolicyType], { nullable: true, description: 'Ready-made policies to attach.' })
  managedPolicies?: ManagedPolicyName[] | null;

  @Field(() => [NamedPolicyInput], { nullable: true, description: 'At most 10 policies of its own.' })
  policies?: NamedPolicyInput[] | null;
}

@ObjectType({ description: 'The new key with its secret.' })
export class CreateApiKeyPayload {
  @Field(() => ApiKeyType, { description: 'The new key.' })
  apiKey!: ApiKeyType;

  @Field(() => String, {
    description: 'Shown this once. The bearer is `accessKeyId.secretAccessKey`.',
  })
  secretAccessKey!: string;
}

@InputType({ description: 'The key to revoke.' })
export class RevokeApiKeyInput {
  @Field(() => ID, { description: 'The access key id.' })
  accessKeyId!: string;
}

@ObjectType({ description: 'The revoked key.' })
export class RevokeApiKeyPayload {
  @Field(() => ApiKeyType, { description: 'The key, which works no more.' })
  apiKey!: ApiKeyType;
}
