import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { execute } from '../support/database';
import { eventually } from '../support/factories';
import { startIdentityProvider, type TestIdentityProvider } from '../support/identity-provider';
import { startTestServer, type GraphqlAnswer, type TestServer } from '../support/server';

/*
 * A node with 4 database connections under ten times as many calls at once, and without a database for a while: every
 * call ends within seconds, answered or told to come back, and nothing is left behind.
 */

const POOL_SIZE = 4;
const CALLS = 10 * POOL_SIZE;
const APP = 'app';

let node: TestServer;
let issuer: TestIdentityProvider;
let providerArn: string;
let identityPoolId: string;

const LIST = `query ($input: ListRecordsInput!) {
  listRecords(input: $input) { datasetSyncCount records { key value syncCount } } }`;
const UPDATE = 'mutation ($input: UpdateRecordsInput!) { updateRecords(input: $input) { datasetSyncCount } }';
const GET_ID = 'mutation ($input: GetIdInput!) { getId(input: $input) { identityId } }';
const GET_CREDENTIALS = `mutation ($input: GetCredentialsForIdentityInput!) {
  getCredentialsForIdentity(input: $input) { credentials { accessToken } } }`;
const CREATE_POOL = `mutation ($input: CreateIdentityPoolInput!) {
  createIdentityPool(input: $input) { identityPool { id } } }`;

beforeAll(async () => {
  [node, issuer] = await Promise.all([
    startTestServer({ config: { databasePoolSize: POOL_SIZE } }),
    startIdentityProvider(),
  ]);
  const { createOpenIDConnectProvider } = await node.run(
    'mutation ($input: CreateOpenIDConnectProviderInput!) { createOpenIDConnectProvider(input: $input) { openIDConnectProviderArn } }',
    { input: { url: issuer.issuer, clientIDList: [APP] } },
    node.admin,
  );
  providerArn = createOpenIDConnectProvider.openIDConnectProviderArn;
  identityPoolId = await newPool();
});
afterAll(async () => {
  await Promise.all([node?.close(), issuer?.close()]);
});

const poolInput = () => ({
  identityPoolName: 'p',
  allowUnauthenticatedIdentities: true,
  openIdConnectProviderARNs: [providerArn],
});

const newPool = async (): Promise<string> =>
  (await node.run(CREATE_POOL, { input: poolInput() }, node.admin)).createIdentityPool.identityPool.id;

const newGuest = async (): Promise<{ identityId: string; token: string }> => {
  const { identityId } = (await node.run(GET_ID, { input: { identityPoolId } })).getId;
  const data = await node.run(GET_CREDENTIALS, { input: { identityId } });
  return { identityId, token: data.getCredentialsForIdentity.credentials.accessToken };
};

const update = (token: string, datasetName: string, key: string): Promise<GraphqlAnswer> => {
  const recordPatches = [{ op: 'REPLACE', key, value: 'v', syncCount: 0 }];
  return node.graphql(UPDATE, { input: { datasetName, recordPatches } }, token);
};

/** A guest that signs in for the first time: a transaction with locks on its login and itself. */
const link = async (person: string): Promise<GraphqlAnswer> => {
  const logins = [{ provider: issuer.loginKey, token: await issuer.sign({ sub: person, aud: APP }) }];
  const guest = await node.graphql(GET_ID, { input: { identityPoolId } });
  if (guest.errors) return guest;
  const { identityId } = guest.data.getId;
  return node.graphql(GET_CREDENTIALS, { input: { identityId, logins } });
};

const atOnce = (count: number, call: (at: number) => Promise<GraphqlAnswer>): Promise<GraphqlAnswer[]> =>
  withinSeconds(Promise.all(Array.from({ length: count }, (_, at) => call(at))));

/** Fails when it hangs, rather than the test's own time limit with nothing to say. */
const withinSeconds = async <T>(work: Promise<T>): Promise<T> => {
  const late = new AbortController();
  const alarm = sleep(20_000, undefined, { signal: late.signal }).then(() => {
    throw new Error('Some calls have not ended after 20 seconds');
  });
  alarm.catch(() => undefined);
  return Promise.race([work, alarm]).finally(() => late.abort());
};

/** How many were answered; the others must have been told when to come back. */
const answered = (answers: GraphqlAnswer[]): number => {
  const refused = answers.flatMap(({ errors }) => errors ?? []);
  for (const { extensions } of refused)
    expect(extensions).toEqual({ code: 'TOO_MANY_REQUESTS', retryAfterSeconds: expect.any(Number) });
  return answers.length - refused.length;
};

const connections = async (): Promise<{ pid: number; state: string; application_name: string }[]> => {
  const client = new Client({ connectionString: node.database.url });
  await client.connect();
  const { rows } = await client.query(
    `SELECT pid, state, application_name FROM pg_stat_activity
      WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'`,
  );
  await client.end();
  return rows;
};

/** The node's own work, such as looking for events to send, may be in a transaction at the moment: it ends by itself. */
const connectionsAtRest = (): Promise<{ state: string; application_name: string }[]> =>
  eventually(connections, (open) => open.every(({ state }) => state === 'idle'));

const expectNothingLeftBehind = async (): Promise<void> => {
  const open = await connectionsAtRest();
  expect(open.filter(({ application_name: name }) => name === 'rockpool').length).toBeLessThanOrEqual(
    POOL_SIZE,
  );
  const { token } = await newGuest();
  expect((await update(token, 'after', 'k')).data).toEqual({ updateRecords: { datasetSyncCount: 1 } });
};

describe('ten times as many calls as connections', () => {
  test('to datasets of their own all end', async () => {
    const { token } = await newGuest();

    const answers = await atOnce(CALLS, (at) => update(token, `d${at % 20}`, `k${at}`));

    expect(answered(answers)).toBe(CALLS);
    await expectNothingLeftBehind();
  });

  test('to one dataset all end, and its count is the number of those that were answered', async () => {
    const { token } = await newGuest();

    const answers = await atOnce(4 * CALLS, (at) => update(token, 'd', `k${at}`));

    const { listRecords } = await node.run(LIST, { input: { datasetName: 'd' } }, token);
    expect(listRecords.datasetSyncCount).toBe(answered(answers));
    expect(listRecords.records).toHaveLength(answered(answers));
    await expectNothingLeftBehind();
  });

  test('that make pools and identities, link logins, write and read all end', async () => {
    const { token } = await newGuest();
    const calls = [
      () => node.graphql(CREATE_POOL, { input: poolInput() }, node.admin),
      () => node.graphql(GET_ID, { input: { identityPoolId } }),
      (at: number) => link(`person ${at}`),
      (at: number) => update(token, 'd', `k${at}`),
      () => node.graphql(LIST, { input: { datasetName: 'd' } }, token),
    ];

    const answers = await atOnce(2 * CALLS, (at) => calls[at % calls.length]!(at));

    expect(answered(answers)).toBeGreaterThanOrEqual(CALLS);
    await expectNothingLeftBehind();
  });

  test('that sign in as one new person get one identity between them', async () => {
    const logins = [{ provider: issuer.loginKey, token: await issuer.sign({ sub: 'one', aud: APP }) }];

    const answers = await atOnce(CALLS, () => node.graphql(GET_ID, { input: { identityPoolId, logins } }));

    answered(answers);
    expect(new Set(answers.flatMap(({ data }) => data?.getId.identityId ?? [])).size).toBe(1);
    await expectNothingLeftBehind();
  });
});

/** Codes that a client may meet while the database is away, each of which it can act on. */
const AWAY = ['TOO_MANY_REQUESTS', 'SERVICE_UNAVAILABLE'];

/** Calls of every kind one after the other, from many callers at once, until told to stop; all that was answered. */
const keepCalling = (token: string, until: AbortSignal): Promise<GraphqlAnswer[]> => {
  const caller = async (_: unknown, who: number): Promise<GraphqlAnswer[]> => {
    const answers: GraphqlAnswer[] = [];
    for (let nth = 0; !until.aborted; nth += 1) {
      const at = who * 1000 + nth;
      answers.push(await update(token, `d${who % 4}`, `k${at}`));
      answers.push(await node.graphql(GET_ID, { input: { identityPoolId } }));
      answers.push(await link(`somebody ${token.slice(-8)} ${at}`));
      answers.push(await node.graphql('{ roles(first: 1) { nodes { name } } }', {}, node.admin));
      await sleep(5);
    }
    return answers;
  };
  return withinSeconds(Promise.all(Array.from({ length: 8 }, caller)).then((lists) => lists.flat()));
};

const expectTypedErrorsOnly = (answers: GraphqlAnswer[]): void => {
  const errors = answers.flatMap((answer) => answer.errors ?? []);
  expect(errors.filter(({ extensions }) => !AWAY.includes(extensions.code))).toEqual([]);
};

/** Every write that was acknowledged is there, once, under its own count. */
const expectNothingLost = async (token: string, answers: GraphqlAnswer[]): Promise<void> => {
  const acknowledged = answers.filter(({ data }) => data?.updateRecords).length;
  const stored = await Promise.all(
    [0, 1, 2, 3].map((at) => node.run(LIST, { input: { datasetName: `d${at}` } }, token)),
  );
  const counts = stored.map(({ listRecords }) => listRecords.records.length as number);
  expect(counts.reduce((sum, count) => sum + count, 0)).toBeGreaterThanOrEqual(acknowledged);
  expect(stored.map(({ listRecords }) => listRecords.datasetSyncCount)).toEqual(counts);
};

/** Does something to the database in the middle of calls; what was answered before, during and after. */
const callsDuring = async (disturb: () => Promise<void>) => {
  const { token } = await newGuest();
  const stop = new AbortController();
  const calling = keepCalling(token, stop.signal);
  await sleep(150);
  await disturb();
  await sleep(150);
  stop.abort();
  return { token, answers: await calling };
};

const terminate = (): Promise<void> =>
  execute(
    node.database.url,
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE datname = current_database() AND pid <> pg_backend_pid()`,
  );

const readiness = async (): Promise<number> => (await fetch(`${node.url}/readyz`)).status;

describe('a database that goes away under calls', () => {
  test('for a moment, with all connections: callers get errors to act on, nothing is lost, and the node goes on', async () => {
    const { token, answers } = await callsDuring(async () => {
      for (let round = 0; round < 5; round += 1) {
        await terminate();
        await sleep(40);
      }
    });

    expectTypedErrorsOnly(answers);
    await expectNothingLost(token, answers);
    await expectNothingLeftBehind();
  });

  test('for a second: the node says that it is not ready, and is again by itself', async () => {
    const url = new URL(node.database.url);
    const name = url.pathname.slice(1);
    url.pathname = '/postgres';
    let during = 0;

    const { token, answers } = await callsDuring(async () => {
      await execute(url.href, `ALTER DATABASE ${name} ALLOW_CONNECTIONS false`);
      await execute(
        url.href,
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${name}'`,
      );
      await sleep(500);
      during = await readiness();
      await sleep(500);
      await execute(url.href, `ALTER DATABASE ${name} ALLOW_CONNECTIONS true`);
    });

    expect(during).toBe(503);
    expect(await readiness()).toBe(200);
    expectTypedErrorsOnly(answers);
    expect(answers.filter(({ errors }) => errors).length).toBeGreaterThan(0);
    await expectNothingLost(token, answers);
    await expectNothingLeftBehind();
  });
});
