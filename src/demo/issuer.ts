import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SignJWT, exportJWK, generateKeyPair, type JWK, type KeyLike } from 'jose';
import { DEMO_CLIENT_ID } from '../graphql/landing-page/demo-issuer';

/**
 * A stand-in for the place where people sign in (Google, Keycloak, your own): an OpenID Connect issuer on this machine
 * that believes whatever name it is told. For demonstrations only.
 */
export interface DemoIssuer {
  /** The `iss` of its tokens, to be registered with createOpenIDConnectProvider. */
  url: string;
  /** The key under which its tokens are sent as logins: the address without its scheme. */
  provider: string;
  /** The ID token that an app gets when `person` signs in. */
  signIn(person: string): Promise<string>;
  stop(): Promise<void>;
}

interface SigningKey {
  privateKey: KeyLike;
  publicJwk: JWK;
}

/** Starts the issuer on a port of `localhost`; 0 lets the system choose. */
export const startDemoIssuer = async (port = 0): Promise<DemoIssuer> => {
  const key = await makeKey();
  const server = createServer().listen(port, 'localhost');
  await once(server, 'listening');
  const url = `http://localhost:${(server.address() as AddressInfo).port}`;
  const signIn = (person: string): Promise<string> => idToken(url, key, person);
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    void answer(request, response, { url, publicJwk: key.publicJwk, signIn });
  });
  return { url, provider: url.replace('http://', ''), signIn, stop: () => stop(server) };
};

const makeKey = async (): Promise<SigningKey> => {
  const { publicKey, privateKey } = await generateKeyPair('ES256');
  return {
    privateKey,
    publicJwk: { ...(await exportJWK(publicKey)), kid: randomUUID(), alg: 'ES256', use: 'sig' },
  };
};

const idToken = (issuer: string, { privateKey, publicJwk }: SigningKey, person: string): Promise<string> =>
  new SignJWT()
    .setProtectedHeader({ alg: 'ES256', kid: publicJwk.kid ?? '' })
    .setIssuer(issuer)
    .setAudience(DEMO_CLIENT_ID)
    .setSubject(person)
    .setIssuedAt()
    .setExpirationTime('1 hour')
    .sign(privateKey);

type Desk = Pick<DemoIssuer, 'url' | 'signIn'> & { publicJwk: JWK };

const answer = async (request: IncomingMessage, response: ServerResponse, desk: Desk): Promise<void> => {
  const { pathname, searchParams } = new URL(request.url ?? '/', desk.url);
  allowPagesOfThisMachine(request, response);
  if (pathname === '/.well-known/openid-configuration')
    return sendJson(response, 200, { issuer: desk.url, jwks_uri: `${desk.url}/keys` });
  if (pathname === '/keys') return sendJson(response, 200, { keys: [desk.publicJwk] });
  if (pathname === '/token')
    return sendJson(response, 200, { idToken: await desk.signIn(searchParams.get('person') || 'ada') });
  return sendJson(response, 404, { error: 'Ask for /token, /keys or /.well-known/openid-configuration' });
};

/** A page from elsewhere must not be able to sign its visitor in. */
const allowPagesOfThisMachine = (
  { headers: { origin } }: IncomingMessage,
  response: ServerResponse,
): void => {
  if (origin !== undefined && /^https?:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/.test(origin))
    response.setHeader('access-control-allow-origin', origin);
};

const sendJson = (response: ServerResponse, status: number, body: object): void => {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(JSON.stringify(body));
};

const stop = async (server: Server): Promise<void> => {
  server.close();
  server.closeAllConnections();
  await once(server, 'close');
};
