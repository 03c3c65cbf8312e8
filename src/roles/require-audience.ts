import { ServiceError } from '../errors';
import { COGNITO_PRINCIPAL } from '../ids';
import type { ConditionValue, OneOrMany, TrustPolicyDocument, TrustStatement } from '../policy/document';

const AUDIENCE_KEY = `${COGNITO_PRINCIPAL}:aud`;

/** Operators that tie the audience to given pools; a negated one, or IfExists, would let any pool in. */
const BINDING_OPERATOR = /^(ForA(nyValue|llValues):)?(StringEquals|StringEqualsIgnoreCase|StringLike)$/;

/**
 * A role for identity pools must say which: without a condition on the audience the identities of every pool could
 * take it. AWS refuses such new roles as well (Cognito developer guide, "Using IAM roles").
 * @throws MALFORMED_POLICY_DOCUMENT
 */
export const requireAudience = (policy: TrustPolicyDocument, field: string): void => {
  const statements = toList<TrustStatement>(policy.Statement);
  const open = statements.findIndex((s) => s.Effect === 'Allow' && trustsPools(s) && !bindsAudience(s));
  if (open < 0) return;
  const path = `${field}.Statement[${open}].Condition`;
  const message = `must have StringEquals with ${AUDIENCE_KEY}, the ids of the identity pools that may take the role, without wildcards and policy variables`;
  throw new ServiceError('MALFORMED_POLICY_DOCUMENT', `${path} ${message}`, {
    field: path,
    problems: [{ path, message }],
  });
};

const toList = <T>(value: OneOrMany<T>): readonly T[] =>
  Array.isArray(value) ? (value as readonly T[]) : [value as T];

const trustsPools = ({ Principal }: TrustStatement): boolean => {
  if (Principal === undefined || Principal === '*') return true;
  const named = [Principal.Federated, Principal.AWS].flatMap((value) => toList(value ?? []) as string[]);
  return named.some((name) => name === '*' || name === COGNITO_PRINCIPAL);
};

/** Wildcards match the ids of other pools; a variable may be any id, and that of the caller's own pool always is. */
const BINDS_NOTHING = /[*?]|\$\{/;

const bindsAudience = ({ Condition }: TrustStatement): boolean =>
  Object.entries(Condition ?? {}).some(
    ([operator, keys]) =>
      BINDING_OPERATOR.test(operator) &&
      Object.entries(keys).some(([key, values]) => key.toLowerCase() === AUDIENCE_KEY && areIds(values)),
  );

const areIds = (values: OneOrMany<ConditionValue>): boolean =>
  toList(values).every((value) => !BINDS_NOTHING.test(String(value)));
