import type { IdentityPool } from '../identity-pools/identity-pool.entity';
import type { VerifiedLogin } from '../logins/verify-logins';
import { chooseRole, notAllowed } from '../roles/role-mapping';

/**
 * The role for the credentials of an identity (B7, B8): a guest's slot; else the role mapping of the first login that
 * has one; else, where the caller asks for one of the roles in a SAML assertion, that; else the slot for identities
 * that signed in.
 * @returns null when the pool has no such role.
 * @throws NOT_AUTHORIZED when the mapping denies, or when `customRoleArn` is none of the login's roles.
 */
export const roleArnFor = (
  pool: IdentityPool,
  logins: VerifiedLogin[],
  customRoleArn?: string | null,
): string | null => {
  if (logins.length === 0) {
    if (customRoleArn) throw notAllowed(customRoleArn);
    return pool.unauthenticatedRoleArn;
  }
  for (const login of logins) {
    const mapping = pool.roleMappings.find((each) => login.roleMappingKeys.includes(each.identityProvider));
    if (mapping)
      return chooseRole({
        mapping,
        claims: login.claims,
        customRoleArn,
        authenticatedRoleArn: pool.authenticatedRoleArn,
      });
  }
  return unmappedRole(pool, logins, customRoleArn);
};

const unmappedRole = (
  pool: IdentityPool,
  logins: VerifiedLogin[],
  customRoleArn: string | null | undefined,
): string | null => {
  if (!customRoleArn) return pool.authenticatedRoleArn;
  if (logins.some((login) => login.roles?.includes(customRoleArn))) return customRoleArn;
  throw notAllowed(customRoleArn);
};
