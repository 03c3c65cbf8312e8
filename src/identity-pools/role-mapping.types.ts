import { Field, InputType, ObjectType, registerEnumType } from 'type-graphql';
import type { MatchType, RoleMapping } from '../roles/role-mapping';

/** GraphQL enum `RoleMappingType`: names in capitals, values as the service knows them. */
export const RoleMappingTypeType: Record<string, RoleMapping['type']> = { TOKEN: 'Token', RULES: 'Rules' };
registerEnumType(RoleMappingTypeType, {
  name: 'RoleMappingType',
  description: 'Where the role of a login comes from.',
  valuesConfig: {
    TOKEN: {
      description: 'From the claims cognito:preferred_role and cognito:roles of a user pool’s token.',
    },
    RULES: { description: 'From rules on claims, in their order: the first that matches.' },
  },
});

/** GraphQL enum `AmbiguousRoleResolution`. */
export const AmbiguousRoleResolutionType: Record<string, RoleMapping['ambiguousRoleResolution']> = {
  AUTHENTICATED_ROLE: 'AuthenticatedRole',
  DENY: 'Deny',
};
registerEnumType(AmbiguousRoleResolutionType, {
  name: 'AmbiguousRoleResolution',
  description: 'What happens when a role mapping gives no role.',
  valuesConfig: {
    AUTHENTICATED_ROLE: { description: 'The pool’s role of identities that signed in.' },
    DENY: { description: 'No credentials.' },
  },
});

/** GraphQL enum `MatchType`. */
export const MatchTypeType: Record<string, MatchType> = {
  EQUALS: 'Equals',
  CONTAINS: 'Contains',
  STARTS_WITH: 'StartsWith',
  NOT_EQUAL: 'NotEqual',
};
registerEnumType(MatchTypeType, {
  name: 'MatchType',
  description: 'How a claim is held against a rule’s value; case-sensitive.',
  valuesConfig: {
    EQUALS: { description: 'The claim is the value.' },
    CONTAINS: { description: 'The claim has the value in it; a list is taken in its text form.' },
    STARTS_WITH: { description: 'The claim starts with the value.' },
    NOT_EQUAL: { description: 'The claim is there and is not the value.' },
  },
});

@ObjectType('MappingRule', { description: 'One rule: the first that matches gives the role.' })
export class MappingRuleType {
  @Field(() => String, { description: 'The claim’s name: 1 to 64 characters.' })
  claim!: string;

  @Field(() => MatchTypeType, { description: 'How to compare.' })
  matchType!: MatchType;

  @Field(() => String, { description: 'What to compare with: 1 to 128 characters.' })
  value!: string;

  @Field(() => String, { description: 'The role when it matches.' })
  roleARN!: string;
}

@InputType({ description: 'One rule: the first that matches gives the role.' })
export class MappingRuleInput {
  @Field(() => String, { description: 'The claim’s name: 1 to 64 characters without white space.' })
  claim!: string;

  @Field(() => MatchTypeType, { description: 'How to compare.' })
  matchType!: MatchType;

  @Field(() => String, { description: 'What to compare with: 1 to 128 characters.' })
  value!: string;

  @Field(() => String, { description: 'The role when it matches. The caller needs iam:PassRole on it.' })
  roleARN!: string;
}

@InputType({ description: 'The rules of a role mapping.' })
export class RulesConfigurationInput {
  @Field(() => [MappingRuleInput], { description: '1 to 25, tried in this order.' })
  rules!: MappingRuleInput[];
}

/** GraphQL type `RoleMapping`. */
@ObjectType('RoleMapping', { description: 'How identities that signed in with one provider get their role.' })
export class RoleMappingObjectType {
  @Field(() => String, { description: 'The provider’s name or ARN; of a user pool `NAME:CLIENTID`.' })
  identityProvider!: string;

  @Field(() => RoleMappingTypeType, { description: 'Where the role comes from.' })
  type!: RoleMapping['type'];

  @Field(() => AmbiguousRoleResolutionType, { description: 'What happens when it gives no role.' })
  ambiguousRoleResolution!: RoleMapping['ambiguousRoleResolution'];

  @Field(() => [MappingRuleType], { description: 'The rules in their order; none for the type TOKEN.' })
  rules!: MappingRuleType[];
}

@InputType({ description: 'How identities that signed in with one provider get their role.' })
export class RoleMappingInput {
  @Field(() => String, {
    description: 'The provider’s name or ARN; of a user pool `NAME:CLIENTID`. Each once.',
  })
  identityProvider!: string;

  @Field(() => RoleMappingTypeType, { description: 'Where the role comes from.' })
  type!: RoleMapping['type'];

  @Field(() => AmbiguousRoleResolutionType, {
    nullable: true,
    description: 'What happens when it gives no role; must be given.',
  })
  ambiguousRoleResolution?: RoleMapping['ambiguousRoleResolution'] | null;

  @Field(() => RulesConfigurationInput, {
    nullable: true,
    description: 'The rules; needed by the type RULES.',
  })
  rulesConfiguration?: RulesConfigurationInput | null;
}

/** The mapping as GraphQL answers it. */
export const toRoleMappingType = ({ rules, ...mapping }: RoleMapping): RoleMappingObjectType => ({
  ...mapping,
  rules: rules.map(({ roleArn, ...rule }) => ({ ...rule, roleARN: roleArn })),
});
