import type { RateLimits } from '../../src/config';
import { inTransaction } from '../../src/context';
import { networkOf } from '../../src/rate-limits/network';
import { limitCaller } from '../../src/rate-limits/rate-limits';
import { sweepCounters } from '../../src/rate-limits/sweep-counters';
import { createPool, getId, refusalOf, rowsOf, type Data } from '../support/factories';
import { startTestServer, type GraphqlAnswer, type TestServer } from '../support/server';
import { serviceContext } from '../support/service-context';
import { OK, PROXIED, REFUSED, askForGuest, repeat, send } from './callers';

const LIMITS: RateLimits = {
  enabled: true,
  // No test reaches the end of it; the one that does has its own.
  windowSeconds: 3600,
  guestsPerIp: 4,
  guestsPerPool: 6,
  callsPerIp: 10,
  identitiesPerPool: 1000,
  credentialsPerPool: 12,
};

let node: TestServer;
let otherNode: TestServer;

beforeAll(async () => {
  const config = { ...PROXIED, rateLimits: LIMITS };
  node = await startTestServer({ config });
  otherNode = await startTestServer({ config, database: node.database });
});
afterAll(async () => {
  await otherNode?.close();
  await node?.close();
});

let addresses = 0;

/** An address that nobody has called from yet. */
const newAddress = (): string => `198.51.100.${(addresses += 1)}`;

const newGuest = (pool: Data, from: string, at = node, bearer?: string): Promise<GraphqlAnswer> =>
  askForGuest(at, pool, from, bearer);

const credentials = (identityId: string, from: string, at = node): Promise<GraphqlAnswer> =>
  send(
    at,
    from,
    `mutation { getCredentialsForIdentity(input: { identityId: "${identityId}" }) { identityId } }`,
  );

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe('New guests', () => {
  it('are limited for each address over all nodes together', async () => {
    const pool = await createPool(node);
    const from = newAddress();

    const codes = await repeat(6, (n) => newGuest(pool, from, n % 2 === 0 ? node : otherNode));
    const refusal = refusalOf(await newGuest(pool, from));

    expect(codes).toEqual([...OK(4), ...REFUSED(2)]);
    expect(refusal).toMatchObject({ code: 'TOO_MANY_REQUESTS', limit: 'guestsPerIp', maximum: 4 });
    expect(refusal.retryAfterSeconds).toBeGreaterThan(3500);
    expect(refusal.retryAfterSeconds).toBeLessThanOrEqual(3600);
  });

  it('are taken again, on every node, when the time to wait is over', async () => {
    const limits = { ...LIMITS, guestsPerIp: 2, windowSeconds: 4 };
    const config = { ...PROXIED, rateLimits: limits };
    const pair = [
      await startTestServer({ config, database: node.database }),
      await startTestServer({ config, database: node.database }),
    ] as const;
    const pool = await createPool(node);
    const from = newAddress();

    await repeat(2, () => newGuest(pool, from, pair[0]));
    const refusal = refusalOf(await newGuest(pool, from, pair[0]));
    await pause((refusal.retryAfterSeconds as number) * 1000);
    const codes = [
      ...(await repeat(1, () => newGuest(pool, from, pair[0]))),
      ...(await repeat(1, () => newGuest(pool, from, pair[1]))),
    ];
    for (const each of pair) await each.close();

    expect(refusal.retryAfterSeconds).toBeGreaterThanOrEqual(1);
    expect(refusal.retryAfterSeconds).toBeLessThanOrEqual(4);
    expect(codes).toEqual(OK(2));
  });

  it('of one address do not keep another out, nor the same address out of what is no new guest', async () => {
    const pool = await createPool(node);
    const from = newAddress();
    const guest = (await newGuest(pool, from)).data.getId.identityId;

    await repeat(9, () => newGuest(pool, from));

    expect((await newGuest(pool, newAddress())).errors).toBeUndefined();
    expect((await credentials(guest, from)).errors).toBeUndefined();
  });

  it('are limited for each pool, whatever addresses they come from', async () => {
    const pool = await createPool(node);
    const codes = await repeat(8, (n) => newGuest(pool, newAddress(), n % 2 === 0 ? node : otherNode));
    const refusal = refusalOf(await newGuest(pool, newAddress()));

    expect(codes).toEqual([...OK(6), ...REFUSED(2)]);
    expect(refusal).toMatchObject({ limit: 'guestsPerPool', maximum: 6 });
    expect((await newGuest(await createPool(node), newAddress())).errors).toBeUndefined();
  });

  it('are counted one by one when many are asked for in one request', async () => {
    const pool = await createPool(node);
    const fields = Array.from(
      { length: 5 },
      (_, n) => `g${n}: getId(input: { identityPoolId: "${pool.id}" }) { identityId }`,
    );

    const answer = await send(node, newAddress(), `mutation { ${fields.join('\n')} }`);

    expect(answer.errors?.map((error) => error.extensions.code)).toContain('TOO_MANY_REQUESTS');
    expect(await rowsOf(node, 'SELECT FROM identities WHERE identity_pool_id = $1', [pool.id])).toHaveLength(
      4,
    );
  });

  it('asked for by the same subscriber from many IPv6 addresses are one subscriber’s', async () => {
    const pool = await createPool(node);

    expect(await repeat(5, (n) => newGuest(pool, `2001:db8:0:7::${n + 1}`))).toEqual([
      ...OK(4),
      ...REFUSED(1),
    ]);
    expect((await newGuest(pool, '2001:db8:0:8::1')).errors).toBeUndefined();
  });

  it('made by a back end with an API key are counted for the pool alone', async () => {
    const pool = await createPool(node);
    const from = newAddress();

    const codes = await repeat(7, () => newGuest(pool, from, node, node.admin));

    expect(codes).toEqual([...OK(6), ...REFUSED(1)]);
  });
});

describe('Calls without credentials', () => {
  it('are limited for each address and operation, also when they fail', async () => {
    const from = newAddress();
    const nobody = 'us-east-1:11111111-1111-4111-8111-111111111111';

    const codes = await repeat(12, (n) => credentials(nobody, from, n % 2 === 0 ? node : otherNode));
    const refusal = refusalOf(await credentials(nobody, from));

    expect(codes).toEqual([...Array<string>(10).fill('RESOURCE_NOT_FOUND'), ...REFUSED(2)]);
    expect(refusal).toMatchObject({ limit: 'getCredentialsForIdentityPerIp', maximum: 10 });
    expect((await newGuest(await createPool(node), from)).errors).toBeUndefined();
  });

  it('are limited for each pool and operation', async () => {
    const pool = await createPool(node);
    const guest = (await newGuest(pool, newAddress())).data.getId.identityId;

    const codes = await repeat(13, () => credentials(guest, newAddress()));
    const refusal = refusalOf(await credentials(guest, newAddress()));
    const token = `mutation { getOpenIdToken(input: { identityId: "${guest}" }) { identityId } }`;

    expect(codes).toEqual([...OK(12), ...REFUSED(1)]);
    expect(refusal).toMatchObject({ limit: 'getCredentialsForIdentityPerPool', maximum: 12 });
    expect((await send(node, newAddress(), token)).errors).toBeUndefined();
  });

  it.each([
    ['getOpenIdToken', 'mutation { getOpenIdToken(input: { identityId: "ID" }) { identityId } }'],
    [
      'unlinkIdentity',
      'mutation { unlinkIdentity(input: { identityId: "ID", logins: [{ provider: "p", token: "t" }], loginsToRemove: [] }) { identityId } }',
    ],
    [
      'assumeRoleWithWebIdentity',
      'mutation { assumeRoleWithWebIdentity(input: { roleArn: "arn:aws:iam::000000000000:role/R", roleSessionName: "me", webIdentityToken: "nonsense" }) { audience } }',
    ],
    [
      'previewMerge',
      'query { previewMerge(input: { identityPoolId: "ID", logins: [{ provider: "p.example.com", token: "t" }] }) { identityId } }',
    ],
  ])('of %s are limited too', async (operation, query) => {
    const from = newAddress();
    const text = query.replace('ID', 'us-east-1:11111111-1111-4111-8111-111111111111');

    const codes = await repeat(11, () => send(node, from, text));

    expect(codes.slice(0, 10)).not.toContain('TOO_MANY_REQUESTS');
    expect(codes[10]).toBe('TOO_MANY_REQUESTS');
    expect(refusalOf(await send(node, from, text)).limit).toBe(`${operation}PerIp`);
  });

  it('of a flood are refused from memory, without a word to the database', async () => {
    const pool = await createPool(node);
    const from = newAddress();
    await repeat(5, () => newGuest(pool, from));
    const points = () =>
      rowsOf(node, 'SELECT points FROM rate_limits WHERE key = $1', [`guestsPerIp:${from}`]);
    const before = await points();

    const codes = await repeat(20, () => newGuest(pool, from));

    expect(codes).toEqual(REFUSED(20));
    expect(before[0]?.points).toBeLessThanOrEqual(5);
    expect(await points()).toEqual(before);
  });
});

describe('A forwarded address', () => {
  it('that is no address counts as the proxy’s own', async () => {
    const pool = await createPool(node);

    await newGuest(pool, 'nonsense'.repeat(50));

    const keys = await rowsOf(node, `SELECT key FROM rate_limits WHERE key LIKE 'guestsPerIp:%'`);
    expect(keys.map((row) => row.key)).toContain('guestsPerIp:127.0.0.1');
    expect(keys.filter((row) => /nonsense/.test(row.key))).toEqual([]);
  });

  it('is not believed unless its proxy is trusted', async () => {
    const alone = await startTestServer({ config: { rateLimits: LIMITS } });
    const pool = await createPool(alone);

    const codes = await repeat(5, () => newGuest(pool, newAddress(), alone));
    await alone.close();

    expect(codes).toEqual([...OK(4), ...REFUSED(1)]);
  });

  it('is taken from the last of so many proxies, and not from what a caller wrote before it', async () => {
    const alone = await startTestServer({
      config: { trustProxy: 1, rateLimits: LIMITS },
    });
    const pool = await createPool(alone);

    const codes = await repeat(5, () => newGuest(pool, `${newAddress()}, 203.0.113.9`, alone));
    await alone.close();

    expect(codes).toEqual([...OK(4), ...REFUSED(1)]);
  });
});

describe('While the counters cannot be reached', () => {
  it('each node counts for itself', async () => {
    const alone = await startTestServer({
      config: { ...PROXIED, rateLimits: LIMITS },
    });
    const pool = await createPool(alone);
    const from = newAddress();
    await rowsOf(alone, 'ALTER TABLE rate_limits RENAME TO rate_limits_away');

    const codes = await repeat(6, () => newGuest(pool, from, alone));
    const refusal = refusalOf(await newGuest(pool, from, alone));
    await alone.close();

    expect(codes).toEqual([...OK(4), ...REFUSED(2)]);
    expect(refusal).toMatchObject({ limit: 'guestsPerIp' });
    expect(refusal.retryAfterSeconds).toBeGreaterThan(50);
  });
});

test('Limits can be turned off', async () => {
  const alone = await startTestServer({ config: { rateLimits: { ...LIMITS, enabled: false } } });
  const pool = await createPool(alone);

  const codes = await repeat(15, () => newGuest(pool, '198.51.100.250', alone));
  await alone.close();

  expect(codes).toEqual(OK(15));
});

test('Counters whose window is over are swept', async () => {
  await getId(node, (await createPool(node)).id);
  await rowsOf(node, `INSERT INTO rate_limits (key, points, expire) VALUES ('old', 1, $1), ('new', 1, $2)`, [
    Date.now() - 1,
    Date.now() + 60_000,
  ]);

  await sweepCounters(serviceContext(node.dataSource));

  expect(await rowsOf(node, `SELECT key FROM rate_limits WHERE key IN ('old', 'new')`)).toEqual([
    { key: 'new' },
  ]);
});

test('Counting inside a transaction is a mistake in the code that shows at once', async () => {
  const ctx = serviceContext(node.dataSource, {
    request: { id: 'test', sourceIp: newAddress(), userAgent: null },
  });

  await expect(inTransaction(ctx, (tx) => limitCaller(tx, 'getId'))).rejects.toThrow(
    'must be counted before the transaction',
  );
});

test.each([
  ['203.0.113.9', '203.0.113.9'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:0DB8:0001::', '2001:db8:1:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['1::2:3', '1:0:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['64:ff9b::192.0.2.1', '64:ff9b:0:0::/64'],
])('%s counts as %s', (address, network) => {
  expect(networkOf(address)).toBe(network);
});
