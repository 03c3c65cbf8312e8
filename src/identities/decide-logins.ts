import { ServiceError, limitExceeded, notAuthorized, resourceConflict } from '../errors';
import { LIMITS } from '../protocol/limits';

/** A login that its provider has vouched for, and the identity it is linked to so far. */
export interface OwnedLogin {
  key: string;
  provider: string;
  subject: string;
  /** Null when no identity of the pool has it yet. */
  ownerId: string | null;
}

/** What has to be known of the identity that a call names. */
export interface IdentityState {
  id: string;
  isAuthenticated: boolean;
  isDisabled: boolean;
  logins: { key: string; provider: string }[];
}

/** What a call with logins comes to: the identity it is about and the logins to link to it. */
export interface LoginDecision {
  /** Null: make a new identity. */
  identityId: string | null;
  link: OwnedLogin[];
}

const forbidden = (identityId: string): ServiceError =>
  notAuthorized(`Access to Identity '${identityId}' is forbidden.`, { identityId });

const newLogins = (logins: OwnedLogin[]): OwnedLogin[] => logins.filter((login) => login.ownerId === null);

const ownersOf = (logins: OwnedLogin[]): string[] => [
  ...new Set(logins.flatMap((login) => (login.ownerId === null ? [] : [login.ownerId]))),
];

/**
 * GetId with logins: the identity that has one of them, or a new one; logins that nobody has are linked to it.
 * @throws RESOURCE_CONFLICT when they belong to different identities.
 */
export const decideGetId = (logins: OwnedLogin[]): LoginDecision => {
  const owners = ownersOf(logins);
  if (owners.length > 1) throw belongsElsewhere(logins, owners[0] ?? '');
  return { identityId: owners[0] ?? null, link: newLogins(logins) };
};

/**
 * GetOpenIdToken and GetCredentialsForIdentity, which name an identity: a guest may go on as one or link logins; an
 * identity that signed in needs a login that is its own.
 * @throws NOT_AUTHORIZED in AWS's words, RESOURCE_CONFLICT for a login of another identity or a provider's second
 *   user, LIMIT_EXCEEDED above 20 logins.
 */
export const decideForIdentity = (identity: IdentityState, logins: OwnedLogin[]): LoginDecision => {
  if (identity.isDisabled) throw forbidden(identity.id);
  if (logins.length === 0 && identity.isAuthenticated) throw forbidden(identity.id);
  if (logins.length > 0 && identity.isAuthenticated) requireOwnLogin(identity, logins);
  if (logins.some((login) => login.ownerId !== null && login.ownerId !== identity.id))
    throw belongsElsewhere(logins, identity.id);
  const link = newLogins(logins);
  requireRoom(identity, link);
  return { identityId: identity.id, link };
};

/** Ownership is proved by one login of the identity's own. @throws NOT_AUTHORIZED */
export const requireOwnLogin = (identity: IdentityState, logins: OwnedLogin[]): void => {
  if (logins.some((login) => login.ownerId === identity.id)) return;
  throw notAuthorized(
    "Logins don't match. Please include at least one valid login for this identity or identity pool.",
    { identityId: identity.id },
  );
};

/** At most one login of a provider, and 20 in all. @throws RESOURCE_CONFLICT, LIMIT_EXCEEDED */
export const requireRoom = (identity: Pick<IdentityState, 'logins'>, link: OwnedLogin[]): void => {
  for (const login of link) {
    if (identity.logins.some((known) => known.provider === login.provider))
      throw resourceConflict(`The identity already has another login of ${login.provider}.`, {
        provider: login.provider,
      });
  }
  const value = identity.logins.length + link.length;
  if (value <= LIMITS.loginsPerIdentity) return;
  throw limitExceeded(`An identity has at most ${LIMITS.loginsPerIdentity} logins.`, {
    limit: 'loginsPerIdentity',
    maximum: LIMITS.loginsPerIdentity,
    value,
  });
};

const belongsElsewhere = (logins: OwnedLogin[], identityId: string): ServiceError => {
  const foreign = logins.find((login) => login.ownerId !== null && login.ownerId !== identityId);
  return resourceConflict(
    `The login of ${foreign?.provider} is already linked to another identity. Call getId with this login alone to go on as that identity.`,
    { provider: foreign?.provider },
  );
};
