import type { ServiceError } from './errors';
import type { PolicyDocument } from './policy/document';

/** Nobody in particular: may use the public operations only. */
export interface AnonymousActor {
  kind: 'anonymous';
  /** Why the credentials that came along do not hold, when some did. */
  problem?: ServiceError;
}

/** A holder of temporary credentials, acting for one identity under one role. */
export interface IdentityActor {
  kind: 'identity';
  identityId: string;
  identityPoolId: string;
  roleArn: string;
  /** `arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION`, as AWS names such a caller. */
  arn: string;
  /** The `amr` of the token that the credentials were made from. */
  amr: string[];
  principalTags: Record<string, string>;
  /** When the credentials end. */
  expiresAt: Date;
  /** The role's permission policies. */
  policies: PolicyDocument[];
  /** Each of these cuts the role's permissions down further: an action must be allowed by every one of them. */
  sessionPolicies: PolicyDocument[];
}

/** A holder of an API key. */
export interface AdministratorActor {
  kind: 'administrator';
  accessKeyId: string;
  arn: string;
  policies: PolicyDocument[];
}

/** Who is calling, with the policies that decide what they may do. */
export type Actor = AnonymousActor | IdentityActor | AdministratorActor;

/** A caller who sent no credentials. */
export const ANONYMOUS: AnonymousActor = { kind: 'anonymous' };
