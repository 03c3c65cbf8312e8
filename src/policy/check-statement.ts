/**
 * The grammar of one statement.
 *
 * Sources: IAM User Guide, "Grammar of the IAM JSON policy language", the pages of the elements, and "IAM policy
 * validation check reference".
 */
import { parseOperator, valueProblem, type OperatorUse } from './condition';
import { splitArn, variableProblem } from './match';

/** Takes one mistake: the path of the element, and a phrase that follows it. */
export type Report = (path: string, message: string) => void;

/** Which elements a statement of this kind of document has. */
export interface StatementRules {
  /** A trust policy has principals and no resources. */
  readonly trust: boolean;
  /** `${...}` is a policy variable, which it is in version 2012-10-17 only. */
  readonly variables: boolean;
}

type Element = Readonly<Record<string, unknown>>;

const PERMISSION_ELEMENTS = ['Sid', 'Effect', 'Action', 'NotAction', 'Resource', 'NotResource', 'Condition'];
const TRUST_ELEMENTS = ['Sid', 'Effect', 'Principal', 'NotPrincipal', 'Action', 'NotAction', 'Condition'];
const PRINCIPAL_TYPES = ['AWS', 'Federated', 'Service', 'CanonicalUser'];

const ACTION = /^(?:\*|(?:\*|[A-Za-z0-9-]+):[A-Za-z0-9*?]+)$/;
const CONDITION_KEY = /^[^:\s$*]+:\S.*$/s;

/** Reports each mistake in a statement. */
export function checkStatement(
  statement: Element,
  path: string,
  rules: StatementRules,
  report: Report,
): void {
  checkElements(statement, path, rules, report);
  checkSid(statement['Sid'], `${path}.Sid`, report);
  if (statement['Effect'] !== 'Allow' && statement['Effect'] !== 'Deny') {
    report(`${path}.Effect`, statement['Effect'] === undefined ? 'is required' : 'must be Allow or Deny');
  }
  checkOneOf(statement, path, ['Action', 'NotAction'], report);
  checkActions(statement, path, rules.trust, report);
  if (rules.trust) checkPrincipals(statement, path, report);
  else checkResources(statement, path, rules.variables, report);
  if (statement['Condition'] !== undefined) {
    checkConditions(statement['Condition'], `${path}.Condition`, rules.variables, report);
  }
}

function checkElements(statement: Element, path: string, rules: StatementRules, report: Report): void {
  const known = rules.trust ? TRUST_ELEMENTS : PERMISSION_ELEMENTS;
  const elsewhere = rules.trust ? PERMISSION_ELEMENTS : TRUST_ELEMENTS;
  for (const name of Object.keys(statement)) {
    if (known.includes(name)) continue;
    const policy = rules.trust ? 'a trust policy' : 'a permission policy';
    const message = elsewhere.includes(name)
      ? `is not allowed in ${policy}`
      : 'is not an element of a statement';
    report(member(path, name), message);
  }
}

function checkSid(sid: unknown, path: string, report: Report): void {
  if (sid === undefined) return;
  if (typeof sid !== 'string' || !/^[A-Za-z0-9]*$/.test(sid)) {
    report(path, 'must be letters A-Z, a-z and digits');
  }
}

function checkOneOf(statement: Element, path: string, names: [string, string], report: Report): void {
  const [first, second] = names;
  const present = names.filter((name) => statement[name] !== undefined);
  if (present.length === 0) report(`${path}.${first}`, `or ${second} is required`);
  if (present.length === 2) report(`${path}.${second}`, `cannot stand beside ${first}`);
}

function checkActions(statement: Element, path: string, trust: boolean, report: Report): void {
  for (const name of ['Action', 'NotAction']) {
    eachString(statement[name], `${path}.${name}`, report, (action, at) => {
      if (!ACTION.test(action)) {
        report(at, 'must be "*" or service:Action, in which wildcards may stand in the name of the action');
      } else if (trust && !/^sts:/i.test(action)) {
        report(at, 'must be an action of sts in a trust policy');
      }
    });
  }
}

function checkResources(statement: Element, path: string, variables: boolean, report: Report): void {
  checkOneOf(statement, path, ['Resource', 'NotResource'], report);
  for (const name of ['Resource', 'NotResource']) {
    eachString(statement[name], `${path}.${name}`, report, (resource, at) => {
      const problem = resourceProblem(resource, variables);
      if (problem !== undefined) report(at, problem);
    });
  }
}

function resourceProblem(resource: string, variables: boolean): string | undefined {
  if (resource === '*') return undefined;
  const parts = splitArn(resource);
  if (parts?.[0] !== 'arn' || parts[1] === '' || parts[2] === '' || parts[5] === '') {
    return 'must be "*" or an ARN of six parts, arn:partition:service:region:account:resource';
  }
  // "You can't use a wildcard in the service segment that identifies the AWS product."
  if (/[*?]/.test(parts[2] as string)) return 'cannot have a wildcard in the service of its ARN';
  if (!variables) return undefined;
  // "... but only in the resource portion of the ARN."
  if (parts.slice(0, 5).some((part) => part.includes('${'))) {
    return 'can have a policy variable only after the fifth colon of its ARN';
  }
  return variableProblem(resource);
}

function checkPrincipals(statement: Element, path: string, report: Report): void {
  checkOneOf(statement, path, ['Principal', 'NotPrincipal'], report);
  for (const name of ['Principal', 'NotPrincipal']) {
    const value = statement[name];
    if (value !== undefined && value !== '*') checkPrincipal(value, `${path}.${name}`, report);
  }
}

function checkPrincipal(value: unknown, path: string, report: Report): void {
  if (!isElement(value) || Object.keys(value).length === 0) {
    return report(path, `must be "*" or an object with ${PRINCIPAL_TYPES.join(', ')}`);
  }
  for (const [type, names] of Object.entries(value)) {
    if (!PRINCIPAL_TYPES.includes(type)) {
      report(member(path, type), `is not a kind of principal; use ${PRINCIPAL_TYPES.join(', ')}`);
      continue;
    }
    eachString(names, `${path}.${type}`, report, (name, at) => {
      // "You cannot use a wildcard to match part of a principal name or ARN."
      if (name === '' || (name !== '*' && /[*?]/.test(name))) {
        report(at, 'must be "*" or the whole name of a principal, without wildcards');
      }
    });
  }
}

function checkConditions(value: unknown, path: string, variables: boolean, report: Report): void {
  if (!isElement(value)) return report(path, 'must be an object of condition operators');
  for (const [operator, keys] of Object.entries(value)) {
    const at = member(path, operator);
    const use = parseOperator(operator);
    if (use === undefined) report(at, 'is not a condition operator');
    else if (!isElement(keys) || Object.keys(keys).length === 0) {
      report(at, 'must be an object of condition keys and their values');
    } else checkKeys(keys, at, { use, variables }, report);
  }
}

function checkKeys(
  keys: Element,
  path: string,
  { use, variables }: { use: OperatorUse; variables: boolean },
  report: Report,
): void {
  for (const [key, values] of Object.entries(keys)) {
    const at = member(path, key);
    if (!CONDITION_KEY.test(key)) report(at, 'must be a condition key of the form service:name');
    eachEntry(values, at, report, (value, where) => {
      if (!['string', 'number', 'boolean'].includes(typeof value)) {
        return report(where, 'must be a string, a number or a boolean');
      }
      const problem = valueProblem(use, String(value), variables);
      if (problem !== undefined) report(where, problem);
    });
  }
}

function eachString(
  value: unknown,
  path: string,
  report: Report,
  visit: (text: string, path: string) => void,
): void {
  if (value === undefined) return;
  eachEntry(value, path, report, (entry, at) => {
    if (typeof entry === 'string') visit(entry, at);
    else report(at, 'must be a string');
  });
}

function eachEntry(
  value: unknown,
  path: string,
  report: Report,
  visit: (entry: unknown, path: string) => void,
): void {
  if (!Array.isArray(value)) return visit(value, path);
  if (value.length === 0) return report(path, 'must have at least one value');
  value.forEach((entry, index) => visit(entry, `${path}[${index}]`));
}

/** The path of a member whose name an author chose: in brackets unless it is a plain word, and never long. */
function member(path: string, name: string): string {
  const short = name.slice(0, 64);
  return /^[A-Za-z]\w*$/.test(short) ? `${path}.${short}` : `${path}[${JSON.stringify(short)}]`;
}

function isElement(value: unknown): value is Element {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
