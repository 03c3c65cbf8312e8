import { sendGraphql, startTestServer, type TestServer } from '../support/server';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

describe('an error about a document that is full of the words of errors', () => {
  it('is cut short before any pattern runs over it', async () => {
    const query = `{ "${'cannot represent '.repeat(30_000)}" }`;

    const { errors } = await sendGraphql(server.url, { query });

    expect(errors?.[0]?.extensions.code).toBe('GRAPHQL_PARSE_FAILED');
    expect(errors?.[0]?.message.length).toBeLessThan(600);
  });

  it('names a variable that nobody declared or used as what it is, not as one of the wrong type', async () => {
    const unused = await server.graphql('query ($x: Int) { viewer { id } }');
    const undeclared = await server.graphql('{ identity(id: $y) { id } }');

    expect(unused.errors?.[0]).toMatchObject({
      message: expect.stringContaining('never used'),
      extensions: { code: 'GRAPHQL_VALIDATION_FAILED' },
    });
    expect(undeclared.errors?.[0]).toMatchObject({
      message: expect.stringContaining('not defined'),
      extensions: { code: 'GRAPHQL_VALIDATION_FAILED' },
    });
  });
});

it('viewer tells a caller whose token does not hold why, and answers null to one without', async () => {
  const { errors } = await server.graphql('{ viewer { id } }', {}, 'not a token');
  const { data } = await server.graphql('{ viewer { id } }');

  expect(errors?.[0]?.extensions).toMatchObject({ code: 'NOT_AUTHORIZED', reason: 'INVALID' });
  expect(data).toEqual({ viewer: null });
});
