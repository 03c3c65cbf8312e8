import type { Context } from '../context';
import { verifyIdToken } from './id-token';
import type { OpenIdConnectProvider } from './open-id-connect-provider.entity';
import type { VerifiedLogin } from './verified-login';

/**
 * Checks an ID token that was sent under `loginsKey` against a registered provider.
 * @throws NOT_AUTHORIZED with the message that Cognito has for it, EXTERNAL_SERVICE when the issuer does not answer.
 */
export const verifyOidcToken = async (
  ctx: Context,
  { arn, url, clientIds }: OpenIdConnectProvider,
  loginsKey: string,
  token: string,
): Promise<VerifiedLogin> => {
  const issuer = {
    url,
    clientIds,
    countsAzp: true,
    audienceHint:
      'The client ID of the app must be registered with the provider: addClientIDToOpenIDConnectProvider.',
  };
  const claims = await verifyIdToken(ctx, issuer, loginsKey, token);
  return {
    provider: loginsKey,
    providerArn: arn,
    subject: claims.sub,
    claims,
    qualifier: `${arn}:OIDC:${claims.sub}`,
    roleMappingKeys: [arn],
  };
};
