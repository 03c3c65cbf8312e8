import { Field, ID, InputType, Int, ObjectType } from 'type-graphql';
import { connectionOf } from '../graphql-types/connection';
import { DateTime, JSONValue } from '../graphql-types/scalars';
import type { Role } from './role.entity';

const NAME = '1 to 64 letters, digits or any of _+=,.@-; unique.';
const TRUST =
  'The trust policy: who may take the role. An IAM policy document, as JSON or as a string; at most 2,048 characters.';

@ObjectType('NamedPolicy', { description: 'A permission policy under its name.' })
export class NamedPolicyType {
  @Field(() => String, { description: 'The name of the policy.' })
  policyName!: string;

  @Field(() => JSONValue, { description: 'The IAM policy document.' })
  policyDocument!: unknown;
}

@InputType({ description: 'A permission policy under its name.' })
export class NamedPolicyInput {
  @Field(() => String, { description: '1 to 128 letters, digits or any of _+=,.@-' })
  policyName!: string;

  @Field(() => JSONValue, {
    description:
      'An IAM policy document, as JSON or as a string; at most 10,240 characters without white space.',
  })
  policyDocument!: unknown;
}

/** GraphQL type `Role`. */
@ObjectType('Role', { description: 'A role that credentials of an identity can be made for.' })
export class RoleType {
  @Field(() => ID, { description: 'Its ARN.' })
  id!: string;

  @Field(() => String, { description: 'Its ARN: `arn:aws:iam::ACCOUNT:role/NAME`.' })
  arn!: string;

  @Field(() => String, { description: NAME })
  name!: string;

  @Field(() => String, { nullable: true, description: 'At most 1,000 characters.' })
  description!: string | null;

  @Field(() => JSONValue, { description: 'The trust policy: who may take the role.' })
  assumeRolePolicyDocument!: unknown;

  @Field(() => [NamedPolicyType], { description: 'The permission policies: what the role may do.' })
  policies!: NamedPolicyType[];

  @Field(() => Int, { description: 'Seconds, 3,600 to 43,200: the longest session of the classic flow.' })
  maxSessionDuration!: number;

  @Field(() => DateTime, { description: 'When it was made.' })
  creationDate!: Date;

  @Field(() => DateTime, { description: 'When it changed last.' })
  lastModifiedDate!: Date;
}

/** The role as GraphQL answers it. */
export const toRoleType = (role: Role): RoleType => ({
  id: role.arn,
  arn: role.arn,
  name: role.name,
  description: role.description,
  assumeRolePolicyDocument: role.trustPolicy,
  policies: role.permissionPolicies.map(({ name, document }) => ({
    policyName: name,
    policyDocument: document,
  })),
  maxSessionDuration: role.maxSessionDuration,
  creationDate: role.createdAt,
  lastModifiedDate: role.lastModifiedAt,
});

/** GraphQL type `RoleConnection`. */
export const RoleConnection = connectionOf('Role', () => RoleType);

@InputType({ description: 'A new role.' })
export class CreateRoleInput {
  @Field(() => String, { description: NAME })
  roleName!: string;

  @Field(() => String, {
    nullable: true,
    description:
      'An ARN that an app already names; it must end in the role’s name. Made from the name when left out.',
  })
  roleArn?: string | null;

  @Field(() => JSONValue, { description: TRUST })
  assumeRolePolicyDocument!: unknown;

  @Field(() => [NamedPolicyInput], { nullable: true, description: 'At most 10 permission policies.' })
  policies?: NamedPolicyInput[] | null;

  @Field(() => String, { nullable: true, description: 'At most 1,000 characters.' })
  description?: string | null;

  @Field(() => Int, { nullable: true, description: 'Seconds, 3,600 (when left out) to 43,200.' })
  maxSessionDuration?: number | null;
}

@InputType({ description: 'Changes of a role; what is left out stays.' })
export class UpdateRoleInput {
  @Field(() => String, { description: NAME })
  roleName!: string;

  @Field(() => JSONValue, { nullable: true, description: TRUST })
  assumeRolePolicyDocument?: unknown;

  @Field(() => [NamedPolicyInput], {
    nullable: true,
    description: 'Replaces all permission policies; at most 10.',
  })
  policies?: NamedPolicyInput[] | null;

  @Field(() => String, { nullable: true, description: 'At most 1,000 characters; null clears it.' })
  description?: string | null;

  @Field(() => Int, { nullable: true, description: 'Seconds, 3,600 to 43,200.' })
  maxSessionDuration?: number | null;
}

@InputType({ description: 'The role to delete.' })
export class DeleteRoleInput {
  @Field(() => String, { description: NAME })
  roleName!: string;
}

@ObjectType({ description: 'The new role.' })
export class CreateRolePayload {
  @Field(() => RoleType, { description: 'The new role.' })
  role!: RoleType;
}

@ObjectType({ description: 'The changed role.' })
export class UpdateRolePayload {
  @Field(() => RoleType, { description: 'The changed role.' })
  role!: RoleType;
}

@ObjectType({ description: 'The role that was deleted.' })
export class DeleteRolePayload {
  @Field(() => RoleType, { description: 'As it was.' })
  role!: RoleType;
}
