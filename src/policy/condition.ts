/**
 * Condition operators.
 *
 * Sources: IAM User Guide, "IAM JSON policy elements: Condition operators", "Conditions with multiple context keys or
 * values" and "Single-valued vs. multivalued context keys".
 */
import { toAddressRange, toBoolean, toBytes, toNumber, toTime } from './condition-values';
import {
  arnMatches,
  compileArnPattern,
  compileTemplate,
  globMatches,
  resolve,
  splitArn,
  variableProblem,
  type Glob,
  type Lookup,
} from './match';
import type { RequestContext } from './request-context';

/** A value of a condition, ready to be compared with what the request has. */
interface Comparison {
  /** False when a variable in the value cannot be resolved. */
  matches(actual: string, lookup: Lookup): boolean;
  /** The variables without a default in the value. */
  readonly required: readonly string[];
}

interface Operator {
  readonly negated: boolean;
  /** What is wrong with a value, in words, or undefined. */
  problem(value: string, variables: boolean): string | undefined;
  compile(value: string, variables: boolean): Comparison;
}

type Matching = Omit<Operator, 'negated'>;

const matching = (operator: Matching): Operator => ({ ...operator, negated: false });
const negated = (operator: Matching): Operator => ({ ...operator, negated: true });

/** A comparison of strings: policy variables are filled in first. */
function text(equals: (actual: string, expected: Glob) => boolean): Matching {
  return {
    problem: (value, variables) => (variables ? variableProblem(value) : undefined),
    compile: (value, variables) => {
      const template = compileTemplate(value, variables);
      return {
        required: template.required,
        matches: (actual, lookup) => {
          const expected = resolve(template, lookup);
          return expected !== undefined && equals(actual, expected);
        },
      };
    },
  };
}

/** A comparison of what `read` makes of both sides. A value that cannot be read matches nothing. */
function typed<T>(
  read: (value: string) => T | undefined,
  noun: string,
  holds: (actual: T, expected: T) => boolean,
): Matching {
  return {
    problem: (value) => (read(value) === undefined ? `must be ${noun}` : undefined),
    compile: (value) => {
      const expected = read(value);
      return {
        required: [],
        matches: (given) => {
          const actual = read(given);
          return actual !== undefined && expected !== undefined && holds(actual, expected);
        },
      };
    },
  };
}

const number = (holds: (actual: number, expected: number) => boolean): Matching =>
  typed(toNumber, 'a number', holds);
const date = (holds: (actual: number, expected: number) => boolean): Matching =>
  typed(toTime, 'an ISO 8601 date with a time zone, or epoch seconds', holds);

const equal = <T>(actual: T, expected: T): boolean => actual === expected;
const less = (actual: number, expected: number): boolean => actual < expected;
const lessOrEqual = (actual: number, expected: number): boolean => actual <= expected;
const greater = (actual: number, expected: number): boolean => actual > expected;
const greaterOrEqual = (actual: number, expected: number): boolean => actual >= expected;

const exact = text((actual, expected) => actual === expected.text);
const ignoringCase = text((actual, expected) => actual.toLowerCase() === expected.text.toLowerCase());
const like = text((actual, expected) => globMatches(expected, actual));

const address: Matching = {
  problem: (value) => (toAddressRange(value) ? undefined : 'must be an IPv4 or IPv6 address or CIDR range'),
  compile: (value) => ({ required: [], matches: toAddressRange(value) ?? (() => false) }),
};

const arn: Matching = {
  problem: (value, variables) => {
    const hasVariable = variables && value.includes('${');
    if (hasVariable) return variableProblem(value);
    return splitArn(value) ? undefined : 'must be an ARN of six parts, in which wildcards may stand';
  },
  compile: (value, variables) => {
    const pattern = compileArnPattern(value, variables);
    return {
      required: pattern.whole.required,
      matches: (actual, lookup) => !pattern.everything && arnMatches(pattern, splitArn(actual), lookup),
    };
  },
};

/** Every operator but `Null`, which asks whether a key is there and compares nothing. */
const OPERATORS = {
  StringEquals: matching(exact),
  StringNotEquals: negated(exact),
  StringEqualsIgnoreCase: matching(ignoringCase),
  StringNotEqualsIgnoreCase: negated(ignoringCase),
  StringLike: matching(like),
  StringNotLike: negated(like),
  NumericEquals: matching(number(equal)),
  NumericNotEquals: negated(number(equal)),
  NumericLessThan: matching(number(less)),
  NumericLessThanEquals: matching(number(lessOrEqual)),
  NumericGreaterThan: matching(number(greater)),
  NumericGreaterThanEquals: matching(number(greaterOrEqual)),
  DateEquals: matching(date(equal)),
  DateNotEquals: negated(date(equal)),
  DateLessThan: matching(date(less)),
  DateLessThanEquals: matching(date(lessOrEqual)),
  DateGreaterThan: matching(date(greater)),
  DateGreaterThanEquals: matching(date(greaterOrEqual)),
  Bool: matching(typed(toBoolean, 'true or false', equal)),
  BinaryEquals: matching(typed(toBytes, 'base64', equal)),
  IpAddress: matching(address),
  NotIpAddress: negated(address),
  // "The ArnEquals and ArnLike condition operators behave identically."
  ArnEquals: matching(arn),
  ArnLike: matching(arn),
  ArnNotEquals: negated(arn),
  ArnNotLike: negated(arn),
} satisfies Record<string, Operator>;

/** A condition operator without its prefix and suffix. */
export type OperatorName = keyof typeof OPERATORS | 'Null';

/** `ForAnyValue:StringLikeIfExists`, taken apart. */
export interface OperatorUse {
  readonly name: OperatorName;
  readonly set: 'ForAnyValue' | 'ForAllValues' | undefined;
  readonly ifExists: boolean;
}

const OPERATOR_USE = /^(?:(ForAnyValue|ForAllValues):)?([A-Za-z]+?)(IfExists)?$/;

/** Takes an operator's name apart. Undefined when IAM knows no such operator; `Null` stands alone. */
export function parseOperator(text: string): OperatorUse | undefined {
  const [, set, name, ifExists] = OPERATOR_USE.exec(text) ?? [];
  if (name === undefined) return undefined;
  if (name === 'Null') return text === 'Null' ? { name, set: undefined, ifExists: false } : undefined;
  if (!Object.hasOwn(OPERATORS, name)) return undefined;
  return {
    name: name as OperatorName,
    set: set as OperatorUse['set'],
    ifExists: ifExists !== undefined,
  };
}

/** What is wrong with a value for an operator, in words that follow its path, or undefined. */
export function valueProblem(use: OperatorUse, value: string, variables: boolean): string | undefined {
  if (use.name === 'Null') return toBoolean(value) === undefined ? 'must be true or false' : undefined;
  return OPERATORS[use.name].problem(value, variables);
}

/** One operator on one key. */
export interface CompiledCondition {
  readonly operator: string;
  readonly key: string;
  readonly expected: readonly string[];
  readonly required: readonly string[];
  holds(context: RequestContext): boolean;
}

/** Prepares one operator on one key with its values. The operator must have been parsed from a known name. */
export function compileCondition(
  operator: string,
  key: string,
  expected: readonly string[],
  variables: boolean,
): CompiledCondition | undefined {
  const use = parseOperator(operator);
  if (use === undefined) return undefined;
  if (use.name === 'Null') return { operator, key, expected, required: [], holds: isNull(key, expected) };
  const { negated, compile } = OPERATORS[use.name];
  const comparisons = expected.map((value) => compile(value, variables));
  const required = comparisons.flatMap((comparison) => comparison.required);
  const holds = compare({ key, use, negated, comparisons, required });
  return { operator, key, expected, required, holds };
}

function isNull(key: string, expected: readonly string[]): (context: RequestContext) => boolean {
  const wanted = expected.map(toBoolean);
  return (context) => wanted.includes(context.values(key) === undefined);
}

interface Comparing {
  key: string;
  use: OperatorUse;
  negated: boolean;
  comparisons: readonly Comparison[];
  required: readonly string[];
}

function compare({ key, use, negated, comparisons, required }: Comparing) {
  const whenAbsent = holdsWhenAbsent(use, negated);
  return (context: RequestContext): boolean => {
    const actual = context.values(key);
    if (actual === undefined) return whenAbsent;
    // "Any attempt to match it fails": a variable without a value must not make a negated match true either.
    if (negated && !context.resolves(required)) return false;
    const one = (value: string): boolean =>
      comparisons.some((comparison) => comparison.matches(value, context.lookup)) !== negated;
    if (typeof actual === 'string') return one(actual);
    if (use.set === 'ForAnyValue') return actual.some(one);
    if (use.set === 'ForAllValues') return actual.every(one);
    // "Multivalued context keys require a condition set operator": without one, several values match nothing.
    return actual.length === 1 && one(actual[0] as string);
  };
}

/**
 * Whether an operator holds for a key that the request does not have: with IfExists and with ForAllValues it does,
 * with ForAnyValue it does not, and otherwise it does exactly when it is a negated operator.
 */
function holdsWhenAbsent(use: OperatorUse, negated: boolean): boolean {
  if (use.ifExists || use.set === 'ForAllValues') return true;
  return negated && use.set === undefined;
}
