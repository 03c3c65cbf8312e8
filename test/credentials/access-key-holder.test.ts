import type { IdentityActor } from '../../src/actor';
import type { Context } from '../../src/context';
import { accessKeyHolder } from '../../src/credentials/access-key-holder';
import { authenticate } from '../../src/credentials/authenticate';
import { issueCredentials, type Credentials } from '../../src/credentials/temporary-credentials';
import { allow, createKey, createPool, type Data } from '../support/factories';
import { startTestServer, TEST_ADMIN, type TestServer } from '../support/server';
import { serviceContext } from '../support/service-context';

let server: TestServer;
let ctx: Context;
let pool: Data;

beforeAll(async () => {
  server = await startTestServer();
  ctx = serviceContext(server.dataSource, { config: server.config, now: () => new Date() });
  pool = await createPool(server);
});
afterAll(() => server?.close());

const credentialsOf = (changes: object = {}): Promise<Credentials> =>
  issueCredentials(ctx, {
    identityId: 'us-east-1:00000000-0000-4000-8000-000000000001',
    identityPoolId: pool.id,
    roleArn: pool.roles.authenticated,
    sessionName: 'a-session',
    amr: ['authenticated', 'graph.facebook.com', 'graph.facebook.com:app:alice'],
    principalTags: { team: 'Grüße', empty: '' },
    cut: false,
    expiresAt: new Date(Math.ceil(Date.now() / 1000) * 1000 + 60_000),
    ...changes,
  });

describe('The holder of a temporary key', () => {
  it.each([
    ['a user', {}],
    ['a guest, who is cut down', { cut: true, amr: ['unauthenticated'] }],
    ['a caller of the classic flow with a session policy', { policy: JSON.stringify(allow('s3:*')) }],
  ])('is, for %s, the actor that the access token makes', async (_who, session) => {
    const { accessKeyId, secretKey, sessionToken, accessToken } = await credentialsOf(session);

    const holder = await accessKeyHolder(ctx, accessKeyId, sessionToken);

    const actor = (await holder.actor()) as IdentityActor;
    const byBearer = (await authenticate(ctx, `Bearer ${accessToken}`)) as IdentityActor;
    expect(holder.secretAccessKey).toBe(secretKey);
    expect(actor).toEqual(byBearer);
    expect(actor.kind).toBe('identity');
    // The very objects, since a policy is compiled once for each.
    actor.sessionPolicies.forEach((policy, at) => expect(policy).toBe(byBearer.sessionPolicies[at]));
  });

  it('is known until its actor is asked for, even when it has ended', async () => {
    const { accessKeyId, sessionToken } = await credentialsOf({ expiresAt: new Date(Date.now() - 1000) });

    const holder = await accessKeyHolder(ctx, accessKeyId, sessionToken);

    await expect(holder.actor()).rejects.toMatchObject({
      code: 'NOT_AUTHORIZED',
      fields: { reason: 'EXPIRED' },
    });
  });
});

describe('The holder of an API key', () => {
  it('is its administrator', async () => {
    const key = await createKey(server, { policies: [{ policyName: 'p', policyDocument: allow('sts:*') }] });

    const holder = await accessKeyHolder(ctx, key.apiKey.accessKeyId, undefined);

    expect(holder.secretAccessKey).toBe(key.secretAccessKey);
    expect(await holder.actor()).toMatchObject({
      kind: 'administrator',
      accessKeyId: key.apiKey.accessKeyId,
      policies: [{ Statement: [{ Action: 'sts:*' }] }],
    });
  });
});

test('Nobody holds an unknown id, a malformed one, one with a token that is not its own: all get one answer', async () => {
  const [mine, other] = [await credentialsOf(), await credentialsOf()];
  const answerTo = (id: string, token?: string): Promise<unknown> =>
    accessKeyHolder(ctx, id, token).then(
      () => 'held',
      ({ code, message, fields }) => ({ code, message, fields }),
    );

  const answers = await Promise.all([
    answerTo('AKIANOBODYNOBODYNOBO'),
    answerTo("' OR 1=1"),
    answerTo('x'.repeat(129)),
    answerTo(''),
    answerTo(mine.accessKeyId),
    answerTo(mine.accessKeyId, ''),
    answerTo(mine.accessKeyId, 'forged'),
    answerTo(mine.accessKeyId, other.sessionToken),
    answerTo(TEST_ADMIN.accessKeyId, mine.sessionToken),
    answerTo(TEST_ADMIN.accessKeyId, ''),
  ]);

  expect(answers).toEqual(
    answers.map(() => ({
      code: 'NOT_AUTHORIZED',
      message: 'The security token included in the request is invalid.',
      fields: { reason: 'INVALID' },
    })),
  );
});
