import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a stand-in answers. */
export interface StandInAnswer {
  status: number;
  body: unknown;
}

/** The HTTP calls of Facebook, Login with Amazon, Twitter and a user pool's check, on 127.0.0.1. */
export interface SocialProviders {
  url: string;
  /** User access tokens of Facebook: the app and the user of each. */
  facebook: Map<string, { app: string; user: string }>;
  /** Access tokens of Login with Amazon. */
  amazon: Map<string, { aud: string; app_id: string; user_id: string }>;
  /** Access tokens of Twitter: the secrets and the user of each. */
  twitter: Map<string, { consumerKey: string; consumerSecret: string; tokenSecret: string; user: string }>;
  /** ID tokens that a user pool still takes. */
  active: Set<string>;
  /** Paths that were asked for, without their queries. */
  asked: string[];
  /** Answers everything with this from now on; null: honestly again. */
  answerWith(answer: StandInAnswer | 'broken connection' | null): void;
  close(): Promise<void>;
}

const strict = (text: string): string =>
  encodeURIComponent(text).replace(/[!*'()]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);

/** The members of an `Authorization: OAuth` header. */
const oauthMembers = (header: string): Record<string, string> =>
  Object.fromEntries(
    [...header.matchAll(/(\w+)="([^"]*)"/g)].map(([, name = '', value = '']) => [
      name,
      decodeURIComponent(value),
    ]),
  );

class Providers {
  url = '';
  readonly facebook: SocialProviders['facebook'] = new Map();
  readonly amazon: SocialProviders['amazon'] = new Map();
  readonly twitter: SocialProviders['twitter'] = new Map();
  readonly active = new Set<string>();
  readonly asked: string[] = [];
  readonly nonces = new Set<string>();

  answer(request: IncomingMessage, body: string): StandInAnswer {
    const url = new URL(request.url ?? '/', this.url);
    const { authorization = '' } = request.headers;
    this.asked.push(url.pathname);
    switch (`${request.method} ${url.pathname}`) {
      case 'GET /app':
      case 'GET /me':
        return this.graph(url.pathname, authorization.replace('Bearer ', ''));
      case 'GET /auth/o2/tokeninfo':
        return this.tokenInfo(url.searchParams.get('access_token') ?? '');
      case 'GET /1.1/account/verify_credentials.json':
        return this.verifyCredentials(url, oauthMembers(authorization));
      case 'POST /check':
        return {
          status: 200,
          body: { active: this.active.has(new URLSearchParams(body).get('token') ?? '') },
        };
      default:
        return { status: 404, body: {} };
    }
  }

  private graph(path: string, token: string): StandInAnswer {
    const known = this.facebook.get(token);
    if (known) return { status: 200, body: { id: path === '/app' ? known.app : known.user } };
    const error = { message: 'Invalid OAuth access token.', type: 'OAuthException', code: 190 };
    return { status: 400, body: { error } };
  }

  private tokenInfo(token: string): StandInAnswer {
    const known = this.amazon.get(token);
    if (known) return { status: 200, body: { iss: 'https://www.amazon.com', exp: 3600, ...known } };
    return { status: 400, body: { error: 'invalid_token', error_description: 'not valid' } };
  }

  /** Written apart from what it tests: each parameter of the header in the order of RFC 5849. */
  private verifyCredentials(url: URL, given: Record<string, string>): StandInAnswer {
    const known = this.twitter.get(given.oauth_token ?? '');
    const { oauth_signature: signature, ...signed } = given;
    const text = Object.keys(signed)
      .sort()
      .map((name) => `${name}=${strict(signed[name]!)}`)
      .join('&');
    const base = `GET&${strict(`${url.origin}${url.pathname}`)}&${strict(text)}`;
    const key = `${strict(known?.consumerSecret ?? '')}&${strict(known?.tokenSecret ?? '')}`;
    const isGood =
      known?.consumerKey === given.oauth_consumer_key &&
      !this.nonces.has(given.oauth_nonce!) &&
      createHmac('sha1', key).update(base).digest('base64') === signature;
    this.nonces.add(given.oauth_nonce!);
    return isGood
      ? { status: 200, body: { id: Number(known!.user), id_str: known!.user, screen_name: 'alice' } }
      : { status: 401, body: { errors: [{ code: 89, message: 'Invalid or expired token.' }] } };
  }
}

const bodyOf = async (request: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
};

/** Starts stand-ins that know nobody yet; close them in `afterAll`. */
export const startSocialProviders = async (): Promise<SocialProviders> => {
  const providers = new Providers();
  let fixed: StandInAnswer | 'broken connection' | null = null;
  const server = createServer((request, response) => {
    void bodyOf(request).then((text) => {
      if (fixed === 'broken connection') return response.destroy();
      const { status, body } = fixed ?? providers.answer(request, text);
      response.writeHead(status, { 'content-type': 'application/json' });
      return response.end(typeof body === 'string' ? body : JSON.stringify(body));
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  providers.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return Object.assign(providers, {
    answerWith: (answer: typeof fixed) => void (fixed = answer),
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  });
};
