import { loadConfig } from '../../../src/config';
import { createKey, createPool, getCredentials, getId } from '../../support/factories';
import { startTestServer, type TestServer } from '../../support/server';
import { ADMIN_KEYS, callRaw, identityClient, refusal } from './clients';
import { smithySigner } from '../sigv4/signed-by';
import { MODEL } from './model';

const NOBODY = 'us-east-1:00000000-0000-4000-8000-000000000000';
const SIGNED = MODEL.filter(({ isPublic }) => !isPublic).map(({ name }) => name);

let server: TestServer;
let strict: TestServer;

beforeAll(async () => {
  server = await startTestServer();
  strict = await startTestServer({
    database: server.database,
    config: {
      strictAwsStatuses: true,
      rateLimits: { ...loadConfig({}).rateLimits, enabled: true, guestsPerIp: 1 },
    },
  });
});
afterAll(async () => {
  await strict?.close();
  await server?.close();
});

describe('an operation that is not public', () => {
  it.each(SIGNED)('%s is refused without a signature, before its members are read', async (name) => {
    const { status, json } = await callRaw(server, name, '{"MaxResults":"many"}');

    expect([status, json]).toEqual([
      400,
      { __type: 'MissingAuthenticationTokenException', message: 'Missing Authentication Token' },
    ]);
  });

  it('is refused to keys that nobody has, and to a wrong secret', async () => {
    const list = (keys: { accessKeyId: string; secretAccessKey: string }) =>
      refusal(identityClient(server, keys).listIdentityPools({ MaxResults: 1 }));

    expect(await list({ accessKeyId: 'AKIANOBODY', secretAccessKey: 'made up' })).toMatch(
      /^UnrecognizedClientException 40[03]: The security token included in the request is invalid/,
    );
    expect(await list({ ...ADMIN_KEYS, secretAccessKey: 'made up' })).toMatch(
      /^InvalidSignatureException 40[03]: The request signature we calculated does not match/,
    );
  });

  it('is refused to a key that was revoked', async () => {
    const key = await createKey(server, { managedPolicies: ['ADMINISTRATOR_ACCESS'] });
    const { accessKeyId } = key.apiKey;
    const client = identityClient(server, { accessKeyId, secretAccessKey: key.secretAccessKey });
    const before = await client.listIdentityPools({ MaxResults: 1 });

    await server.run(
      'mutation ($input: RevokeApiKeyInput!) { revokeApiKey(input: $input) { apiKey { accessKeyId } } }',
      { input: { accessKeyId } },
      server.admin,
    );

    expect(before.$metadata.httpStatusCode).toBe(200);
    expect(await refusal(client.listIdentityPools({ MaxResults: 1 }))).toMatch(
      /^UnrecognizedClientException 40[03]: /,
    );
  });

  it('is refused to a bearer, which is for GraphQL', async () => {
    const { status, json } = await fetch(server.url, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': 'AWSCognitoIdentityService.ListIdentityPools',
        authorization: `Bearer ${server.admin}`,
      },
      body: '{"MaxResults":1}',
    }).then(async (answer) => ({ status: answer.status, json: (await answer.json()) as any }));

    expect([[400, 403].includes(status), json.__type]).toEqual([true, 'IncompleteSignatureException']);
  });

  it('is refused when the signature does not cover its name, by which it could be another one', async () => {
    const pool = await createPool(server);
    const body = JSON.stringify({ IdentityPoolId: pool.id });
    const { host, hostname } = new URL(server.url);
    const signer = smithySigner({ key: ADMIN_KEYS, service: 'cognito-identity' });
    const request = { method: 'POST', protocol: 'http:', hostname, path: '/', query: {}, body };
    const { headers } = await signer.sign({ ...request, headers: { host } });
    const send = async (operation: string) => {
      const target = { 'x-amz-target': `AWSCognitoIdentityService.${operation}` };
      const answer = await fetch(server.url, { method: 'POST', headers: { ...headers, ...target }, body });
      return [answer.status, ((await answer.json()) as any).message];
    };

    for (const operation of ['DescribeIdentityPool', 'DeleteIdentityPool'])
      expect(await send(operation)).toEqual([
        400,
        "'x-amz-target' must be a 'SignedHeader' in the AWS Authorization.",
      ]);
  });

  it('is refused to temporary keys without their session token', async () => {
    const pool = await createPool(server);
    const { accessKeyId, secretKey } = await getCredentials(server, (await getId(server, pool.id)).id);
    const client = identityClient(server, { accessKeyId, secretAccessKey: secretKey });

    expect(await refusal(client.describeIdentity({ IdentityId: NOBODY }))).toMatch(
      /^UnrecognizedClientException 40[03]: /,
    );
  });
});

describe('the status of an error', () => {
  const ask = async (node: TestServer) => {
    const client = identityClient(node);
    const pool = await createPool(server, { allowUnauthenticatedIdentities: true });
    const IdentityId = (await getId(server, pool.id)).id;
    const conflict = {
      IdentityPoolId: pool.id,
      IdentityId,
      DeveloperUserIdentifier: 'nobody',
    };
    return [
      await refusal(client.describeIdentityPool({ IdentityPoolId: NOBODY })),
      await refusal(client.getCredentialsForIdentity({ IdentityId, Logins: { 'accounts.google.com': 'x' } })),
      await refusal(client.lookupDeveloperIdentity(conflict)),
      await refusal(client.listIdentityPools({ MaxResults: 1, NextToken: 'made-up' })),
      await refusal(client.listIdentityPools({ MaxResults: 0 })),
    ].map((error) => error.slice(0, error.indexOf(':')));
  };

  it('is 400 for whatever callers do wrong, as AWS is seen to answer', async () => {
    expect(await ask(server)).toEqual([
      'ResourceNotFoundException 400',
      'NotAuthorizedException 400',
      'ResourceConflictException 400',
      'InvalidParameterException 400',
      'ValidationException 400',
    ]);
  });

  it('is that of AWS’s model in the strict mode', async () => {
    expect(await ask(strict)).toEqual([
      'ResourceNotFoundException 404',
      'NotAuthorizedException 403',
      'ResourceConflictException 409',
      'InvalidParameterException 400',
      'ValidationException 400',
    ]);
  });

  it('is 429 for throttling, with the seconds to wait', async () => {
    const pool = await createPool(server);
    const newGuest = () => callRaw(strict, 'GetId', JSON.stringify({ IdentityPoolId: pool.id }));

    const [first, second] = [await newGuest(), await newGuest()];

    expect(first.status).toBe(200);
    expect([second.status, second.json.__type]).toEqual([429, 'TooManyRequestsException']);
    expect(Number(second.headers.get('retry-after'))).toBeGreaterThan(0);
  });
});

describe('a call of Cognito Identity', () => {
  it('is read in the older dialect, and whatever its Content-Type', async () => {
    const pool = await createPool(server);
    const target = { 'x-amz-target': 'AWSCognitoIdentityService.GetId' };
    const body = JSON.stringify({ IdentityPoolId: pool.id });
    const types = ['application/x-amz-json-1.0', 'application/json', 'text/plain'];

    const answers = await Promise.all(
      types.map((type) =>
        fetch(server.url, { method: 'POST', headers: { ...target, 'content-type': type }, body }),
      ),
    );

    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
  });

  it('is answered with the request id that the server logs it under, as AWS names it', async () => {
    const { headers } = await callRaw(server, 'GetId', '{}');

    expect(headers.get('x-amzn-requestid')).toBe(headers.get('x-request-id'));
  });
});
