// A real OpenID Connect issuer: the certified package oidc-provider, which is an ES module, in a process of its own.
// Prints its address; ends with its parent.
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import process from 'node:process';
import { Provider } from 'oidc-provider';

const server = createServer().listen(0, '127.0.0.1');
await once(server, 'listening');
const issuer = `http://127.0.0.1:${server.address().port}`;

const key = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' });

const provider = new Provider(issuer, {
  clients: ['app', 'other-app'].map((client_id) => ({
    client_id,
    application_type: 'native',
    token_endpoint_auth_method: 'none',
    redirect_uris: ['http://127.0.0.1/callback'],
  })),
  claims: { openid: ['sub'], email: ['email'] },
  conformIdTokenClaims: false,
  cookies: { keys: ['a key for cookies of a test'] },
  findAccount: (_ctx, id) => ({
    accountId: id,
    claims: () => ({ sub: id, email: `${id}@example.com` }),
  }),
  jwks: { keys: [{ ...key, kid: 'the-key', alg: 'RS256', use: 'sig' }] },
  pkce: { required: () => true },
});

server.on('request', provider.callback());
process.stdin.on('end', () => process.exit()).resume();
process.stdout.write(`${issuer}\n`);
