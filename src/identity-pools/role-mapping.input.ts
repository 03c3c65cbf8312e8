import { z } from 'zod';
import { LIMITS } from '../protocol/limits';
import type { RoleMapping } from '../roles/role-mapping';
import { isEachOnce, text } from '../validate';

/** The ARN of a role, known here or not. */
export const roleArn = text(20, 2048).regex(/^arn:aws:iam::\d+:role\/.+$/);

const mappingRule = z.object({
  claim: text(1, 64).regex(/^[\p{L}\p{M}\p{S}\p{N}\p{P}]+$/u),
  matchType: z.enum(['Equals', 'Contains', 'StartsWith', 'NotEqual']),
  value: text(1, 128),
  roleARN: roleArn,
});

const roleMapping = z
  .object({
    identityProvider: text(1, 2048),
    type: z.enum(['Token', 'Rules']),
    ambiguousRoleResolution: z.enum(['AuthenticatedRole', 'Deny']).nullish(),
    rulesConfiguration: z
      .object({ rules: z.array(mappingRule).min(1).max(LIMITS.rulesPerRoleMapping) })
      .nullish(),
  })
  .refine((mapping) => !!mapping.ambiguousRoleResolution, {
    path: ['ambiguousRoleResolution'],
    message: 'must be given for the types Token and Rules',
  })
  .refine((mapping) => mapping.type === 'Token' || !!mapping.rulesConfiguration, {
    path: ['rulesConfiguration'],
    message: 'must be given for the type Rules',
  });

/** At most 10 role mappings, each provider once, with 1 to 25 rules each. */
export const roleMappingList = z
  .array(roleMapping)
  .max(LIMITS.roleMappingsPerPool)
  .refine(
    (mappings) => isEachOnce(mappings.map((mapping) => mapping.identityProvider)),
    'must not name the same provider twice',
  );

/** The mapping as it is stored. */
export const toRoleMapping = (given: z.infer<typeof roleMapping>): RoleMapping => ({
  identityProvider: given.identityProvider,
  type: given.type,
  ambiguousRoleResolution: given.ambiguousRoleResolution ?? 'Deny',
  rules: (given.rulesConfiguration?.rules ?? []).map(({ roleARN, ...rule }) => ({
    ...rule,
    roleArn: roleARN,
  })),
});
