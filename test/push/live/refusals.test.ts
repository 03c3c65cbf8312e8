import { allow, bearerWith, createPool } from '../../support/factories';
import { startTestServer, type GraphqlAnswer, type TestServer } from '../../support/server';
import {
  COUNTS,
  TRANSPORTS,
  documentOf,
  listen,
  newCaller,
  untilOpen,
  write,
  type Caller,
  type Listening,
} from './live-world';

/*
 * A subscription that is refused is refused as any operation is over HTTP: the same rules, limits, codes and words.
 */

let server: TestServer;
let caller: Caller;
beforeAll(async () => {
  server = await startTestServer({ config: { introspection: false } });
  caller = await newCaller(server);
  await write(server, caller.token);
});
afterAll(() => server?.close());

type Errors = GraphqlAnswer['errors'] & object;

describe.each(TRANSPORTS)('over a %s', (transport) => {
  const errorsOf = async (query: string, token: string | undefined, input: object = {}): Promise<Errors> => {
    const heard = listen(server, token, input as Listening, { query, transport });
    await heard.ended;
    expect(heard.reports).toEqual([]);
    return heard.errors;
  };

  const refusal = async (input: object, token: string | undefined = caller.token): Promise<object> => {
    const errors = await errorsOf(documentOf(COUNTS), token, input);
    expect(errors).toHaveLength(1);
    return errors[0]!.extensions;
  };

  test.each([
    ['a document that is none', 'subscription {'],
    ['a field that there is not', documentOf('nothing')],
    ['an input that there is not', `subscription { datasetChanged(input: { x: 1 }) { ${COUNTS} } }`],
    [
      'fields nested too deep',
      `subscription { ...a } fragment a on Subscription { ${'b { '.repeat(13)} c ${'}'.repeat(13)} }`,
    ],
    ['too many aliases', documentOf(Array.from({ length: 61 }, (_, at) => `a${at}: syncCount`).join(' '))],
    ['a field under two names', documentOf('a: syncCount b: syncCount')],
    ['too many words', documentOf('syncCount '.repeat(4000))],
    [
      'two root fields',
      'subscription { datasetChanged(input: {}) { syncCount } b: datasetChanged(input: {}) { syncCount } }',
    ],
    ['a question about the schema, which is off here', 'subscription { __schema { types { name } } }'],
  ])('%s is answered as over HTTP', async (_what, query) => {
    const overHttp = await server.graphql(query, { input: {} }, caller.token);

    expect(overHttp.errors?.length).toBeGreaterThan(0);
    expect(await errorsOf(query, caller.token)).toEqual(overHttp.errors);
  });

  test('a query or a mutation is told where it goes', async () => {
    const errors = [
      ...(await errorsOf('{ viewer { id } }', caller.token)),
      ...(await errorsOf(
        'mutation { deleteDataset(input: { datasetName: "d" }) { dataset { name } } }',
        caller.token,
      )),
    ];

    expect(errors).toEqual(
      [1, 2].map(() => ({
        message:
          'Only subscriptions go over a WebSocket or an event stream. Send queries and mutations by POST to /graphql.',
        extensions: { code: 'BAD_REQUEST' },
      })),
    );
    const { listRecords } = await server.run(
      '{ listRecords(input: { datasetName: "d" }) { datasetExists } }',
      {},
      caller.token,
    );
    expect(listRecords.datasetExists).toBe(true);
  });

  test.each<[string, object, object]>([
    [
      'a variable of the wrong type',
      { sinceSyncCounts: 5 },
      { code: 'INVALID_PARAMETER', field: 'sinceSyncCounts' },
    ],
    [
      'a name that no dataset has',
      { datasetName: 'a b' },
      { code: 'INVALID_PARAMETER', field: 'datasetName' },
    ],
    ['a device without a name', { deviceId: '' }, { code: 'INVALID_PARAMETER', field: 'deviceId', limit: 1 }],
    [
      'a dataset twice',
      { sinceSyncCounts: [1, 1].map((syncCount) => ({ datasetName: 'd', syncCount })) },
      { code: 'INVALID_PARAMETER', field: 'sinceSyncCounts' },
    ],
    [
      'more datasets than anybody has',
      { sinceSyncCounts: Array.from({ length: 1001 }, (_, at) => ({ datasetName: `d${at}`, syncCount: 0 })) },
      { code: 'INVALID_PARAMETER', field: 'sinceSyncCounts', limit: 1000 },
    ],
    [
      'a count that the dataset never had',
      { sinceSyncCounts: [{ datasetName: 'd', syncCount: 2 }] },
      { code: 'INVALID_PARAMETER', field: 'sinceSyncCounts', syncCount: 2, datasetSyncCount: 1 },
    ],
    [
      'a count of a dataset that never was',
      { sinceSyncCounts: [{ datasetName: 'never', syncCount: 1 }] },
      { code: 'INVALID_PARAMETER', field: 'sinceSyncCounts', syncCount: 1, datasetSyncCount: 0 },
    ],
  ])('%s is INVALID_PARAMETER', async (_what, input, expected) => {
    expect(await refusal(input)).toMatchObject(expected);
  });

  test('nobody in particular, and whose credentials do not hold, is NOT_AUTHORIZED with the reason', async () => {
    expect(await errorsOf(documentOf(COUNTS), undefined)).toMatchObject([
      { extensions: { code: 'NOT_AUTHORIZED', reason: 'MISSING' } },
    ]);
    expect(await refusal({}, 'not a token')).toMatchObject({ code: 'NOT_AUTHORIZED', reason: 'INVALID' });
  });

  test('an administrator is NOT_AUTHORIZED, whatever it may do', async () => {
    const all = await bearerWith(server, allow('*'));

    expect(await refusal({}, server.admin)).toEqual({ code: 'NOT_AUTHORIZED' });
    expect(await refusal({ datasetName: 'd' }, all)).toEqual({ code: 'NOT_AUTHORIZED' });
  });

  test('nothing is left of what was refused', async () => {
    await untilOpen(server, 0);
  });
});

describe('over HTTP alone', () => {
  test('a subscription is told where it goes', async () => {
    const answer = await server.graphql(documentOf(COUNTS), { input: {} }, caller.token);

    expect(answer.status).toBe(400);
    expect(answer.errors).toEqual([
      {
        message:
          'Subscriptions go over a WebSocket at /graphql (graphql-transport-ws) or an event stream at /graphql/stream (GraphQL over SSE).',
        extensions: { code: 'BAD_REQUEST' },
      },
    ]);
  });
});

describe('an event stream', () => {
  const ask = (path: string, init: RequestInit = {}) =>
    fetch(`${server.url}/graphql/stream${path}`, {
      ...init,
      headers: { accept: 'text/event-stream', authorization: `Bearer ${caller.token}`, ...init.headers },
    });
  const QUERY = 'subscription { datasetChanged(input: { sinceSyncCounts: [] }) { datasetName syncCount } }';

  test('may be asked for by GET', async () => {
    const response = await ask(`?query=${encodeURIComponent(QUERY)}`);
    const reader = response.body!.getReader();
    let text = '';
    while (!text.includes('\n\nevent') && !text.includes('syncCount'))
      text += new TextDecoder().decode((await reader.read()).value);
    await reader.cancel();

    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(response.headers.get('x-request-id')).toBeTruthy();
    expect(text).toContain(
      'event: next\ndata: {"data":{"datasetChanged":{"datasetName":"d","syncCount":1}}}\n\n',
    );
    await untilOpen(server, 0);
  });

  test.each<[string, string, RequestInit, number]>([
    ['no query', '', {}, 400],
    ['variables that are none', '?query=x&variables=5', {}, 400],
    [
      'a body that is no JSON',
      '',
      { method: 'POST', body: '{', headers: { 'content-type': 'application/json' } },
      400,
    ],
    [
      'a body of a number',
      '',
      { method: 'POST', body: '5', headers: { 'content-type': 'application/json' } },
      400,
    ],
    [
      'a body of another type',
      '',
      { method: 'POST', body: 'x', headers: { 'content-type': 'text/plain' } },
      415,
    ],
    ['another method', '', { method: 'PUT' }, 404],
    [
      'no wish for events',
      `?query=${encodeURIComponent(QUERY)}`,
      { headers: { accept: 'application/json' } },
      406,
    ],
  ])('for %s is refused in the shape of GraphQL errors', async (_what, path, init, status) => {
    const response = await ask(path, init);

    expect(response.status).toBe(status);
    expect(await response.json()).toEqual({
      errors: [
        { message: expect.stringMatching(/./), extensions: { code: expect.stringMatching(/^[A-Z_]+$/) } },
      ],
    });
  });

  test('may be asked for by a page of any origin, which has to bring the credentials itself', async () => {
    const preflight = await fetch(`${server.url}/graphql/stream`, {
      method: 'OPTIONS',
      headers: {
        origin: 'https://app.example.com',
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization,content-type',
      },
    });

    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-origin')).toBe('*');
    expect(preflight.headers.get('access-control-allow-credentials')).toBeNull();
  });
});

test('a subscription of a pool that is not its own is none: it has the datasets of its caller and no others', async () => {
  const neighbour = await newCaller(server, (await createPool(server)).id);
  const heard = listen(server, caller.token, { sinceSyncCounts: [] });
  await heard.next();

  await write(server, neighbour.token, { datasetName: 'd' });
  await write(server, caller.token, { key: 'own' });

  expect(await heard.next()).toMatchObject({ datasetName: 'd', syncCount: 2 });
  expect(heard.reports).toHaveLength(2);
  heard.stop();
});
