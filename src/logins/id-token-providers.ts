import type { Context } from '../context';
import { verifyIdToken, type TrustedIssuer } from './id-token';
import { socialLogin, type SocialCheck } from './social-login';

const AUDIENCE_HINT = 'The token must be made for the app id that the identity pool has for this provider.';

/** The issuer of the ID tokens of a social provider's app. */
type IssuerOfApp = (ctx: Context, appId: string) => TrustedIssuer;

const google: IssuerOfApp = ({ config }, appId) => ({
  url: config.loginProviders.google,
  // Google documents both forms of `iss`.
  otherNames: [config.loginProviders.google.replace(/^https?:\/\//, '')],
  clientIds: [appId],
  audienceHint: AUDIENCE_HINT,
});

// Apple's discovery document named another issuer than its tokens for a while in 2025, so it is not asked.
const apple: IssuerOfApp = ({ config }, appId) => ({
  url: config.loginProviders.apple,
  keysUrl: `${config.loginProviders.apple}/auth/keys`,
  clientIds: [appId],
  audienceHint: AUDIENCE_HINT,
});

const checkOf =
  (host: string, issuerOf: IssuerOfApp): SocialCheck =>
  async (ctx, appId, token) =>
    socialLogin(host, appId, await verifyIdToken(ctx, issuerOf(ctx, appId), host, token));

/** Google: an ID token whose audience is the pool's client id. With several client ids, register an OpenID Connect provider. */
export const verifyGoogle = checkOf('accounts.google.com', google);

/** Sign in with Apple: an ID token whose audience is the pool's services id or bundle id. */
export const verifyApple = checkOf('appleid.apple.com', apple);
