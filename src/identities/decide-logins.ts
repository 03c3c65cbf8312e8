import { ServiceError, identityForbidden, limitExceeded, notAuthorized, resourceConflict } from '../errors';
import { LIMITS } from '../protocol/limits';

/** A login that its provider has vouched for, and the identity it is linked to so far. */
export interface OwnedLogin {
  key: string;
  provider: string;
  subject: string;
  /** Null when no identity of the pool has it yet. */
  ownerId: string | null;
  /** Whether the customer's own back end vouched for it: an identity may have several of those. */
  isDeveloper: boolean;
}

/** What has to be known of an identity. */
export interface IdentityState {
  id: string;
  isAuthenticated: boolean;
  isDisabled: boolean;
  /** The identity that this one was merged into. */
  mergedInto: string | null;
  createdAt: Date;
  logins: { key: string; provider: string; isDeveloper: boolean }[];
  /** Logins of which only the provider's name came over from where the identity was imported. */
  unproven: UnprovenLoginState[];
}

/** A login whose user is not known here: nobody can prove it, but for who claims it. */
export interface UnprovenLoginState {
  provider: string;
  isDeveloper: boolean;
  /** Whether an administrator lets the first valid login that comes with the identity's id take its place. */
  isClaimable: boolean;
}

/** What a rule decides by: the identity that the call names, the logins, and the identities that have them. */
export interface LoginWorld {
  named: IdentityState | undefined;
  logins: OwnedLogin[];
  owners: IdentityState[];
}

/** What a call with logins comes to: the identity to go on as, those to merge into it, the logins to link to it. */
export interface LoginDecision {
  /** Null: make a new identity. */
  identityId: string | null;
  merge: string[];
  link: OwnedLogin[];
  /** Those of `link` that proved the identity by nothing but its id. */
  claimed?: OwnedLogin[];
}

const newLogins = (logins: OwnedLogin[]): OwnedLogin[] => logins.filter((login) => login.ownerId === null);

/** The identities that have one of the logins. */
export const ownersOf = (logins: OwnedLogin[]): string[] => [
  ...new Set(logins.flatMap((login) => (login.ownerId === null ? [] : [login.ownerId]))),
];

/**
 * GetId with logins: the identity that has them, or a new one; logins that nobody has are linked to it. When they belong
 * to different identities, these are merged into the oldest.
 */
export const decideGetId = ({ logins, owners }: Omit<LoginWorld, 'named'>): LoginDecision => {
  const [survivor, ...losers] = [...owners].sort(byAge);
  return { identityId: survivor?.id ?? null, merge: losers.map(({ id }) => id), link: newLogins(logins) };
};

const byAge = (a: IdentityState, b: IdentityState): number =>
  a.createdAt.getTime() - b.createdAt.getTime() || (a.id < b.id ? -1 : 1);

/**
 * GetOpenIdToken and GetCredentialsForIdentity, which name an identity. A guest may go on as one, link logins, or be
 * merged into the identity that has them already, the oldest of several; an identity that signed in needs a login of
 * its own, or one that may be claimed, and takes in the owners of the others. `isProven` says that the customer's back
 * end has vouched for the identity itself.
 * @throws NOT_AUTHORIZED in AWS's words; for an identity that was merged, with `mergedInto` to whoever proves the survivor.
 */
export const decideForIdentity = (
  identity: IdentityState,
  { logins, owners }: Omit<LoginWorld, 'named'>,
  isProven = false,
): LoginDecision => {
  if (identity.isDisabled) throw disabled(identity, logins);
  const claimed = isProven ? [] : claimable(identity, logins);
  if (identity.isAuthenticated && !isProven && claimed.length === 0) requireOwnLogin(identity, logins);
  const others = [...owners]
    .sort(byAge)
    .map(({ id }) => id)
    .filter((id) => id !== identity.id);
  const link = newLogins(logins);
  const [survivor] = others;
  if (identity.isAuthenticated || survivor === undefined)
    return { identityId: identity.id, merge: others, link, ...(claimed.length > 0 ? { claimed } : {}) };
  return { identityId: survivor, merge: [identity.id, ...others.slice(1)], link };
};

/**
 * Logins that may take the place of unproven ones of an imported identity: of its providers, owned by nobody, in a call
 * that merges nothing, and as long as nobody has proved a login of a public provider for it. So whoever came first keeps
 * the identity, and brings the other providers along by presenting them beside a login that is linked.
 */
export const claimable = (identity: IdentityState, logins: OwnedLogin[]): OwnedLogin[] => {
  const isTaken = identity.logins.some(({ isDeveloper }) => !isDeveloper);
  if (!identity.isAuthenticated || isTaken || ownersOf(logins).length > 0) return [];
  return logins.filter(
    (login) =>
      !login.isDeveloper &&
      identity.unproven.some(({ provider, isClaimable }) => isClaimable && provider === login.provider),
  );
};

const disabled = (identity: IdentityState, logins: OwnedLogin[]): ServiceError => {
  const proved = identity.mergedInto !== null && ownersOf(logins).includes(identity.mergedInto);
  return identityForbidden(
    identity.id,
    proved && identity.mergedInto ? { mergedInto: identity.mergedInto } : {},
  );
};

/** Ownership is proved by one login of the identity's own. @throws NOT_AUTHORIZED */
export const requireOwnLogin = (identity: IdentityState, logins: OwnedLogin[]): void => {
  if (logins.length === 0) throw identityForbidden(identity.id);
  if (logins.some((login) => login.ownerId === identity.id)) return;
  throw notAuthorized(
    "Logins don't match. Please include at least one valid login for this identity or identity pool.",
    { identityId: identity.id },
  );
};

/** What stands against a merge or a link; empty when nothing does. */
export interface LoginProblems {
  /** Public providers that the result would have two users of. */
  conflictingProviders: string[];
  /** Logins that the result would have. */
  loginCount: number;
}

/**
 * The logins that one identity would have after a merge and a link, unproven ones included. A login that is linked takes
 * the place of an unproven one of its provider; of two identities these are two users, or their source would have had
 * one identity.
 */
export const problemsOf = (
  identities: Pick<IdentityState, 'logins' | 'unproven'>[],
  link: OwnedLogin[],
): LoginProblems => {
  const unproven = identities.flatMap((identity) => identity.unproven);
  const isInPlace = (login: OwnedLogin): boolean =>
    unproven.some(({ provider }) => provider === login.provider);
  const linked = [
    ...identities.flatMap(({ logins }) => logins),
    ...link.filter((login) => !isInPlace(login)),
  ];
  const all = [...new Map(linked.map((login) => [login.key, login])).values(), ...unproven];
  const publicProviders = all.filter((login) => !login.isDeveloper).map((login) => login.provider);
  const conflictingProviders = new Set(
    publicProviders.filter((provider, at) => publicProviders.indexOf(provider) < at),
  );
  return { conflictingProviders: [...conflictingProviders], loginCount: all.length };
};

/**
 * At most one user of a public provider, and 20 logins in all.
 * @throws RESOURCE_CONFLICT with `provider`, LIMIT_EXCEEDED.
 */
export const requireNoProblems = ({ conflictingProviders, loginCount }: LoginProblems): void => {
  const [provider] = conflictingProviders;
  if (provider !== undefined)
    throw resourceConflict(
      `An identity has at most one login of a provider, and here are two of ${provider}. Sign in with one of them alone to go on as its identity.`,
      { provider, conflictingProviders },
    );
  if (loginCount <= LIMITS.loginsPerIdentity) return;
  throw limitExceeded(`An identity has at most ${LIMITS.loginsPerIdentity} logins.`, {
    limit: 'loginsPerIdentity',
    maximum: LIMITS.loginsPerIdentity,
    value: loginCount,
  });
};
