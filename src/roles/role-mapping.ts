import { notAuthorized, type ServiceError } from '../errors';

/** How a claim is held against a rule's value; case-sensitive. */
export type MatchType = 'Equals' | 'Contains' | 'StartsWith' | 'NotEqual';

/** One rule of a role mapping: the first that matches gives the role. */
export interface MappingRule {
  claim: string;
  matchType: MatchType;
  value: string;
  roleArn: string;
}

/** How identities of one provider get their role. */
export interface RoleMapping {
  /** The provider's name or ARN; for a user pool `NAME:CLIENTID`. */
  identityProvider: string;
  type: 'Token' | 'Rules';
  /** What happens when the mapping gives no role. */
  ambiguousRoleResolution: 'AuthenticatedRole' | 'Deny';
  /** 1 to 25, for the type `Rules`. */
  rules: MappingRule[];
}

/** What a provider says of a user. */
export type Claims = Readonly<Record<string, unknown>>;

/** Who chooses: the mapping, the claims it looks at, and what the caller asked for. */
export interface RoleQuestion {
  mapping: RoleMapping;
  claims: Claims;
  customRoleArn?: string | null | undefined;
  /** The pool's role for identities that signed in. */
  authenticatedRoleArn: string | null;
}

/**
 * The role that a mapping gives (B8): by the token's own claims, or by rules in their order.
 * @returns null when the pool has no role to fall back on.
 * @throws NOT_AUTHORIZED when the mapping denies, or when `customRoleArn` is none of the roles it could give.
 */
export const chooseRole = (question: RoleQuestion): string | null => {
  const candidates = candidatesOf(question);
  const { customRoleArn } = question;
  if (customRoleArn) {
    if (candidates.allowed.includes(customRoleArn)) return customRoleArn;
    throw notAllowed(customRoleArn);
  }
  if (candidates.chosen !== undefined) return candidates.chosen;
  if (question.mapping.ambiguousRoleResolution === 'AuthenticatedRole') return question.authenticatedRoleArn;
  throw denied(question.mapping.identityProvider);
};

/** The refusal of a role that the caller asked for and that nothing gives. */
export const notAllowed = (customRoleArn: string): ServiceError =>
  notAuthorized(`The role ${customRoleArn} is not among the roles of this login.`, {
    field: 'customRoleArn',
  });

const denied = (provider: string): ServiceError =>
  notAuthorized(`The ambiguous role mapping rules for: ${provider} denied this request.`, { provider });

interface Candidates {
  /** The role when the caller does not ask for one. */
  chosen: string | undefined;
  /** What the caller may ask for. */
  allowed: string[];
}

const candidatesOf = ({ mapping, claims }: RoleQuestion): Candidates =>
  mapping.type === 'Token' ? fromToken(claims) : fromRules(mapping.rules, claims);

/** `cognito:preferred_role`, and the list `cognito:roles`, which some documents call comma-separated. */
const fromToken = (claims: Claims): Candidates => {
  const preferred = claims['cognito:preferred_role'];
  return {
    chosen: typeof preferred === 'string' && preferred !== '' ? preferred : undefined,
    allowed: listClaim(claims['cognito:roles']),
  };
};

const listClaim = (value: unknown): string[] => {
  if (Array.isArray(value)) return value.filter((item): item is string => typeof item === 'string');
  return typeof value === 'string' ? value.split(',').map((item) => item.trim()) : [];
};

const fromRules = (rules: MappingRule[], claims: Claims): Candidates => {
  const allowed = rules.filter((rule) => ruleMatches(rule, claims)).map((rule) => rule.roleArn);
  return { chosen: allowed[0], allowed };
};

const MATCHES: Record<MatchType, (claim: string, value: string) => boolean> = {
  Equals: (claim, value) => claim === value,
  NotEqual: (claim, value) => claim !== value,
  StartsWith: (claim, value) => claim.startsWith(value),
  Contains: (claim, value) => claim.includes(value),
};

/** A claim that is not there matches nothing, not even NotEqual. */
const ruleMatches = ({ claim, matchType, value }: MappingRule, claims: Claims): boolean => {
  const text = textOf(claims[claim]);
  return text !== undefined && MATCHES[matchType](text, value);
};

/** Lists, such as `cognito:groups`, are matched in their text form; what is in them and has none is left out. */
const textOf = (value: unknown): string | undefined =>
  Array.isArray(value) ? `[${value.flatMap((item) => plainText(item) ?? []).join(', ')}]` : plainText(value);

/** An object has no text of its own: asked for it, one that a user made up may answer with anything, or not at all. */
const plainText = (value: unknown): string | undefined => {
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
};
