import { getIntrospectionQuery } from 'graphql';
import { gzipSync } from 'node:zlib';
import { startTestServer, type GraphqlAnswer, type TestServer } from '../support/server';

/*
 * What one request may ask for, so that no single one takes the node away from the others.
 */

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server?.close());

const ask = (query: string, variables: object = {}): Promise<GraphqlAnswer> =>
  server.graphql(query, variables, server.admin);

/** The one error of an answer that has nothing else, with its HTTP status. */
const refusalOf = async (call: Promise<GraphqlAnswer>): Promise<Record<string, unknown>> => {
  const { errors, data, status } = await call;
  expect(data ?? null).toBeNull();
  expect(errors).toHaveLength(1);
  return { status, message: errors![0]!.message, ...errors![0]!.extensions };
};

const times = (count: number, make: (at: number) => string): string =>
  Array.from({ length: count }, (_, at) => make(at)).join(' ');

describe('depth', () => {
  test('the deepest query that the schema allows passes', async () => {
    const { data } =
      await ask(`{ identityPools(first: 1) { edges { node { identities(first: 1) { edges { node {
      datasets(first: 1) { edges { node { name } } } } } } } } } }`);

    expect(data).toEqual({ identityPools: { edges: [] } });
  });

  test('more than 12 fields inside each other are refused, in a fragment too', async () => {
    const { errors } = await ask(`{ ...a } fragment a on Query { ${'b { '.repeat(13)} c ${'}'.repeat(13)} }`);

    expect(errors?.map(({ extensions }) => extensions)).toContainEqual({
      code: 'LIMIT_EXCEEDED',
      limit: 'depth',
      maximum: 12,
      value: 14,
    });
  });

  test('the query by which tools read the schema passes', async () => {
    const { data } = await ask(getIntrospectionQuery());

    expect(data.__schema.queryType.name).toBe('Query');
  });

  test('a schema query that goes round in circles is refused', async () => {
    const round = 'fields { type { '.repeat(5) + 'name' + ' } }'.repeat(5);

    const { errors } = await ask(`{ __schema { types { ${round} } } }`);

    expect(errors?.[0]?.extensions.code).toBe('GRAPHQL_VALIDATION_FAILED');
  });

  test.each([
    ['braces', '{'.repeat(100_000)],
    ['nested selections', `{ ${'a { '.repeat(30_000)}`],
    ['nested lists', `{ a(b: ${'['.repeat(100_000)}`],
    ['nested objects', `{ a(b: ${'{a:'.repeat(50_000)}`],
  ])('100,000 %s are refused without being read to the end', async (_name, query) => {
    expect(await refusalOf(ask(query))).toMatchObject({ status: 400, code: 'GRAPHQL_PARSE_FAILED' });
  });

  test.each([
    ['lists', `${'['.repeat(1300)}1${']'.repeat(1300)}`],
    ['objects', `${'{a:'.repeat(900)}1${'}'.repeat(900)}`],
  ])('a literal of %s within what a document may have does not break the stack', async (_name, literal) => {
    const { errors } = await ask(`{ identityPools(first: ${literal}) { nodes { id } } }`);

    expect(errors?.[0]?.extensions.code).toBe('GRAPHQL_VALIDATION_FAILED');
  });
});

describe('width', () => {
  test('20 root fields pass, also under 20 names; 21 are refused', async () => {
    const query = (count: number) => `{ ${times(count, (at) => `a${at}: __typename`)} }`;

    expect(Object.keys((await ask(query(20))).data)).toHaveLength(20);
    expect(await refusalOf(ask(query(21)))).toEqual({
      status: 400,
      message: 'An operation has at most 20 root fields; this one has 21.',
      code: 'LIMIT_EXCEEDED',
      limit: 'rootFields',
      maximum: 20,
      value: 21,
    });
  });

  test('root fields in fragments count where they are spread', async () => {
    const query = `{ ...a ... { ...a } } fragment a on Query { ${times(11, (at) => `a${at}: __typename`)} }`;

    expect(await refusalOf(ask(query))).toMatchObject({ limit: 'rootFields', value: 22 });
  });

  test('60 aliases pass; 61 are refused', async () => {
    const query = (more: string) =>
      `{ ${times(15, (at) => `v${at}: viewer { a: id b: identityPoolId c: logins }`)} ${more} }`;

    expect((await ask(query('viewer { id }'))).data).toMatchObject({ viewer: null, v14: null });
    expect(await refusalOf(ask(query('viewer { a: id }')))).toEqual({
      status: 400,
      message: 'An operation has at most 60 aliases; this one has 61.',
      code: 'LIMIT_EXCEEDED',
      limit: 'aliases',
      maximum: 60,
      value: 61,
    });
  });

  test('aliases in a fragment count as often as it is spread', async () => {
    const query = `{ ${times(7, (at) => `v${at}: viewer { ...a }`)} }
      fragment a on Identity { ${times(10, (at) => `a${at}: id`)} }`;

    expect(await refusalOf(ask(query))).toMatchObject({ limit: 'aliases', value: 77 });
  });

  test('a document has at most 4,000 words and signs', async () => {
    const query = (words: number) =>
      `{ simulatePolicy(input: { actionNames: [${'"a" '.repeat(words)}] }) { evaluationResults { evalDecision } } }`;

    expect(await refusalOf(ask(query(3900)))).toMatchObject({ code: 'INVALID_PARAMETER', limit: 50 });
    expect(await refusalOf(ask(query(4000)))).toMatchObject({ status: 400, code: 'GRAPHQL_PARSE_FAILED' });
  });

  test('a field asked for thousands of times is refused in no time', async () => {
    expect(await refusalOf(ask(`{ viewer { ${'id '.repeat(3900)} } }`))).toMatchObject({
      status: 400,
      code: 'GRAPHQL_VALIDATION_FAILED',
    });
  });
});

describe('the same again under another name', () => {
  const refused = { status: 400, code: 'LIMIT_EXCEEDED', limit: 'sameField', maximum: 1 };

  test('one value under 60 names is refused: it may have 1 MiB', async () => {
    const query = `{ listRecords(input: { datasetName: "d" }) {
      ${times(59, (at) => `a${at}: records { value }`)} } }`;

    expect(await refusalOf(ask(query))).toEqual({
      ...refused,
      message: 'A field is asked for once with the same arguments; here records has 59 names.',
      value: 59,
    });
  });

  test.each([
    ['beside the name itself', '{ viewer { id a: id } }'],
    ['in fragments', '{ viewer { ...a ... { b: id } } } fragment a on Identity { a: id }'],
    ['in a field that is asked for twice', '{ viewer { a: id } viewer { b: id } }'],
    ['two levels down', '{ viewer { datasets { a: nodes { name } b: nodes { key: id } } } }'],
    [
      'with arguments',
      '{ viewer { a: datasets(first: 1) { nodes { id } } b: datasets(first: 1) { nodes { id } } } }',
    ],
    [
      'with variables of the same value',
      `query ($x: Int = 1, $y: Int = 1)
       { viewer { a: datasets(first: $x) { nodes { id } } b: datasets(first: $y) { nodes { id } } } }`,
    ],
  ])('a field is refused %s', async (_name, query) => {
    expect(await refusalOf(ask(query))).toMatchObject({ ...refused, value: 2 });
  });

  test('a field with other arguments, and one of another object, passes', async () => {
    const { data } = await ask(`{ a: viewer { id } b: viewer { id
      few: datasets(first: 1) { nodes { id } } more: datasets(first: 2) { nodes { id } } } }`);

    expect(data).toEqual({ a: null, b: null });
  });

  test.each([
    ['listRecords', 2, '{', '(input: { datasetName: "d" }) { count }'],
    ['exportIdentity', 1, 'mutation {', '(input: { identityId: "us-east-1:0" }) { endCursor }'],
    ['synchronize', 2, 'mutation {', '(input: { datasetName: "d" }) { datasets { datasetName } }'],
    ['getId', 5, 'mutation {', '(input: { identityPoolId: "us-east-1:0" }) { identityId }'],
  ])('%s is called at most %i times', async (name, maximum, open, rest) => {
    const query = (count: number) => `${open} ${times(count, (at) => `a${at}: ${name}${rest}`)} }`;

    const allowed = await ask(query(maximum));

    expect(allowed.errors?.[0]?.extensions.code).not.toBe('LIMIT_EXCEEDED');
    expect(await refusalOf(ask(query(maximum + 1)))).toEqual({
      status: 400,
      message: `An operation calls ${name} at most ${maximum} times; this one does ${maximum + 1} times.`,
      code: 'LIMIT_EXCEEDED',
      limit: 'sameCall',
      maximum,
      value: maximum + 1,
    });
  });
});

describe('fragments', () => {
  test('that spread each other in a circle are refused', async () => {
    const query = '{ ...a } fragment a on Query { ...b } fragment b on Query { ...a }';

    expect(await refusalOf(ask(query))).toMatchObject({ status: 400, code: 'GRAPHQL_VALIDATION_FAILED' });
  });

  test.each([
    ['root fields', 'on Query', '{ ...f0 }', '__typename'],
    ['aliases', 'on Identity', '{ viewer { ...f0 } }', 'a: id'],
    ['objects', 'on IdentityPool', '{ identityPools { nodes { ...f0 } } }', 'roles { authenticated }'],
  ])(
    'that each spread the next one twice are counted in no time: %s',
    async (_name, type, operation, leaf) => {
      const last = 200;
      const bomb = times(last, (at) => `fragment f${at} ${type} { ...f${at + 1} ... { ...f${at + 1} } }`);

      const refusal = await refusalOf(ask(`${operation} ${bomb} fragment f${last} ${type} { ${leaf} }`));

      expect(refusal).toMatchObject({ status: 400, code: 'LIMIT_EXCEEDED' });
      expect(refusal.value).toBeGreaterThan(2 ** 100);
    },
  );
});

describe('cost', () => {
  const lists = (pools: string, identities: string, datasets: string) =>
    `{ identityPools${pools} { nodes { identities${identities} { nodes { datasets${datasets} { nodes { name } } } } } } }`;

  test('lists in lists in lists are refused before anything is read', async () => {
    expect(await refusalOf(ask(lists('', '', '')))).toEqual({
      status: 400,
      message:
        'The answer could have 223321 objects; at most 20000 are given. Ask for fewer with first, or in several calls.',
      code: 'LIMIT_EXCEEDED',
      limit: 'cost',
      maximum: 20_000,
      value: 223_321,
    });
  });

  test('smaller pages pass, whether they are written down or in variables', async () => {
    const literal = await ask(lists('(first: 5)', '(first: 20)', '(first: 20)'));
    const variables = await ask(
      `query ($few: Int!, $more: Int = 20) ${lists('(first: $few)', '(first: $more)', '(first: $more)')}`,
      { few: 5 },
    );

    expect(literal.data).toEqual({ identityPools: { nodes: [] } });
    expect(variables.data).toEqual(literal.data);
  });

  test.each([
    ['more than a page', { few: 1_000_000 }],
    ['none', { few: null }],
    ['a negative number', { few: -5 }],
  ])('a variable that asks for %s counts as a whole page', async (_name, variables) => {
    const query = `query ($few: Int) ${lists('(first: $few)', '', '')}`;

    expect(await refusalOf(ask(query, variables))).toMatchObject({ limit: 'cost', value: 223_321 });
  });

  test('lists behind edges, fragments and several roots count as well', async () => {
    const query = `{ ${times(2, (at) => `p${at}: identityPools { ...pools }`)} }
      fragment pools on IdentityPoolConnection { edges { node { ... on IdentityPool { ...pool } } } }
      fragment pool on IdentityPool { identities { nodes { roles: isDisabled datasets(first: 1) { pageInfo { hasNextPage } nodes { id } } } } }`;

    // Each root: the list, 60 edges with their nodes, each with a list of 60 identities, each with a list of one.
    expect(await refusalOf(ask(query))).toMatchObject({
      limit: 'cost',
      value: 2 * (1 + 60 * (2 + (1 + 60 * (1 + (1 + 1))))),
    });
  });

  test('everything of one pool passes', async () => {
    const { errors } = await ask(
      `{ identityPool(id: "us-east-1:0") { roles { authenticated } tags { key } identities { nodes { id datasets { nodes { name } } } } } }`,
    );

    expect(errors?.[0]?.extensions.code).toBe('RESOURCE_NOT_FOUND');
  });
});

describe('transport', () => {
  const send = async (
    body: string | Buffer | undefined,
    headers: Record<string, string>,
    path = '/graphql',
    method = 'POST',
  ) => {
    const answer = await fetch(`${server.url}${path}`, { method, headers, ...(body ? { body } : {}) });
    const json = (await answer.json()) as Omit<GraphqlAnswer, 'status'>;
    return { status: answer.status, code: json.errors?.[0]?.extensions.code, data: json.data };
  };
  const JSON_TYPE = { 'content-type': 'application/json' };
  const HELLO = '{"query":"{__typename}"}';

  test.each([
    ['nothing', ''],
    ['half of it', '{"query":"{__typename'],
    ['no JSON', 'query { __typename }'],
    ['a byte order mark in the middle', '{"query":\uFEFF"{__typename}"}'],
    ['a member __proto__', '{"query":"{__typename}","__proto__":{"x":1}}'],
    ['JSON nested beyond measure', '['.repeat(1_000_000)],
  ])('a body with %s is INVALID_PARAMETER', async (_name, body) => {
    expect(await send(body, JSON_TYPE)).toMatchObject({ status: 400, code: 'INVALID_PARAMETER' });
  });

  test.each([
    ['null', 'null'],
    ['a string', '"{__typename}"'],
    ['a number as query', '{"query":5}'],
    ['no query', '{"variables":{}}'],
    ['a list as variables', '{"query":"{__typename}","variables":[1]}'],
    ['a string as variables', '{"query":"{__typename}","variables":"{}"}'],
    ['a list of operations', `[${HELLO},${HELLO}]`],
    ['a number as operationName', '{"query":"{__typename}","operationName":5}'],
    ['extensions that are none', '{"query":"{__typename}","extensions":"x"}'],
  ])('a body of %s is BAD_REQUEST', async (_name, body) => {
    expect(await send(body, JSON_TYPE)).toMatchObject({ status: 400, code: 'BAD_REQUEST' });
  });

  test('an operationName that the document does not have is told', async () => {
    const body = '{"query":"query a {__typename}","operationName":"b"}';

    expect(await send(body, JSON_TYPE)).toMatchObject({ status: 400, code: 'OPERATION_RESOLUTION_FAILURE' });
  });

  test('a registered query is not known here, and the client is told to send it', async () => {
    const body = '{"extensions":{"persistedQuery":{"version":1,"sha256Hash":"abc"}}}';

    expect(await send(body, JSON_TYPE)).toMatchObject({ code: 'PERSISTED_QUERY_NOT_SUPPORTED' });
  });

  test.each([
    ['application/x-www-form-urlencoded', 415, 'INVALID_PARAMETER'],
    ['multipart/form-data; boundary=x', 415, 'INVALID_PARAMETER'],
    ['application/graphql', 415, 'INVALID_PARAMETER'],
    ['text/plain', 400, 'BAD_REQUEST'],
  ])('a page of another origin cannot send %s, which needs no preflight', async (type, status, code) => {
    expect(await send(HELLO, { 'content-type': type })).toMatchObject({ status, code });
  });

  test('a compressed body is INVALID_PARAMETER', async () => {
    expect(await send(gzipSync(HELLO), { ...JSON_TYPE, 'content-encoding': 'gzip' })).toMatchObject({
      status: 400,
      code: 'INVALID_PARAMETER',
    });
  });

  test('a query may come by GET with a header that needs a preflight, a mutation never', async () => {
    const query = `/graphql?query=${encodeURIComponent('{__typename}')}`;
    const mutation = `/graphql?query=${encodeURIComponent('mutation { getId(input: { identityPoolId: "a:b" }) { identityId } }')}`;
    const preflight = { 'apollo-require-preflight': 'yes' };

    expect(await send(undefined, {}, query, 'GET')).toMatchObject({ status: 400, code: 'BAD_REQUEST' });
    expect(await send(undefined, preflight, query, 'GET')).toMatchObject({
      status: 200,
      data: { __typename: 'Query' },
    });
    expect(await send(undefined, preflight, mutation, 'GET')).toMatchObject({
      status: 405,
      code: 'BAD_REQUEST',
    });
  });
});
