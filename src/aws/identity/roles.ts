import {
  getIdentityPoolRoles,
  setIdentityPoolRoles,
  type IdentityPoolRoles,
} from '../../identity-pools/roles.service';
import { LIMITS } from '../../protocol/limits';
import type { MappingRule, RoleMapping } from '../../roles/role-mapping';
import { list, stringMap, structure, structureMap } from '../members/collections';
import { arn, regionalId } from '../members/identifiers';
import { enumeration, string } from '../members/shapes';
import { operation, type Operation } from '../operation';
import { providerName } from './members';

const mappingRule = structure({
  claim: string({ min: 1, max: 64, pattern: '[\\p{L}\\p{M}\\p{S}\\p{N}\\p{P}]+' }),
  matchType: enumeration('Equals', 'Contains', 'StartsWith', 'NotEqual'),
  value: string({ min: 1, max: 128 }),
  roleARN: arn,
});

const roleMapping = structure({
  type: enumeration('Token', 'Rules'),
  ambiguousRoleResolution: enumeration('AuthenticatedRole', 'Deny').optional(),
  rulesConfiguration: structure({ rules: list(mappingRule, { min: 1, max: 400 }) }).optional(),
});

const rolesInput = structure({
  identityPoolId: regionalId,
  roles: stringMap(string({ pattern: '(un)?authenticated' }), arn, { max: 2 }),
  roleMappings: structureMap(providerName, roleMapping, { max: LIMITS.roleMappingsPerPool }).optional(),
});

/** The two role slots and the role mappings; those that are empty are left out, as AWS leaves them out. */
const toRoles = (identityPoolId: string, roles: IdentityPoolRoles): object => ({
  IdentityPoolId: identityPoolId,
  Roles: unlessEmpty([
    ['authenticated', roles.authenticated],
    ['unauthenticated', roles.unauthenticated],
  ]),
  RoleMappings: unlessEmpty(roles.roleMappings.map((each) => [each.identityProvider, toRoleMapping(each)])),
});

const unlessEmpty = (entries: [string, unknown][]): object | undefined => {
  const present = entries.filter(([, value]) => value !== null);
  return present.length > 0 ? Object.fromEntries(present) : undefined;
};

const toRoleMapping = ({ type, ambiguousRoleResolution, rules }: RoleMapping): object => ({
  Type: type,
  AmbiguousRoleResolution: ambiguousRoleResolution,
  RulesConfiguration: type === 'Rules' ? { Rules: rules.map(toRule) } : undefined,
});

const toRule = ({ claim, matchType: match, value, roleArn }: MappingRule): object => ({
  Claim: claim,
  MatchType: match,
  Value: value,
  RoleARN: roleArn,
});

/** Operations on the roles that identities of a pool take. */
export const roleOperations: Operation[] = [
  operation('GetIdentityPoolRoles', structure({ identityPoolId: regionalId }), async (ctx, input) =>
    toRoles(input.identityPoolId, await getIdentityPoolRoles(ctx, input)),
  ),
  operation('SetIdentityPoolRoles', rolesInput, async (ctx, { identityPoolId, roles, roleMappings }) => {
    await setIdentityPoolRoles(ctx, {
      identityPoolId,
      roles: Object.fromEntries(roles),
      roleMappings: roleMappings?.map(([identityProvider, mapping]) => ({ identityProvider, ...mapping })),
    });
  }),
];
