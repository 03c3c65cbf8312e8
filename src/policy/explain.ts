import type { Effect, PolicyDocument, TrustPolicyDocument } from './document';
import {
  compilePolicy,
  evaluate,
  evaluateTrust,
  type Decision,
  type DecidingStatement,
  type PolicyRequest,
  type PolicySet,
  type TrustRequest,
} from './evaluate';
import {
  coversAction,
  coversPrincipal,
  coversResource,
  holdsConditions,
  prepareRequest,
  type CompiledStatement,
  type PreparedRequest,
} from './statement';

/** An element of a statement that did not cover the request, or a condition that did not hold. */
export interface Mismatch {
  element: 'Action' | 'NotAction' | 'Resource' | 'NotResource' | 'Principal' | 'NotPrincipal' | 'Condition';
  /** What the statement has there. */
  expected: unknown;
  /** What the request has there; undefined for a condition key that it does not have. */
  actual: unknown;
  /** Of a condition. */
  operator?: string;
  /** Of a condition. */
  key?: string;
  /** Policy variables in the element for which the request has no value, so that nothing could match. */
  unresolved?: string[];
}

/** What one statement made of the request. It matched when nothing is in `mismatches`. */
export interface StatementReport {
  in: DecidingStatement['in'];
  policy: number;
  statement: number;
  sid?: string;
  effect: Effect;
  matched: boolean;
  mismatches: Mismatch[];
}

/** A decision with what every statement made of the request, in the order of the documents. */
export interface Explanation {
  decision: Decision;
  statements: StatementReport[];
}

/** Decides as `evaluate` does, and tells of each statement whether it matched and otherwise all that kept it from it. */
export function explain(request: PolicyRequest, policies: PolicySet): Explanation {
  const prepared = prepareRequest(request);
  const report = (source: DecidingStatement['in'], documents: readonly PolicyDocument[]): StatementReport[] =>
    documents.flatMap((document, policy) =>
      compilePolicy(document).statements.map((statement) =>
        toReport(statement, { in: source, policy }, [
          ...actionMismatches(statement, prepared, request.action),
          ...resourceMismatches(statement, prepared, request.resource),
          ...conditionMismatches(statement, prepared),
        ]),
      ),
    );
  const statements = [
    ...report('permissions', policies.permissions),
    ...report('session', policies.sessionPolicies ?? []),
  ];
  return { decision: evaluate(request, policies), statements };
}

/** Decides as `evaluateTrust` does, and explains it as `explain` does. */
export function explainTrust(policy: TrustPolicyDocument, request: TrustRequest): Explanation {
  const prepared = prepareRequest(request);
  const statements = compilePolicy(policy).statements.map((statement) =>
    toReport(statement, { in: 'trust', policy: 0 }, [
      ...principalMismatches(statement, prepared),
      ...actionMismatches(statement, prepared, request.action),
      ...conditionMismatches(statement, prepared),
    ]),
  );
  return { decision: evaluateTrust(policy, request), statements };
}

function toReport(
  statement: CompiledStatement,
  place: Pick<StatementReport, 'in' | 'policy'>,
  mismatches: Mismatch[],
): StatementReport {
  return {
    ...place,
    statement: statement.index,
    ...(statement.sid ? { sid: statement.sid } : {}),
    effect: statement.effect,
    matched: mismatches.length === 0,
    mismatches,
  };
}

function actionMismatches(
  statement: CompiledStatement,
  request: PreparedRequest,
  actual: string,
): Mismatch[] {
  if (coversAction(statement, request)) return [];
  const { Action, NotAction } = statement.source;
  return statement.actions.negated
    ? [{ element: 'NotAction', expected: NotAction, actual }]
    : [{ element: 'Action', expected: Action, actual }];
}

function resourceMismatches(
  statement: CompiledStatement,
  request: PreparedRequest,
  actual: string,
): Mismatch[] {
  if (coversResource(statement, request)) return [];
  const { Resource, NotResource } = statement.source;
  const unresolved = unresolvedOf(statement.resources?.required ?? [], request);
  return statement.resources?.negated
    ? [{ element: 'NotResource', expected: NotResource, actual, ...unresolved }]
    : [{ element: 'Resource', expected: Resource, actual, ...unresolved }];
}

function principalMismatches(statement: CompiledStatement, request: PreparedRequest): Mismatch[] {
  if (coversPrincipal(statement, request)) return [];
  const { Principal, NotPrincipal } = statement.source;
  const actual = request.principal;
  return statement.principals?.negated
    ? [{ element: 'NotPrincipal', expected: NotPrincipal, actual }]
    : [{ element: 'Principal', expected: Principal, actual }];
}

function conditionMismatches(statement: CompiledStatement, request: PreparedRequest): Mismatch[] {
  if (holdsConditions(statement, request)) return [];
  return statement.conditions
    .filter((condition) => !condition.holds(request.context))
    .map(({ operator, key, expected, required }) => ({
      element: 'Condition' as const,
      operator,
      key,
      expected,
      actual: request.context.values(key),
      ...unresolvedOf(required, request),
    }));
}

function unresolvedOf(required: readonly string[], { context }: PreparedRequest): { unresolved?: string[] } {
  const unresolved = [...new Set(required)].filter((key) => context.lookup(key) === undefined);
  return unresolved.length > 0 ? { unresolved } : {};
}
