import type { JWTPayload } from 'jose';
import type { Context } from '../context';
import { readAssertion, type SamlAssertion } from './saml-assertion';
import type { SamlMetadata } from './saml-metadata';
import { signedAssertionOf } from './saml-response';
import { useAssertion } from './use-assertion';
import type { VerifiedLogin } from './verified-login';

const ROLE_ATTRIBUTE = 'https://aws.amazon.com/SAML/Attributes/Role';

const NAME_IDENTIFIER = 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier';

/** A registered SAML provider with its metadata read. */
export interface KnownSamlProvider {
  arn: string;
  metadata: SamlMetadata;
}

/**
 * Checks a base64 SAML response that was sent under the ARN of its provider, for a pool. An assertion is bound to the
 * user and the pool of its first use.
 * @throws NOT_AUTHORIZED
 */
export const verifySamlResponse = async (
  ctx: Context,
  { arn, metadata }: KnownSamlProvider,
  identityPoolId: string,
  response: string,
): Promise<VerifiedLogin> => {
  const { saml, publicUrl } = ctx.config;
  const assertion = readAssertion(await signedAssertionOf(metadata, response), {
    issuer: metadata.entityId,
    audiences: [...saml.audiences, publicUrl],
    recipients: [...saml.recipients, `${publicUrl}/saml`],
    now: ctx.now(),
  });
  await useAssertion(ctx, { providerArn: arn, identityPoolId }, assertion);
  return {
    provider: arn,
    providerArn: arn,
    subject: assertion.subject,
    claims: claimsOf(assertion, metadata.entityId),
    qualifier: `${arn}:SAML:${assertion.subject}`,
    roleMappingKeys: [arn],
    roles: rolesOf(assertion, arn),
  };
};

/** What the assertion says of itself, and over that its attributes: one value as a text, several as a list. */
const claimsOf = ({ subject, audience, attributes }: SamlAssertion, issuer: string): JWTPayload => ({
  iss: issuer,
  aud: audience,
  sub: subject,
  [NAME_IDENTIFIER]: subject,
  ...Object.fromEntries(attributes.map(([name, values]) => [name, values.length === 1 ? values[0] : values])),
});

/** Values are `ROLEARN,PROVIDERARN` in either order; those of other providers are not ours to give. */
const rolesOf = ({ attributes }: SamlAssertion, arn: string): string[] => {
  const values = attributes.find(([name]) => name === ROLE_ATTRIBUTE)?.[1] ?? [];
  const roles = values.flatMap((value) => {
    const parts = value.split(',').map((part) => part.trim());
    return parts.length === 2 && parts.includes(arn) ? parts.filter((part) => part.includes(':role/')) : [];
  });
  return [...new Set(roles)];
};
