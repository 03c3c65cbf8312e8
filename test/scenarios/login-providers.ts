import { startIdentityProvider, type TestIdentityProvider } from '../support/identity-provider';
import {
  assertionXml,
  encodeSaml,
  makeSamlKey,
  responseXml,
  samlMetadata,
  signXml,
} from '../support/saml-identity-provider';
import { startSocialProviders } from '../support/social-providers';
import type { LoginProviderUrls } from '../../src/service-urls';
import type { Login, PoolInput } from './door';

/** The app that all tokens are made for. */
export const APP = 'scenario_app';

export const USER_POOL = 'cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEf123';

/** Everything that people sign in with. */
export const LOGIN_PROVIDERS = [
  'OpenID Connect',
  'Google',
  'Apple',
  'Facebook',
  'Login with Amazon',
  'Twitter',
  'a user pool',
  'SAML',
] as const;

export type LoginProviderKind = (typeof LOGIN_PROVIDERS)[number];

/** Stand-ins for all of them. */
export interface LoginProviders {
  /** The OpenID Connect issuer, whose keys sign for Google, Apple and the user pool too. */
  issuer: TestIdentityProvider;
  /** Where a server finds them. */
  urls: Partial<LoginProviderUrls>;
  samlMetadataDocument: string;
  /** What of a pool names them, but for the ARNs of those that are registered first. */
  ofPools: Partial<PoolInput>;
  /** A new token of a person; claims go into ID tokens only. */
  loginOf(kind: LoginProviderKind, person: string, claims?: object): Promise<Login>;
  close(): Promise<void>;
}

const SAML_ARN = 'arn:aws:iam::000000000000:saml-provider/scenario';
const TWITTER_APP = { consumerKey: 'consumer-key', consumerSecret: 'consumer-secret' };

/** Starts them; close them at the end. */
export const startLoginProviders = async (): Promise<LoginProviders> => {
  const [issuer, social] = await Promise.all([startIdentityProvider(), startSocialProviders()]);
  const samlKey = makeSamlKey();

  const samlResponse = (nameId: string): string => {
    const at = (seconds: number): string => new Date(Date.now() + seconds * 1000).toISOString();
    const times = { notBefore: at(-60), notOnOrAfter: at(600), confirmedUntil: at(300) };
    return encodeSaml(signXml(responseXml(assertionXml({ nameId, ...times })), samlKey, 'Assertion'));
  };

  const signIn: Record<LoginProviderKind, (sub: string, claims: object) => Login | Promise<Login>> = {
    'OpenID Connect': (sub, claims) => idToken(issuer.loginKey, { sub, ...claims }),
    Google: (sub, claims) => idToken('accounts.google.com', { sub, ...claims }),
    Apple: (sub, claims) => idToken('appleid.apple.com', { sub, ...claims }),
    Facebook: (user) => {
      social.facebook.set(`EAA${user}`, { app: APP, user });
      return { provider: 'graph.facebook.com', token: `EAA${user}` };
    },
    'Login with Amazon': (user) => {
      social.amazon.set(`Atza|${user}`, { aud: 'client', app_id: APP, user_id: user });
      return { provider: 'www.amazon.com', token: `Atza|${user}` };
    },
    Twitter: (user) => {
      social.twitter.set(user, { ...TWITTER_APP, tokenSecret: 'secret', user: numberOf(user) });
      return { provider: 'api.twitter.com', token: `${user};secret` };
    },
    'a user pool': (sub, claims) => {
      const iss = `${issuer.issuer}/${USER_POOL.split('/')[1]}`;
      return idToken(USER_POOL, { sub, iss, token_use: 'id', ...claims });
    },
    SAML: (nameId) => ({ provider: SAML_ARN, token: samlResponse(nameId) }),
  };
  const idToken = async (provider: string, claims: object): Promise<Login> => ({
    provider,
    token: await issuer.sign({ aud: APP, ...claims }),
  });

  return {
    issuer,
    urls: {
      google: issuer.issuer,
      apple: issuer.issuer,
      userPool: issuer.issuer,
      facebook: social.url,
      amazon: social.url,
      twitter: social.url,
    },
    samlMetadataDocument: samlMetadata([{ certificate: samlKey.certificate, use: 'signing' }]),
    ofPools: {
      supportedLoginProviders: {
        'accounts.google.com': APP,
        'appleid.apple.com': APP,
        'graph.facebook.com': APP,
        'www.amazon.com': APP,
        'api.twitter.com': Object.values(TWITTER_APP).join(';'),
      },
      cognitoIdentityProviders: [{ providerName: USER_POOL, clientId: APP }],
    },
    loginOf: async (kind, person, claims = {}) => signIn[kind](person, claims),
    close: async () => {
      await Promise.all([issuer.close(), social.close()]);
    },
  };
};

/** Users of Twitter have numbers. */
const numberOf = (user: string): string =>
  String(parseInt(Buffer.from(user).toString('hex').slice(0, 12), 16));
