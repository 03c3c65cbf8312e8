import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SignJWT, exportJWK, generateKeyPair, type JWK, type JWTPayload, type KeyLike } from 'jose';

export type TestAlgorithm = 'RS256' | 'ES256';

/** How the issuer misbehaves; 'none' is the honest one. */
export type FailingMode =
  | 'none'
  | 'status 500'
  | 'not JSON'
  | 'JSON null'
  | 'other issuer'
  | 'no jwks_uri'
  | 'http jwks_uri'
  | 'redirect to another origin'
  | 'redirect on the same origin'
  | 'endless redirects'
  | 'huge body'
  | 'malformed key set'
  | 'bottomless key set'
  | 'keys without answer'
  | 'silent';

export interface SignOptions {
  algorithm?: TestAlgorithm;
  /** Replaces members of the header; undefined takes one out. */
  header?: Record<string, unknown>;
}

/** A real OpenID Connect issuer on 127.0.0.1. */
export interface TestIdentityProvider {
  /** `http://127.0.0.1:PORT` */
  issuer: string;
  /** The key of its logins. */
  loginKey: string;
  /** An ID token; `iss` and an hour's `iat` and `exp` around the real time are filled in, and undefined takes a claim out. */
  sign(claims: JWTPayload, options?: SignOptions): Promise<string>;
  /** Puts new keys in the place of the old ones, at once. */
  rotateKeys(): Promise<void>;
  /** The public keys that it serves now. */
  publicKeys(): JWK[];
  /** Also serve these. */
  addPublicKeys(keys: JWK[]): void;
  /** How often each document was asked for. */
  requests: { discovery: number; keys: number };
  failWith(mode: FailingMode): void;
  close(): Promise<void>;
}

interface KeyPair {
  algorithm: TestAlgorithm;
  privateKey: KeyLike;
  publicJwk: JWK;
}

let keysMade = 0;

const makeKey = async (algorithm: TestAlgorithm): Promise<KeyPair> => {
  const { publicKey, privateKey } = await generateKeyPair(algorithm);
  const kid = `test-${(keysMade += 1)}`;
  return {
    algorithm,
    privateKey,
    publicJwk: { ...(await exportJWK(publicKey)), kid, alg: algorithm, use: 'sig' },
  };
};

/** Keys of issuers that were closed: making an RSA key takes longer than most tests. */
const spareKeys: KeyPair[][] = [];

const makeKeys = async (): Promise<KeyPair[]> =>
  spareKeys.pop() ?? Promise.all([makeKey('RS256'), makeKey('ES256')]);

/** Parsing it takes no stack, copying it does. */
const BOTTOMLESS = `{"keys":[{"kty":"RSA","x":${'['.repeat(300_000)}${']'.repeat(300_000)}}]}`;

const DISCOVERY = '/.well-known/openid-configuration';
const KEYS = '/keys';
/** Where Apple, user pools and Facebook have their keys: they are known beforehand, without discovery. */
const KNOWN_KEYS =
  /^\/auth\/keys$|^\/[\w-]+\/\.well-known\/jwks\.json$|^\/\.well-known\/oauth\/openid\/jwks\/$/;

class Issuer {
  readonly requests = { discovery: 0, keys: 0 };
  readonly extraKeys: JWK[] = [];
  mode: FailingMode = 'none';
  url = '';

  constructor(public pairs: KeyPair[]) {}

  keys(): JWK[] {
    return [...this.pairs.map(({ publicJwk }) => publicJwk), ...this.extraKeys];
  }

  answer(request: IncomingMessage, response: ServerResponse): void {
    if (request.url?.startsWith(DISCOVERY)) this.answerDiscovery(request.url, response);
    else if (request.url === KEYS || KNOWN_KEYS.test(request.url ?? '')) this.answerKeys(response);
    else response.writeHead(404).end();
  }

  private answerDiscovery(path: string, response: ServerResponse): void {
    this.requests.discovery += 1;
    const redirect = (to: string) => response.writeHead(302, { location: to }).end();
    switch (this.mode) {
      case 'silent':
        return;
      case 'status 500':
        return void response.writeHead(500).end('{"secret":"of the upstream"}');
      case 'not JSON':
        return void response.end('<html>');
      case 'JSON null':
        return void response.end('null');
      case 'redirect to another origin':
        return void redirect(`http://localhost:${new URL(this.url).port}${DISCOVERY}`);
      case 'endless redirects':
        return void redirect(DISCOVERY);
      case 'redirect on the same origin':
        return path === DISCOVERY ? void redirect(`${DISCOVERY}?again`) : this.sendDiscovery(response);
      case 'huge body':
        return void response.end(`{"padding":"${'x'.repeat(1_100_000)}"}`);
      default:
        return this.sendDiscovery(response);
    }
  }

  private sendDiscovery(response: ServerResponse): void {
    const document = { issuer: this.url, jwks_uri: `${this.url}${KEYS}` };
    const changes: Partial<Record<FailingMode, object>> = {
      'other issuer': { issuer: 'https://elsewhere.example' },
      'no jwks_uri': { jwks_uri: undefined },
      'http jwks_uri': { jwks_uri: 'http://169.254.169.254/keys' },
    };
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ ...document, ...changes[this.mode] }));
  }

  private answerKeys(response: ServerResponse): void {
    this.requests.keys += 1;
    if (this.mode === 'keys without answer') return void response.destroy();
    if (this.mode === 'bottomless key set') return void response.end(BOTTOMLESS);
    const keys = this.mode === 'malformed key set' ? 'none' : this.keys();
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ keys }));
  }
}

const withoutUndefined = <T extends object>(value: T): T =>
  Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as T;

/** Starts an honest issuer with an RS256 and an ES256 key; close it in `afterAll`. */
export const startIdentityProvider = async (): Promise<TestIdentityProvider> => {
  const issuer = new Issuer(await makeKeys());
  const server = createServer((request, response) => issuer.answer(request, response)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  issuer.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  const sign = (claims: JWTPayload, { algorithm = 'RS256', header }: SignOptions = {}): Promise<string> => {
    const pair = issuer.pairs.find((candidate) => candidate.algorithm === algorithm)!;
    const now = Math.floor(Date.now() / 1000);
    return new SignJWT(withoutUndefined({ iss: issuer.url, iat: now, exp: now + 3600, ...claims }))
      .setProtectedHeader(withoutUndefined({ alg: algorithm, kid: pair.publicJwk.kid, ...header }))
      .sign(pair.privateKey);
  };

  return {
    issuer: issuer.url,
    loginKey: issuer.url.replace('http://', ''),
    sign,
    rotateKeys: async () => void (issuer.pairs = await makeKeys()),
    publicKeys: () => issuer.keys(),
    addPublicKeys: (keys) => void issuer.extraKeys.push(...keys),
    requests: issuer.requests,
    failWith: (mode) => void (issuer.mode = mode),
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
      spareKeys.push(issuer.pairs);
    },
  };
};
