import {
  GetOpenIDConnectProviderCommand,
  GetPolicyCommand,
  GetPolicyVersionCommand,
  GetRoleCommand,
  GetRolePolicyCommand,
  GetSAMLProviderCommand,
  paginateListAttachedRolePolicies,
  paginateListRolePolicies,
} from '@aws-sdk/client-iam';
import type { IAMClient } from '@aws-sdk/client-iam';
import type { Source } from './source';

/** @throws Error when there is no IAM to read from. */
const iamOf = ({ iam }: Source): IAMClient => {
  if (iam) return iam;
  throw new Error('no IAM is known beside this endpoint; --iam-endpoint names one');
};

/** The last part of an ARN: a role's name without its path. */
export const nameOf = (arn: string): string => arn.split('/').at(-1) ?? arn;

/** IAM encodes documents for URLs. */
const documentOf = (text: string | undefined): unknown => JSON.parse(decodeURIComponent(text ?? '{}'));

/** A role as CreateRole takes it, with its inline and its attached policies. @throws whatever IAM answers. */
export const readRole = async (source: Source, arn: string): Promise<object> => {
  const RoleName = nameOf(arn);
  const { Role } = await iamOf(source).send(new GetRoleCommand({ RoleName }));
  return {
    roleName: RoleName,
    roleArn: Role?.Arn ?? arn,
    description: Role?.Description ?? null,
    maxSessionDuration: Role?.MaxSessionDuration ?? null,
    assumeRolePolicyDocument: documentOf(Role?.AssumeRolePolicyDocument),
    policies: [...(await inlinePolicies(source, RoleName)), ...(await attachedPolicies(source, RoleName))],
  };
};

const inlinePolicies = async (source: Source, RoleName: string): Promise<object[]> => {
  const policies: object[] = [];
  for await (const page of paginateListRolePolicies({ client: iamOf(source) }, { RoleName }))
    for (const PolicyName of page.PolicyNames ?? []) {
      const { PolicyDocument } = await iamOf(source).send(new GetRolePolicyCommand({ RoleName, PolicyName }));
      policies.push({ policyName: PolicyName, policyDocument: documentOf(PolicyDocument) });
    }
  return policies;
};

const attachedPolicies = async (source: Source, RoleName: string): Promise<object[]> => {
  const policies: object[] = [];
  for await (const page of paginateListAttachedRolePolicies({ client: iamOf(source) }, { RoleName }))
    for (const { PolicyArn, PolicyName } of page.AttachedPolicies ?? [])
      policies.push({ policyName: PolicyName, policyDocument: await managedPolicy(source, PolicyArn) });
  return policies;
};

const managedPolicy = async (source: Source, PolicyArn: string | undefined): Promise<unknown> => {
  const { Policy } = await iamOf(source).send(new GetPolicyCommand({ PolicyArn }));
  const { PolicyVersion } = await iamOf(source).send(
    new GetPolicyVersionCommand({ PolicyArn, VersionId: Policy?.DefaultVersionId }),
  );
  return documentOf(PolicyVersion?.Document);
};

/** An issuer as CreateOpenIDConnectProvider takes it. IAM names it without its scheme. */
export const readOpenIdConnectProvider = async (source: Source, arn: string): Promise<object> => {
  const answer = await iamOf(source).send(
    new GetOpenIDConnectProviderCommand({ OpenIDConnectProviderArn: arn }),
  );
  const url = answer.Url ?? arn.slice(arn.indexOf('/') + 1);
  return { url: /^https?:/.test(url) ? url : `https://${url}`, clientIDList: answer.ClientIDList ?? [] };
};

/** A provider as CreateSAMLProvider takes it. */
export const readSamlProvider = async (source: Source, arn: string): Promise<object> => {
  const { SAMLMetadataDocument } = await iamOf(source).send(
    new GetSAMLProviderCommand({ SAMLProviderArn: arn }),
  );
  return { name: nameOf(arn), samlMetadataDocument: SAMLMetadataDocument ?? '' };
};
