import { Field, InputType, Int, ObjectType, registerEnumType } from 'type-graphql';
import { JSONValue } from '../graphql-types/scalars';
import type { Outcome } from '../policy/evaluate';
import type { StatementReport } from '../policy/explain';
import type { EvaluationResult } from './simulate-policy.service';

/** GraphQL enum `EvalDecision`: names in capitals, values as the engine knows them. */
export const EvalDecisionType: Record<string, Outcome> = {
  ALLOWED: 'allow',
  EXPLICIT_DENY: 'explicitDeny',
  IMPLICIT_DENY: 'implicitDeny',
};
registerEnumType(EvalDecisionType, {
  name: 'EvalDecision',
  description: 'What policies decide.',
  valuesConfig: {
    ALLOWED: { description: 'A statement allows it and none denies it.' },
    EXPLICIT_DENY: { description: 'A statement denies it, whatever else allows it.' },
    IMPLICIT_DENY: { description: 'Nothing allows it.' },
  },
});

@InputType({ description: 'A condition key or policy variable of the call to simulate.' })
export class ContextEntryInput {
  @Field(() => String, {
    description: 'Such as `cognito-identity.amazonaws.com:sub`: at most 256 characters.',
  })
  contextKeyName!: string;

  @Field(() => [String], { description: 'Its values; one for a single-valued key. At most 50.' })
  contextKeyValues!: string[];
}

@InputType({ description: 'Policies and the calls to try them on.' })
export class SimulatePolicyInput {
  @Field(() => String, { nullable: true, description: 'ARN of a role whose permission policies take part.' })
  policySourceArn?: string | null;

  @Field(() => [JSONValue], { nullable: true, description: 'IAM policy documents; at most 10.' })
  policyInputList?: unknown[] | null;

  @Field(() => [JSONValue], {
    nullable: true,
    description: 'Session policies: an action must be allowed by every one of them too. At most 10.',
  })
  sessionPolicyInputList?: unknown[] | null;

  @Field(() => [String], { description: '1 to 50 actions, such as `cognito-sync:UpdateRecords`.' })
  actionNames!: string[];

  @Field(() => [String], { nullable: true, description: 'At most 50 ARNs; `*` when left out.' })
  resourceArns?: string[] | null;

  @Field(() => [ContextEntryInput], { nullable: true, description: 'At most 50 condition keys.' })
  contextEntries?: ContextEntryInput[] | null;
}

/** GraphQL type `StatementReport`. */
@ObjectType('StatementReport', { description: 'What one statement made of the call.' })
export class StatementReportType {
  @Field(() => String, { description: '`permissions` or `session`: which list its policy is in.' })
  source!: string;

  @Field(() => Int, { description: 'The place of its policy in the list, from 0.' })
  policy!: number;

  @Field(() => Int, { description: 'The place of the statement in its policy, from 0.' })
  statement!: number;

  @Field(() => String, { nullable: true, description: 'Its Sid.' })
  sid!: string | null;

  @Field(() => String, { description: '`Allow` or `Deny`.' })
  effect!: string;

  @Field(() => Boolean, { description: 'Whether it matched the call.' })
  matched!: boolean;

  @Field(() => JSONValue, {
    description: 'What kept it from matching: a list of element, expected and actual.',
  })
  mismatches!: unknown;
}

/** GraphQL type `EvaluationResult`. */
@ObjectType('EvaluationResult', { description: 'What the policies make of one action on one resource.' })
export class EvaluationResultType {
  @Field(() => String, { description: 'The action.' })
  evalActionName!: string;

  @Field(() => String, { description: 'The resource.' })
  evalResourceName!: string;

  @Field(() => EvalDecisionType, { description: 'The decision.' })
  evalDecision!: Outcome;

  @Field(() => StatementReportType, {
    nullable: true,
    description: 'The statement that decided; null when none matched.',
  })
  decidedBy!: StatementReportType | null;

  @Field(() => [StatementReportType], { description: 'Every statement, in the order of the documents.' })
  statements!: StatementReportType[];
}

@ObjectType({ description: 'One result for each action and resource.' })
export class SimulatePolicyPayload {
  @Field(() => [EvaluationResultType], { description: 'Action by action, resource by resource.' })
  evaluationResults!: EvaluationResultType[];
}

const toStatementReport = (report: StatementReport): StatementReportType => ({
  source: report.in,
  policy: report.policy,
  statement: report.statement,
  sid: report.sid ?? null,
  effect: report.effect,
  matched: report.matched,
  mismatches: report.mismatches,
});

/** A result as GraphQL answers it. */
export const toEvaluationResultType = (result: EvaluationResult): EvaluationResultType => {
  const { decidedBy } = result.decision;
  const deciding = result.statements.find(
    (report) =>
      decidedBy !== undefined &&
      report.in === decidedBy.in &&
      report.policy === decidedBy.policy &&
      report.statement === decidedBy.statement,
  );
  return {
    evalActionName: result.evalActionName,
    evalResourceName: result.evalResourceName,
    evalDecision: result.decision.outcome,
    decidedBy: deciding ? toStatementReport(deciding) : null,
    statements: result.statements.map(toStatementReport),
  };
};
