import { allow, bearerWith, createPool, refusalOf, rowsOf, type Data } from '../support/factories';
import { startTestServer } from '../support/server';
import { configure, startStreamWorld, streamOf, tryConfigure, type StreamWorld } from './stream-world';

let world: StreamWorld;

beforeAll(async () => {
  world = await startStreamWorld();
});
afterAll(() => world?.stop());

const ROLE = 'arn:aws:iam::123456789012:role/streams';
const webhook = { webhook: { url: 'https://hooks.example.com/a' } };
const newPool = async (): Promise<string> => (await createPool(world.server)).id;

describe('setIdentityPoolConfiguration', () => {
  it('answers what it chose, and the pool shows it', async () => {
    const id = await newPool();
    const cognitoStreams = { streamName: 'changes', roleArn: ROLE, target: webhook };

    const before = await streamOf(world.server, id);
    const answer = await configure(world.server, id, { cognitoStreams });

    const stream = {
      streamName: 'changes',
      roleArn: ROLE,
      streamingStatus: 'ENABLED',
      target: { type: 'webhook', url: 'https://hooks.example.com/a', maxBytes: 1_000_000 },
      disabledReason: null,
      disabledAt: null,
      pendingCount: 0,
    };
    expect(before).toBeNull();
    expect(answer).toMatchObject({ identityPoolId: id, pushSync: null, cognitoStreams: stream });
    expect(await streamOf(world.server, id)).toMatchObject(stream);
  });

  it('leaves what is left out as it is, and clears by {}', async () => {
    const id = await newPool();
    await configure(world.server, id, { cognitoStreams: { streamName: 'changes', target: webhook } });

    const nothing = await configure(world.server, id, {});
    const off = await configure(world.server, id, { cognitoStreams: { streamingStatus: 'DISABLED' } });
    const withRole = await configure(world.server, id, {
      cognitoStreams: { streamName: 'changes', roleArn: ROLE },
    });
    const cleared = await configure(world.server, id, { cognitoStreams: {} });

    expect(nothing.cognitoStreams).toMatchObject({ streamName: 'changes', streamingStatus: 'ENABLED' });
    expect(off.cognitoStreams).toMatchObject({
      streamName: 'changes',
      streamingStatus: 'DISABLED',
      disabledAt: world.clock.now().toISOString(),
      disabledReason: null,
    });
    expect(withRole.cognitoStreams).toMatchObject({
      streamingStatus: 'DISABLED',
      roleArn: ROLE,
      target: { type: 'webhook' },
    });
    expect(cleared.cognitoStreams).toBeNull();
    expect(await streamOf(world.server, id)).toBeNull();
  });

  it('needs a target for a name that has none yet, and a name for the first stream', async () => {
    const id = await newPool();

    const first = refusalOf(await tryConfigure(world.server, id, { cognitoStreams: { streamName: 'a' } }));
    const nameless = refusalOf(await tryConfigure(world.server, id, { cognitoStreams: { target: webhook } }));
    await configure(world.server, id, { cognitoStreams: { streamName: 'a', target: webhook } });
    const other = refusalOf(await tryConfigure(world.server, id, { cognitoStreams: { streamName: 'b' } }));

    expect(first).toMatchObject({ code: 'INVALID_PARAMETER', field: 'cognitoStreams.target' });
    expect(first.message).toMatch(
      /^cognitoStreams.target is required: no target is known for this streamName/,
    );
    expect(nameless).toMatchObject({ code: 'INVALID_PARAMETER', field: 'cognitoStreams.streamName' });
    expect(other).toMatchObject({ code: 'INVALID_PARAMETER', field: 'cognitoStreams.target' });
    expect(await streamOf(world.server, id)).toMatchObject({ streamName: 'a' });
  });

  it.each([
    [
      'two kinds at once',
      { ...webhook, nats: { servers: ['nats://n'], subject: 's' } },
      'cognitoStreams.target',
    ],
    ['no kind', {}, 'cognitoStreams.target'],
    ['an address that is none', { webhook: { url: 'x' } }, 'cognitoStreams.target.webhook.url'],
    [
      'a secret that is none',
      { webhook: { url: 'https://a.example', secret: 'x' } },
      'cognitoStreams.target.webhook.secret',
    ],
    [
      'a user without a password',
      { nats: { servers: ['nats://n'], subject: 's', user: 'u' } },
      'cognitoStreams.target.nats.password',
    ],
    [
      'a region that is none',
      { kinesis: { streamName: 's', region: 'x', accessKeyId: 'a', secretAccessKey: 'b' } },
      'cognitoStreams.target.kinesis.region',
    ],
  ])('refuses a target with %s, by its field', async (_what, target, field) => {
    const cognitoStreams = { streamName: 's', target };

    const answer = await tryConfigure(world.server, await newPool(), { cognitoStreams });

    expect(refusalOf(answer)).toMatchObject({ code: 'INVALID_PARAMETER', field });
  });

  it('takes no address that the operator does not allow', async () => {
    const strict = await startTestServer();
    const { id } = await createPool(strict);
    const to = (url: string) =>
      tryConfigure(strict, id, { cognitoStreams: { streamName: 's', target: { webhook: { url } } } });

    const answers = [
      await to('http://hooks.example.com'),
      await to('https://127.0.0.1/'),
      await to('https://10.0.0.1'),
    ];
    await strict.close();

    expect(answers.map((answer) => refusalOf(answer).field)).toEqual(
      Array(3).fill('cognitoStreams.target.webhook.url'),
    );
  });

  it('needs iam:PassRole on a role that is given', async () => {
    const id = await newPool();
    const bearer = await bearerWith(world.server, allow('cognito-sync:*'));
    const cognitoStreams = { streamName: 's', target: webhook };

    const passing = await tryConfigure(
      world.server,
      id,
      { cognitoStreams: { ...cognitoStreams, roleArn: ROLE } },
      bearer,
    );
    const without = await tryConfigure(world.server, id, { cognitoStreams }, bearer);

    expect(refusalOf(passing)).toMatchObject({
      code: 'ACCESS_DENIED',
      action: 'iam:PassRole',
      resource: ROLE,
    });
    expect(without.errors).toBeUndefined();
  });

  it('is decided on the ARN that Cognito Sync has for the pool, as in AWS', async () => {
    const id = await newPool();
    const arn = `arn:aws:cognito-sync:us-east-1:000000000000:identitypool/${id}`;
    const cognitoStreams = { streamName: 's', target: webhook };
    const bearer = await bearerWith(world.server, allow('cognito-sync:SetIdentityPoolConfiguration', arn));
    const other = await bearerWith(
      world.server,
      allow('cognito-sync:SetIdentityPoolConfiguration', arn.replace('cognito-sync', 'cognito-identity')),
    );

    const [allowed, denied] = [
      await tryConfigure(world.server, id, { cognitoStreams }, bearer),
      await tryConfigure(world.server, id, { cognitoStreams }, other),
    ];

    // The answer's pendingCount needs another action.
    expect(allowed.errors?.map(({ path }) => path?.at(-1))).toEqual(['pendingCount']);
    expect(refusalOf(denied)).toMatchObject({ code: 'ACCESS_DENIED', resource: arn });
  });
});

describe('secrets of a target', () => {
  const secrets = ['a-password', 'a-token', 'a-secret-key', 'a-session-token'];
  const targets: Record<string, object> = {
    nats: { servers: ['tls://n.example'], subject: 's', user: 'u', password: secrets[0] },
    'nats with a token': { servers: ['tls://n.example'], subject: 's', token: secrets[1] },
    redis: { url: 'rediss://r.example', key: 'k', password: secrets[0] },
    kinesis: {
      streamName: 's',
      region: 'us-east-1',
      accessKeyId: 'a',
      secretAccessKey: secrets[2],
      sessionToken: secrets[3],
    },
  };

  it.each(Object.entries(targets))(
    'of %s are never given back, and stored sealed',
    async (name, settings) => {
      const id = await newPool();
      const target = { [name.split(' ')[0]!]: settings };

      const answer = await configure(world.server, id, { cognitoStreams: { streamName: 's', target } });
      const stored = await rowsOf(
        world.server,
        'SELECT * FROM sync_configurations WHERE identity_pool_id = $1',
        [id],
      );
      const shown = JSON.stringify([answer, await streamOf(world.server, id), stored]);

      expect(answer.cognitoStreams.target.type).toBe(name.split(' ')[0]);
      for (const secret of secrets) expect(shown).not.toContain(secret);
    },
  );

  it('of a webhook are made when left out, shown once, and kept with its address', async () => {
    const id = await newPool();
    const set = (url: string, secret?: string): Promise<Data> =>
      configure(world.server, id, {
        cognitoStreams: { streamName: 's', target: { webhook: { url, secret } } },
      });

    const made = await set('https://a.example/');
    const again = await set('https://a.example/');
    const elsewhere = await set('https://b.example/');
    const own = await set('https://b.example/', `whsec_${'B'.repeat(32)}`);

    expect(made.webhookSecret).toMatch(/^whsec_/);
    expect(again.webhookSecret).toBeNull();
    expect(elsewhere.webhookSecret).toMatch(/^whsec_/);
    expect(elsewhere.webhookSecret).not.toBe(made.webhookSecret);
    expect(own.webhookSecret).toBeNull();
    const stored = JSON.stringify(await rowsOf(world.server, 'SELECT * FROM sync_configurations'));
    expect(stored).not.toContain('whsec_');
  });
});

describe('push sync', () => {
  it('is chosen in the same call, kept when left out, and cleared by {}', async () => {
    const id = await newPool();
    const arn = 'arn:aws:sns:us-east-1:000000000000:app/GCM/app';
    const application = { arn, name: 'app', platform: 'GCM', enabled: true };
    await rowsOf(
      world.server,
      `INSERT INTO sync_configurations (identity_pool_id, merge_rules, history_retention_days, push_sync, last_modified_at)
       VALUES ($1, '[]', 30, $2, now())`,
      [id, JSON.stringify({ applications: [application], applicationArns: [], roleArn: null })],
    );

    const chosen = await configure(world.server, id, { pushSync: { applicationArns: [arn], roleArn: ROLE } });
    const kept = await configure(world.server, id, { cognitoStreams: { streamName: 's', target: webhook } });
    const cleared = await configure(world.server, id, { pushSync: {} });
    const unknown = await tryConfigure(world.server, id, { pushSync: { applicationArns: ['arn:x'] } });

    expect(chosen.pushSync).toEqual({ applicationArns: [arn], roleArn: ROLE });
    expect(kept.pushSync).toEqual(chosen.pushSync);
    expect(cleared).toMatchObject({ pushSync: null, cognitoStreams: { streamName: 's' } });
    expect(refusalOf(unknown)).toMatchObject({
      code: 'INVALID_PARAMETER',
      field: 'pushSync.applicationArns',
    });
  });
});
