/**
 * Decisions.
 *
 * Source: IAM User Guide, "Policy evaluation logic": everything is denied unless a statement allows it, an explicit
 * deny anywhere wins, and a session policy gives nothing by itself: what is left is the intersection.
 */
import type { OneOrMany, PolicyDocument, Statement, TrustPolicyDocument, TrustStatement } from './document';
import type { RequestPrincipal } from './principal';
import type { ContextValues } from './request-context';
import {
  compileStatement,
  coversAction,
  coversPrincipal,
  coversResource,
  holdsConditions,
  prepareRequest,
  type CompiledStatement,
  type PreparedRequest,
} from './statement';

/** What somebody wants to do. `resource` is an ARN, or `*` for an action that has no resource. */
export interface PolicyRequest {
  readonly action: string;
  readonly resource: string;
  readonly context: ContextValues;
}

/** What a caller holds: the action must be allowed by the permissions and by every session policy. */
export interface PolicySet {
  readonly permissions: readonly PolicyDocument[];
  readonly sessionPolicies?: readonly PolicyDocument[];
}

/** A request to assume a role. */
export interface TrustRequest {
  readonly action: string;
  readonly principal: RequestPrincipal;
  readonly context: ContextValues;
}

/** What policies decide; an implicit deny is that nothing allowed it. */
export type Outcome = 'allow' | 'explicitDeny' | 'implicitDeny';

/** The statement that decided, by its place in its document, and the document by its place in its list. */
export interface DecidingStatement {
  policy: number;
  statement: number;
  sid?: string;
  in: 'permissions' | 'session' | 'trust';
}

/** The answer. An implicit deny has no deciding statement: nothing allowed the request. */
export interface Decision {
  outcome: Outcome;
  decidedBy?: DecidingStatement;
}

/** A document, ready to be held against requests. */
export interface CompiledPolicy {
  readonly statements: readonly CompiledStatement[];
}

const compiled = new WeakMap<object, CompiledPolicy>();

/** Prepares a document, once for each document object. The object must not be changed afterwards. */
export function compilePolicy(document: PolicyDocument | TrustPolicyDocument): CompiledPolicy {
  let policy = compiled.get(document);
  if (policy === undefined) {
    const variables = document.Version === '2012-10-17';
    const source = document.Statement as OneOrMany<Statement & TrustStatement>;
    const statements = Array.isArray(source) ? (source as readonly Statement[]) : [source as Statement];
    policy = { statements: statements.map((statement, i) => compileStatement(statement, i, variables)) };
    compiled.set(document, policy);
  }
  return policy;
}

/** Decides a request against what the caller holds. */
export function evaluate(request: PolicyRequest, policies: PolicySet): Decision {
  const prepared = prepareRequest(request);
  const applies = (statement: CompiledStatement): boolean =>
    coversAction(statement, prepared) &&
    coversResource(statement, prepared) &&
    holdsConditions(statement, prepared);
  const permissions = decide(policies.permissions, 'permissions', applies);
  if (permissions.outcome === 'explicitDeny') return permissions;
  let cut = false;
  for (const [policy, document] of (policies.sessionPolicies ?? []).entries()) {
    const session = decide([document], 'session', applies);
    if (session.decidedBy && session.outcome === 'explicitDeny') {
      return { outcome: 'explicitDeny', decidedBy: { ...session.decidedBy, policy } };
    }
    cut ||= session.outcome !== 'allow';
  }
  return cut ? { outcome: 'implicitDeny' } : permissions;
}

/** Decides whether a role's trust policy lets a principal assume the role. */
export function evaluateTrust(policy: TrustPolicyDocument, request: TrustRequest): Decision {
  const prepared = prepareRequest(request);
  return decide([policy], 'trust', (statement) => trusts(statement, prepared));
}

function trusts(statement: CompiledStatement, request: PreparedRequest): boolean {
  return (
    coversPrincipal(statement, request) &&
    coversAction(statement, request) &&
    holdsConditions(statement, request)
  );
}

/** The first Deny that applies, else the first Allow that applies, else an implicit deny. */
function decide(
  documents: readonly (PolicyDocument | TrustPolicyDocument)[],
  source: DecidingStatement['in'],
  applies: (statement: CompiledStatement) => boolean,
): Decision {
  let allowed: Decision | undefined;
  for (const [policy, document] of documents.entries()) {
    for (const statement of compilePolicy(document).statements) {
      if (statement.effect === 'Allow' && allowed !== undefined) continue;
      if (!applies(statement)) continue;
      const decidedBy = toDeciding(statement, policy, source);
      if (statement.effect !== 'Allow') return { outcome: 'explicitDeny', decidedBy };
      allowed = { outcome: 'allow', decidedBy };
    }
  }
  return allowed ?? { outcome: 'implicitDeny' };
}

function toDeciding(
  statement: CompiledStatement,
  policy: number,
  source: DecidingStatement['in'],
): DecidingStatement {
  const sid = statement.sid ? { sid: statement.sid } : {};
  return { policy, statement: statement.index, ...sid, in: source };
}
