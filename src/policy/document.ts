import { ServiceError } from '../errors';
import { checkStatement, type Report } from './check-statement';

/** One value, or a list of them: IAM lets the brackets of a one-element list be left out. */
export type OneOrMany<T> = T | readonly T[];

/** Policy variables are substituted in `2012-10-17` only; a document without a version counts as `2008-10-17`. */
export type PolicyVersion = '2008-10-17' | '2012-10-17';

/** What a statement that matches does. */
export type Effect = 'Allow' | 'Deny';

/** A value to compare a condition key with; numbers and booleans are compared as their text. */
export type ConditionValue = string | number | boolean;

/** Operator, for example `ForAnyValue:StringLike`, to condition key to the values to compare with. */
export type ConditionBlock = Readonly<Record<string, Readonly<Record<string, OneOrMany<ConditionValue>>>>>;

interface CommonStatement {
  readonly Sid?: string;
  readonly Effect: Effect;
  readonly Action?: OneOrMany<string>;
  readonly NotAction?: OneOrMany<string>;
  readonly Condition?: ConditionBlock;
}

/** A statement of a permission or session policy. */
export interface Statement extends CommonStatement {
  readonly Resource?: OneOrMany<string>;
  readonly NotResource?: OneOrMany<string>;
}

/** The kinds of principal that a trust policy can name. */
export type PrincipalType = 'AWS' | 'Federated' | 'Service' | 'CanonicalUser';

/** Whom a statement of a trust policy is about; `*` is everybody. */
export type Principal = '*' | Readonly<Partial<Record<PrincipalType, OneOrMany<string>>>>;

/** A statement of a role's trust policy. */
export interface TrustStatement extends CommonStatement {
  readonly Principal?: Principal;
  readonly NotPrincipal?: Principal;
}

/** A permission policy or session policy: the JSON as its author gave it, checked. */
export interface PolicyDocument {
  readonly Version?: PolicyVersion;
  readonly Statement: OneOrMany<Statement>;
}

/** A role's trust policy: the JSON as its author gave it, checked. */
export interface TrustPolicyDocument {
  readonly Version?: PolicyVersion;
  readonly Id?: string;
  readonly Statement: OneOrMany<TrustStatement>;
}

/** One mistake in a document, with the path of the element that has it. */
export interface PolicyProblem {
  path: string;
  message: string;
}

/** Characters in a role's permission policy, white space left out ("IAM and AWS STS quotas"). */
export const ROLE_POLICY_MAX_SIZE = 10_240;
/** Characters in a role's trust policy, white space left out ("IAM and AWS STS quotas"). */
export const TRUST_POLICY_MAX_SIZE = 2_048;
/** Characters in a session policy, white space left out ("IAM and AWS STS quotas"). */
export const SESSION_POLICY_MAX_SIZE = 2_048;

/** Document, statements, statement, condition block, operator, values: no valid document nests deeper. */
const MAX_DEPTH = 8;
/** An answer that lists mistakes stays readable and small whatever was sent. */
const MAX_PROBLEMS = 100;

interface Rules {
  trust: boolean;
  maximumSize: number;
}

/**
 * Reads a permission or session policy from an object or a JSON string and returns a frozen copy of it as given.
 * Throws MALFORMED_POLICY_DOCUMENT, with `field` the path of the first mistake and `problems` all of them
 * (at most 100), when it breaks the grammar of IAM's JSON policy language.
 */
export function parsePolicyDocument(
  value: unknown,
  path: string,
  maximumSize = ROLE_POLICY_MAX_SIZE,
): PolicyDocument {
  return parse(value, path, { trust: false, maximumSize }) as unknown as PolicyDocument;
}

/** As `parsePolicyDocument`, for a role's trust policy: a principal is required, a resource is not allowed. */
export function parseTrustPolicy(value: unknown, path: string): TrustPolicyDocument {
  return parse(value, path, {
    trust: true,
    maximumSize: TRUST_POLICY_MAX_SIZE,
  }) as unknown as TrustPolicyDocument;
}

function parse(value: unknown, path: string, rules: Rules): Record<string, unknown> {
  const text = typeof value === 'string' ? value : toJson(value, path);
  checkSize(text, path, rules.maximumSize);
  const document = fromJson(text, path);
  const problems: PolicyProblem[] = [];
  checkDocument(document, path, rules.trust, (at, message) => {
    if (problems.length < MAX_PROBLEMS) problems.push({ path: at, message });
  });
  if (problems.length > 0) throw malformed(problems);
  return deepFreeze(document) as Record<string, unknown>;
}

function malformed(problems: PolicyProblem[], fields: Record<string, unknown> = {}): ServiceError {
  const [first] = problems as [PolicyProblem, ...PolicyProblem[]];
  const rest = problems.length > 1 ? ` There are ${problems.length} mistakes in all.` : '';
  const message = `${first.path} ${first.message}.${rest}`;
  return new ServiceError('MALFORMED_POLICY_DOCUMENT', message, { field: first.path, problems, ...fields });
}

function toJson(value: unknown, path: string): string {
  // A cycle is infinitely deep, so that this also keeps JSON.stringify from failing or overflowing its stack.
  if (isDeeperThan(value, MAX_DEPTH)) {
    throw malformed([{ path, message: `is nested more than ${MAX_DEPTH} levels deep` }]);
  }
  try {
    return JSON.stringify(value) ?? 'null';
  } catch {
    throw malformed([{ path, message: 'is not JSON' }]);
  }
}

function fromJson(text: string, path: string): unknown {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    throw malformed([{ path, message: 'is not valid JSON' }]);
  }
  if (isDeeperThan(document, MAX_DEPTH)) {
    throw malformed([{ path, message: `is nested more than ${MAX_DEPTH} levels deep` }]);
  }
  return document;
}

function isDeeperThan(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((child) => isDeeperThan(child, levels - 1));
}

function checkSize(text: string, path: string, maximum: number): void {
  const size = sizeWithoutWhiteSpace(text);
  if (size <= maximum) return;
  const message = `has ${size} characters without white space; the limit is ${maximum}`;
  throw malformed([{ path, message }], { limit: 'policySize', maximum, value: size });
}

/** Counted by hand: a pattern that takes in millions of spaces can run out of stack. */
function sizeWithoutWhiteSpace(text: string): number {
  let size = 0;
  for (let at = 0; at < text.length; at++) if (!isWhiteSpace(text.charCodeAt(at))) size += 1;
  return size;
}

function isWhiteSpace(code: number): boolean {
  if (code < 128) return code === 32 || (code >= 9 && code <= 13);
  return /\s/.test(String.fromCharCode(code));
}

function checkDocument(document: unknown, path: string, trust: boolean, report: Report): void {
  if (!isRecord(document)) return report(path, 'must be a JSON object');
  // The grammar allows an Id in resource-based policies only.
  const known = trust ? ['Version', 'Id', 'Statement'] : ['Version', 'Statement'];
  checkNames(document, { path, known }, report);
  const version = document['Version'];
  if (version !== undefined && version !== '2012-10-17' && version !== '2008-10-17') {
    report(`${path}.Version`, 'must be 2012-10-17 or 2008-10-17');
  }
  if (document['Id'] !== undefined && typeof document['Id'] !== 'string') {
    report(`${path}.Id`, 'must be a string');
  }
  checkStatements(document, path, { trust, variables: version === '2012-10-17' }, report);
}

function checkStatements(
  document: Record<string, unknown>,
  path: string,
  rules: { trust: boolean; variables: boolean },
  report: Report,
): void {
  const value = document['Statement'];
  if (value === undefined) return report(`${path}.Statement`, 'is required');
  if (Array.isArray(value) && value.length === 0) {
    return report(`${path}.Statement`, 'must have at least one statement');
  }
  const entries: [string, unknown][] = Array.isArray(value)
    ? value.map((statement, index) => [`${path}.Statement[${index}]`, statement])
    : [[`${path}.Statement`, value]];
  const sids = new Set<string>();
  for (const [at, statement] of entries) {
    if (!isRecord(statement)) {
      report(at, 'must be a JSON object');
      continue;
    }
    checkStatement(statement, at, rules, report);
    checkUniqueSid(statement['Sid'], at, sids, report);
  }
}

function checkUniqueSid(sid: unknown, path: string, seen: Set<string>, report: Report): void {
  // The console writes `"Sid": ""` into every statement, so that an empty one names nothing.
  if (typeof sid !== 'string' || sid === '') return;
  if (seen.has(sid)) report(`${path}.Sid`, `repeats ${JSON.stringify(sid)}; a Sid is unique in its document`);
  seen.add(sid);
}

/** Reports each name of `element` that is not in `known`. */
function checkNames(
  element: Record<string, unknown>,
  { path, known }: { path: string; known: readonly string[] },
  report: Report,
): void {
  for (const name of Object.keys(element)) {
    if (!known.includes(name))
      report(`${path}.${name.slice(0, 64)}`, 'is not an element of a policy document');
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Compiled forms are remembered by the document object, so that a document must never change after it was read. */
function deepFreeze(value: unknown): unknown {
  if (typeof value === 'object' && value !== null) {
    Object.values(value).forEach(deepFreeze);
    Object.freeze(value);
  }
  return value;
}
