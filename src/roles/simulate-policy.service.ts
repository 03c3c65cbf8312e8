import { z } from 'zod';
import { authorize } from '../authorize';
import type { Context } from '../context';
import { limitExceeded, resourceNotFound } from '../errors';
import { parsePolicyDocument, SESSION_POLICY_MAX_SIZE, type PolicyDocument } from '../policy/document';
import { explain, type Explanation } from '../policy/explain';
import { parse, text } from '../validate';
import { findRole } from './role.service';

/** Statements that one simulation may hold against its actions and resources. */
const MAX_SIMULATED_STATEMENTS = 20_000;

const documents = z.array(z.unknown()).max(10).nullish();

const simulateInput = z.object({
  policySourceArn: text(20, 2048).nullish(),
  policyInputList: documents,
  sessionPolicyInputList: documents,
  actionNames: z.array(text(1, 128)).min(1).max(50),
  resourceArns: z
    .array(text(1, 2048))
    .max(50)
    .nullish()
    .transform((arns) => (arns && arns.length > 0 ? arns : ['*'])),
  contextEntries: z
    .array(z.object({ contextKeyName: text(1, 256), contextKeyValues: z.array(text(0, 2048)).max(50) }))
    .max(50)
    .nullish(),
});

export type SimulatePolicyInput = z.input<typeof simulateInput>;

/** What the policies make of one action on one resource, and why. */
export interface EvaluationResult extends Explanation {
  evalActionName: string;
  evalResourceName: string;
}

/**
 * Decides as a real call would and explains it (IAM's SimulateCustomPolicy, and with `policySourceArn` its
 * SimulatePrincipalPolicy: the role's own policies join those given).
 * @throws RESOURCE_NOT_FOUND for an unknown role, MALFORMED_POLICY_DOCUMENT, INVALID_PARAMETER, LIMIT_EXCEEDED when actions × resources × statements are more than 20,000.
 */
export const simulatePolicy = async (
  ctx: Context,
  input: SimulatePolicyInput,
): Promise<EvaluationResult[]> => {
  const given = parse(simulateInput, input);
  authorizeSimulation(ctx, given.policySourceArn);
  const permissions = [
    ...(given.policySourceArn ? await policiesOfRole(ctx, given.policySourceArn) : []),
    ...toDocuments(given.policyInputList, 'policyInputList'),
  ];
  const sessionPolicies = toDocuments(
    given.sessionPolicyInputList,
    'sessionPolicyInputList',
    SESSION_POLICY_MAX_SIZE,
  );
  requireFewStatements(given.actionNames.length * given.resourceArns.length, [
    ...permissions,
    ...sessionPolicies,
  ]);
  const context = contextOf(given.contextEntries ?? []);
  return given.actionNames.flatMap((action) =>
    given.resourceArns.map((resource) => ({
      evalActionName: action,
      evalResourceName: resource,
      ...explain({ action, resource, context }, { permissions, sessionPolicies }),
    })),
  );
};

const authorizeSimulation = (ctx: Context, source: string | null | undefined): void =>
  source
    ? authorize(ctx, 'iam:SimulatePrincipalPolicy', { arn: source })
    : authorize(ctx, 'iam:SimulateCustomPolicy', { arn: '*' });

const policiesOfRole = async (ctx: Context, arn: string): Promise<PolicyDocument[]> => {
  const role = await findRole(ctx, arn);
  if (!role) throw resourceNotFound(`The role ${arn} cannot be found.`, { field: 'policySourceArn' });
  return role.permissionPolicies.map((policy) => policy.document);
};

const toDocuments = (
  list: unknown[] | null | undefined,
  field: string,
  maximumSize?: number,
): PolicyDocument[] =>
  (list ?? []).map((value, index) => parsePolicyDocument(value, `${field}[${index}]`, maximumSize));

/** One call could otherwise have millions of statements evaluated and explained. */
const requireFewStatements = (questions: number, policies: PolicyDocument[]): void => {
  const statements = policies.flatMap(({ Statement }) => Statement).length;
  const value = questions * statements;
  if (value <= MAX_SIMULATED_STATEMENTS) return;
  throw limitExceeded(
    `Actions × resources × statements are at most ${MAX_SIMULATED_STATEMENTS}; here they are ${value}. Ask in several calls.`,
    { limit: 'simulatedStatements', maximum: MAX_SIMULATED_STATEMENTS, value },
  );
};

const contextOf = (
  entries: { contextKeyName: string; contextKeyValues: string[] }[],
): Record<string, string | string[] | undefined> =>
  Object.fromEntries(
    entries.map(({ contextKeyName, contextKeyValues: values }) => [
      contextKeyName,
      values.length === 1 ? values[0] : values,
    ]),
  );
