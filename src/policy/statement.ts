import { ServiceError } from '../errors';
import { compileCondition, type CompiledCondition } from './condition';
import type { ConditionBlock, Effect, OneOrMany, Principal, Statement, TrustStatement } from './document';
import {
  arnMatches,
  compileArnPattern,
  compileTemplate,
  globMatches,
  splitArn,
  type ArnParts,
  type ArnPattern,
  type Glob,
} from './match';
import { namesPrincipal, type RequestPrincipal } from './principal';
import { RequestContext, type ContextValues } from './request-context';

/** A request, read once for all the statements that it is held against. */
export interface PreparedRequest {
  readonly action: string;
  readonly arn: ArnParts | undefined;
  readonly context: RequestContext;
  readonly principal: RequestPrincipal | undefined;
}

/** Action or NotAction, Resource or NotResource, Principal or NotPrincipal. */
interface Element<T> {
  readonly negated: boolean;
  readonly values: T;
}

/** A statement, ready to be held against requests. */
export interface CompiledStatement {
  readonly index: number;
  readonly sid: string | undefined;
  readonly effect: Effect;
  readonly actions: Element<readonly Glob[]>;
  readonly resources: (Element<readonly ArnPattern[]> & { readonly required: readonly string[] }) | undefined;
  readonly principals: Element<Principal> | undefined;
  readonly conditions: readonly CompiledCondition[];
  readonly source: Statement & TrustStatement;
}

/** Reads a request: the action without its case, the ARN in its parts. */
export function prepareRequest(request: {
  action: string;
  resource?: string;
  principal?: RequestPrincipal;
  context: ContextValues;
}): PreparedRequest {
  return {
    action: request.action.toLowerCase(),
    arn: request.resource === undefined ? undefined : splitArn(request.resource),
    context: new RequestContext(request.context),
    principal: request.principal,
  };
}

/** Prepares a statement. `variables` says whether its document's version has policy variables. */
export function compileStatement(
  source: Statement & TrustStatement,
  index: number,
  variables: boolean,
): CompiledStatement {
  const principal = source.Principal ?? source.NotPrincipal;
  return {
    index,
    sid: source.Sid,
    effect: source.Effect,
    actions: compileActions(source),
    resources: compileResources(source, variables),
    principals: principal && { negated: source.Principal === undefined, values: principal },
    conditions: compileConditions(source.Condition ?? {}, variables),
    source,
  };
}

function compileActions(source: Statement): CompiledStatement['actions'] {
  const values = toList(source.Action ?? source.NotAction ?? []).map(
    (action) => compileTemplate(action.toLowerCase(), false).constant as Glob,
  );
  return { negated: source.Action === undefined, values };
}

function compileResources(source: Statement, variables: boolean): CompiledStatement['resources'] {
  const resource = source.Resource ?? source.NotResource;
  if (resource === undefined) return undefined;
  const values = toList(resource).map((pattern) => compileArnPattern(pattern, variables));
  const required = values.flatMap(({ whole }) => whole.required);
  return { negated: source.Resource === undefined, values, required };
}

function compileConditions(block: ConditionBlock, variables: boolean): CompiledCondition[] {
  return Object.entries(block).flatMap(([operator, keys]) =>
    Object.entries(keys).map(([key, values]) => {
      const condition = compileCondition(operator, key, toList(values).map(String), variables);
      // Passing over a condition that nobody understands could widen an Allow as well as drop a Deny.
      if (condition === undefined) {
        throw new ServiceError('MALFORMED_POLICY_DOCUMENT', `${operator} is not a condition operator.`);
      }
      return condition;
    }),
  );
}

/** Whether the Action or NotAction element covers the request. */
export function coversAction({ actions }: CompiledStatement, { action }: PreparedRequest): boolean {
  return actions.values.some((glob) => globMatches(glob, action)) !== actions.negated;
}

/**
 * Whether the Resource or NotResource element covers the request. A variable without a value never helps: its
 * pattern matches nothing, and a NotResource with one covers nothing.
 */
export function coversResource({ resources }: CompiledStatement, request: PreparedRequest): boolean {
  if (resources === undefined) return false;
  if (resources.negated && !request.context.resolves(resources.required)) return false;
  const { lookup } = request.context;
  return resources.values.some((pattern) => arnMatches(pattern, request.arn, lookup)) !== resources.negated;
}

/** Whether the Principal or NotPrincipal element covers the caller. */
export function coversPrincipal({ principals }: CompiledStatement, request: PreparedRequest): boolean {
  if (principals === undefined || request.principal === undefined) return false;
  return namesPrincipal(principals.values, request.principal) !== principals.negated;
}

/** Whether every condition holds. */
export function holdsConditions({ conditions }: CompiledStatement, { context }: PreparedRequest): boolean {
  return conditions.every((condition) => condition.holds(context));
}

function toList<T extends string | number | boolean>(value: OneOrMany<T>): readonly T[] {
  return Array.isArray(value) ? (value as readonly T[]) : [value as T];
}
