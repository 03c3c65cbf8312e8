/**
 * Principals of trust policies.
 *
 * Sources: IAM User Guide, "AWS JSON policy elements: Principal" and "... NotPrincipal".
 */
import type { OneOrMany, Principal } from './document';

/** Who asks to assume a role. A web identity has the name of its provider: `cognito-identity.amazonaws.com`. */
export interface RequestPrincipal {
  readonly Federated?: string;
  /** The ARN of an account's root, a user, a role or a role session. */
  readonly AWS?: string;
  readonly Service?: string;
}

const ACCOUNT = /^\d{12}$/;
const ACCOUNT_ROOT = /^arn:[^:]+:iam::(\d{12}):root$/;

/**
 * Whether a Principal element names the caller. `"*"` and `{ "AWS": "*" }` are everyone, and an account, in either of
 * its spellings, is everyone in it. Names are compared whole and with their case.
 */
export function namesPrincipal(element: Principal, principal: RequestPrincipal): boolean {
  if (element === '*') return true;
  const aws = toList(element.AWS);
  return (
    aws.includes('*') ||
    aws.some((name) => namesAws(name, principal.AWS)) ||
    names(element.Federated, principal.Federated) ||
    names(element.Service, principal.Service)
  );
}

function names(element: OneOrMany<string> | undefined, name: string | undefined): boolean {
  return name !== undefined && toList(element).some((entry) => entry === '*' || entry === name);
}

function namesAws(entry: string, arn: string | undefined): boolean {
  if (arn === undefined) return false;
  const account = ACCOUNT.test(entry) ? entry : ACCOUNT_ROOT.exec(entry)?.[1];
  return account === undefined ? entry === arn : arn === account || arn.split(':')[4] === account;
}

function toList(value: OneOrMany<string> | undefined): readonly string[] {
  return value === undefined ? [] : typeof value === 'string' ? [value] : value;
}
