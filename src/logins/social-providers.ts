import { verifyFacebook } from './facebook';
import { verifyApple, verifyGoogle } from './id-token-providers';
import { verifyLoginWithAmazon } from './login-with-amazon';
import type { SocialCheck } from './social-login';
import { splitPair, verifyTwitter } from './twitter';

const CHECKS = new Map<string, SocialCheck>([
  ['accounts.google.com', verifyGoogle],
  ['api.twitter.com', verifyTwitter],
  ['appleid.apple.com', verifyApple],
  ['graph.facebook.com', verifyFacebook],
  ['www.amazon.com', verifyLoginWithAmazon],
]);

/** How tokens of a social provider are checked; undefined for a name that is none. */
export const socialCheck = (provider: string): SocialCheck | undefined => CHECKS.get(provider);

/** Why a pool cannot have this app of a social provider, as a clause that follows the member's name; undefined when it can. */
export const problemOfSocialApp = (provider: string, appId: string): string | undefined => {
  if (provider === 'www.digits.com') return 'must not be www.digits.com: Digits was shut down in 2017';
  if (!CHECKS.has(provider)) return `must be one of ${[...CHECKS.keys()].join(', ')}`;
  if (provider === 'api.twitter.com' && !splitPair(appId))
    return 'needs consumerKey;consumerSecret as its appId: both, with a semicolon between them';
  return undefined;
};
