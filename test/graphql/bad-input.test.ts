import {
  getNamedType,
  getNullableType,
  isInputObjectType,
  isListType,
  isObjectType,
  type GraphQLField,
  type GraphQLInputType,
} from 'graphql';
import { graphqlSchema } from '../../src/graphql/schema';
import { startIdentityProvider, type TestIdentityProvider } from '../support/identity-provider';
import { startTestServer, type GraphqlAnswer, type TestServer } from '../support/server';

/*
 * Every field of every input, read from the schema, meets every value that was ever sent to a server by mistake or on
 * purpose. The answer is always well formed, has a known code and names the field; nothing is written; nothing breaks.
 */

let server: TestServer;
let issuer: TestIdentityProvider;
let valid: Record<string, Record<string, unknown>>;

const POLICY = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] };

beforeAll(async () => {
  [server, issuer] = await Promise.all([startTestServer(), startIdentityProvider()]);
  valid = await validInputs();
}, 60_000);
afterAll(async () => {
  await Promise.all([server?.close(), issuer?.close()]);
});

/** An input of each operation that would be taken as it is, but for the one field that a test puts its value into. */
const validInputs = async (): Promise<typeof valid> => {
  const run = (query: string, input: object) => server.run(query, { input }, server.admin);
  const openIDConnectProviderArn = (
    await run(
      'mutation ($input: CreateOpenIDConnectProviderInput!) { createOpenIDConnectProvider(input: $input) { openIDConnectProviderArn } }',
      { url: issuer.issuer, clientIDList: ['app'] },
    )
  ).createOpenIDConnectProvider.openIDConnectProviderArn;
  const pool = {
    identityPoolName: 'p',
    allowUnauthenticatedIdentities: true,
    allowClassicFlow: true,
    openIdConnectProviderARNs: [openIDConnectProviderArn],
    identityPoolTags: [{ key: 'k', value: 'v' }],
  };
  const { id: identityPoolId, roles } = (
    await run(
      `mutation ($input: CreateIdentityPoolInput!) {
         createIdentityPool(input: $input) { identityPool { id roles { authenticated unauthenticated } } } }`,
      pool,
    )
  ).createIdentityPool.identityPool;
  const logins = [{ provider: issuer.loginKey, token: await issuer.sign({ sub: 'ada', aud: 'app' }) }];
  const { identityId } = (
    await run('mutation ($input: GetIdInput!) { getId(input: $input) { identityId } }', {
      identityPoolId,
      logins,
    })
  ).getId;
  const { token } = (
    await run('mutation ($input: GetOpenIdTokenInput!) { getOpenIdToken(input: $input) { token } }', {
      identityId,
      logins,
    })
  ).getOpenIdToken;
  const { accessKeyId } = (
    await run(
      'mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { apiKey { accessKeyId } } }',
      { name: 'k', managedPolicies: ['READ_ONLY'] },
    )
  ).createApiKey.apiKey;
  const { assumeRolePolicyDocument } = (
    await server.run(
      'query ($name: String!) { role(name: $name) { assumeRolePolicyDocument } }',
      { name: roles.authenticated.split('/').at(-1) },
      server.admin,
    )
  ).role;
  const resourceArn = `arn:aws:cognito-identity:us-east-1:000000000000:identitypool/${identityPoolId}`;
  const dataset = { identityPoolId, identityId, datasetName: 'd' };
  const page = { first: 1, after: undefined };
  const role = {
    assumeRolePolicyDocument,
    description: 'd',
    maxSessionDuration: 3600,
    policies: [{ policyName: 'p', policyDocument: POLICY }],
  };
  return {
    createIdentityPool: { ...pool, createDefaultRoles: false },
    updateIdentityPool: { identityPoolId, ...pool },
    deleteIdentityPool: { identityPoolId },
    setIdentityPoolRoles: { identityPoolId, roles },
    tagResource: { resourceArn, tags: [{ key: 'k', value: 'v' }] },
    untagResource: { resourceArn, tagKeys: ['other'] },
    getId: { identityPoolId, accountId: '1', logins },
    getOpenIdToken: { identityId, logins },
    getCredentialsForIdentity: { identityId, logins },
    unlinkIdentity: { identityId, logins, loginsToRemove: ['other'] },
    deleteIdentities: { identityIdsToDelete: [identityId] },
    assumeRoleWithWebIdentity: {
      roleArn: roles.authenticated,
      roleSessionName: 'app',
      webIdentityToken: token,
      durationSeconds: 900,
      policy: POLICY,
    },
    createRole: { roleName: 'new', ...role },
    updateRole: { roleName: roles.authenticated.split('/').at(-1), ...role },
    deleteRole: { roleName: roles.unauthenticated.split('/').at(-1) },
    createOpenIDConnectProvider: { url: 'https://new.example.com', clientIDList: ['app'] },
    deleteOpenIDConnectProvider: { openIDConnectProviderArn },
    addClientIDToOpenIDConnectProvider: { openIDConnectProviderArn, clientID: 'app' },
    removeClientIDFromOpenIDConnectProvider: { openIDConnectProviderArn, clientID: 'other' },
    createApiKey: {
      name: 'k',
      managedPolicies: ['READ_ONLY'],
      policies: [{ policyName: 'p', policyDocument: POLICY }],
    },
    revokeApiKey: { accessKeyId },
    updateRecords: {
      ...dataset,
      deviceId: 'phone',
      syncSessionToken: undefined,
      recordPatches: [
        { op: 'REPLACE', key: 'k', value: 'v', syncCount: 0, deviceLastModifiedDate: '2027-03-01T00:00:00Z' },
      ],
    },
    deleteDataset: dataset,
    listRecords: {
      ...dataset,
      lastSyncCount: 0,
      maxResults: 1,
      nextToken: undefined,
      syncSessionToken: undefined,
    },
    simulatePolicy: {
      policySourceArn: roles.authenticated,
      policyInputList: [POLICY],
      sessionPolicyInputList: [POLICY],
      actionNames: ['cognito-sync:ListRecords'],
      resourceArns: ['*'],
      contextEntries: [{ contextKeyName: 'aws:CurrentTime', contextKeyValues: ['x'] }],
    },
    identity: { id: identityId },
    identityPool: { id: identityPoolId },
    role: { name: roles.authenticated.split('/').at(-1) },
    identityProvider: { arn: openIDConnectProviderArn },
    apiKeys: page,
    identityPools: page,
    identityProviders: page,
    roles: page,
  };
};

/** Long enough to be recognised wherever it turns up. */
const MARKER = 'eyJtYXJrZXIi.b2YtYS10b2tlbg.that-must-not-come-back';

type Named = [what: string, value: unknown];

const TEXTS: Named[] = [
  ['an empty string', ''],
  ['a text', MARKER],
  ['NUL', 'a\0b'],
  ['a lone surrogate', 'a\ud800b'],
  ['a lone second surrogate', '\udc00'],
  ['control characters', '\u0001\u001b[31m\u007f\u0085\u2028'],
  ['a line break', 'a\r\nX: y'],
  ['emoji', '👩‍👩‍👧‍👦🏳️‍🌈'],
  ['1 MiB', 'x'.repeat(1_048_577)],
  ['SQL', "'; DROP TABLE identities; --"],
  ['a path', '../../etc/passwd'],
  ['the name of a prototype', '__proto__'],
];

const NUMBERS: Named[] = [
  ['a fraction', 0.5],
  ['a negative number', -1],
  ['2^31', 2_147_483_648],
  ['2^53', 9_007_199_254_740_992],
  ['1e308', 1e308],
  ['a negative number as text', '-1'],
  ['NaN as text', 'NaN'],
  ['more digits than a number has', '9'.repeat(400)],
];

const SHAPES: Named[] = [
  ['nothing', null],
  ['a number', 5],
  ['a truth', true],
  ['lists in lists', [[[[MARKER]]]]],
  ['an object with odd members', { toString: MARKER, '': null, $ne: 1 }],
];

const DOCUMENTS: Named[] = [
  ['an empty object', {}],
  ['deep JSON', JSON.parse(`${'{"a":['.repeat(2000)}${']}'.repeat(2000)}`)],
];

const LISTS: Named[] = [
  ['an empty list', []],
  ['a thousand and a half of a thing', Array(1500).fill('a')],
];

/** What is worth sending to a field of that type. */
const hostileTo = (type: GraphQLInputType): Named[] => {
  const inner = getNullableType(type);
  if (isListType(inner)) return [...SHAPES, ...LISTS, ['a text', MARKER]];
  switch (String(inner)) {
    case 'String':
    case 'ID':
      return [...TEXTS, ...SHAPES];
    case 'Int':
    case 'Long':
      return [...NUMBERS, ...SHAPES, ...LISTS, ['a text', MARKER]];
    case 'JSON':
    case 'DateTime':
      return [...TEXTS, ...NUMBERS, ...SHAPES, ...DOCUMENTS, ...LISTS];
    default:
      return [...SHAPES, ['a text', MARKER], ['an empty object', {}]];
  }
};

/** A field of an input by its path, such as `recordPatches[0].key`, which is also how errors name it. */
interface Target {
  path: string;
  type: GraphQLInputType;
  /** The input with another value in the place of the field. */
  put: (value: unknown) => Record<string, unknown>;
}

const targetsOf = (field: GraphQLField<unknown, unknown>, base: Record<string, unknown>): Target[] =>
  targetsIn(Object.fromEntries(argumentsOf(field).map(({ name, type }) => [name, type])), base, '');

/** The members of `input`, or the arguments of a field that takes no input. */
const argumentsOf = (field: GraphQLField<unknown, unknown>): { name: string; type: GraphQLInputType }[] => {
  const input = field.args.find(({ name }) => name === 'input');
  const type = input && getNullableType(input.type);
  return isInputObjectType(type)
    ? Object.values(type.getFields()).map(({ name, type }) => ({ name, type }))
    : field.args.map(({ name, type }) => ({ name, type }));
};

const targetsIn = (
  fields: Record<string, GraphQLInputType>,
  base: Record<string, unknown>,
  prefix: string,
): Target[] =>
  Object.entries(fields).flatMap(([name, type]) => {
    const path = `${prefix}${name}`;
    const put = (value: unknown) => ({ ...base, [name]: value });
    return [{ path, type, put }, ...targetsWithin(type, base[name], path).map((inner) => nested(inner, put))];
  });

const nested = ({ path, type, put }: Target, outer: Target['put']): Target => ({
  path,
  type,
  put: (value) => outer(put(value)),
});

const targetsWithin = (type: GraphQLInputType, value: unknown, path: string): Target[] => {
  const inner = getNullableType(type);
  if (isListType(inner)) {
    const [first, ...rest] = value as unknown[];
    const at = `${path}[0]`;
    const put = (item: unknown) => [item, ...rest] as unknown as Record<string, unknown>;
    return [
      { path: at, type: inner.ofType as GraphQLInputType, put },
      ...targetsWithin(inner.ofType as GraphQLInputType, first, at).map((target) => nested(target, put)),
    ];
  }
  if (!isInputObjectType(inner)) return [];
  const fields = Object.fromEntries(Object.values(inner.getFields()).map(({ name, type }) => [name, type]));
  return targetsIn(fields, value as Record<string, unknown>, `${path}.`);
};

const rootFields = (): { operation: string; field: GraphQLField<unknown, unknown> }[] => {
  const schema = graphqlSchema();
  const of = (operation: string, fields: Record<string, GraphQLField<unknown, unknown>> = {}) =>
    Object.values(fields).map((field) => ({ operation, field }));
  return [
    ...of('query', schema.getQueryType()?.getFields()),
    ...of('mutation', schema.getMutationType()?.getFields()),
  ].filter(({ field }) => field.args.length > 0);
};

const documentOf = (operation: string, field: GraphQLField<unknown, unknown>): string => {
  const variables = field.args.map(({ name, type }) => `$${name}: ${String(type)}`).join(', ');
  const given = field.args.map(({ name }) => `${name}: $${name}`).join(', ');
  const selection = isObjectType(getNamedType(field.type)) ? '{ __typename }' : '';
  return `${operation} (${variables}) { ${field.name}(${given}) ${selection} }`;
};

/** What may be said to somebody who sent the wrong thing. */
const KNOWN_CODES = [
  'INVALID_PARAMETER',
  'MALFORMED_POLICY_DOCUMENT',
  'RESOURCE_NOT_FOUND',
  'NOT_AUTHORIZED',
  'ACCESS_DENIED',
  'RESOURCE_CONFLICT',
  'LIMIT_EXCEEDED',
  'ENTITY_ALREADY_EXISTS',
  'PACKED_POLICY_TOO_LARGE',
];

/** All that is stored, as the number of rows of each table and the latest state of small ones. */
const stored = async (): Promise<unknown> => {
  const tables: { name: string }[] = await server.dataSource.query(
    `SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public' ORDER BY 1`,
  );
  const counts = tables.map(({ name }) => `(SELECT json_agg(t ORDER BY t::text) FROM ${name} t) AS ${name}`);
  return (await server.dataSource.query(`SELECT ${counts.join(', ')}`))[0];
};

const isWellFormed = ({ status, data, errors }: GraphqlAnswer): boolean =>
  [200, 400].includes(status) &&
  (errors === undefined
    ? data !== null && data !== undefined
    : errors.length > 0 && errors.every(({ message }) => typeof message === 'string' && message !== ''));

describe.each(rootFields().map(({ operation, field }) => [field.name, operation, field] as const))(
  '%s',
  (name, operation, field) => {
    test('takes hostile values in every field with an answer that a client can act on, and writes nothing', async () => {
      const base = valid[name];
      if (!base) throw new Error(`Give ${name} a valid input in this test`);
      const document = documentOf(operation, field);
      const hasInput = field.args.some((argument) => argument.name === 'input');
      const problems: unknown[] = [];

      for (const { path, type, put } of targetsOf(field, base)) {
        const before = await stored();
        const answers = await Promise.all(
          hostileTo(type).map(async ([what, value]) => {
            const input = put(value);
            return {
              what,
              answer: await server.graphql(document, hasInput ? { input } : input, server.admin),
            };
          }),
        );
        for (const { what, answer } of answers) {
          const complain = (problem: string) => problems.push({ path, what, problem, answer: brief(answer) });
          if (!isWellFormed(answer)) complain('is not well formed');
          if (JSON.stringify(answer).includes('INTERNAL_ERROR')) complain('is a fault');
          for (const { message, extensions } of (answer.errors ?? []).slice(0, 50)) {
            if (!KNOWN_CODES.includes(extensions.code)) complain('has an unknown code');
            if (
              extensions.code === 'INVALID_PARAMETER' &&
              ![path, NAME_IN_AWS[`${name}.${path}`] ?? path].some((own) => isAbout(extensions.field, own))
            )
              complain('does not name the field');
            if (/token/i.test(path) && JSON.stringify([message, extensions]).includes(MARKER))
              complain('repeats a token');
            if (message.length > 3000) complain('is longer than anybody reads');
          }
        }
        const isRefused = answers.every(({ answer }) => answer.errors);
        if (isRefused) expect(await stored()).toEqual(before);
      }

      expect(problems).toEqual([]);
      expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
    }, 120_000);
  },
);

const brief = (answer: GraphqlAnswer): string => JSON.stringify(answer).slice(0, 400);

/** Arguments of nouns are named as GraphQL clients expect; errors name them as the services and AWS do. */
const NAME_IN_AWS: Record<string, string> = {
  'identity.id': 'identityId',
  'identityPool.id': 'identityPoolId',
  'role.name': 'roleName',
  'identityProvider.arn': 'openIDConnectProviderArn',
};

/** The field itself, what it is in, or what is in it. */
const isAbout = (named: unknown, path: string): boolean =>
  typeof named === 'string' && named !== '' && (path.startsWith(named) || named.startsWith(path));

test('the schema is as it was, and the server works as before', async () => {
  const { data } = await server.graphql('{ identityPools { nodes { name } } }', {}, server.admin);

  expect(data.identityPools.nodes.map((pool: { name: string }) => pool.name)).toContain('p');
  expect(({} as Record<string, unknown>).polluted).toBeUndefined();
});
