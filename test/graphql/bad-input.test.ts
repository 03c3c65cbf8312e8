import {
  getNamedType,
  getNullableType,
  isInputObjectType,
  isListType,
  isObjectType,
  type GraphQLField,
  type GraphQLInputObjectType,
  type GraphQLInputType,
} from 'graphql';
import { graphqlSchema } from '../../src/graphql/schema';
import { startIdentityProvider, type TestIdentityProvider } from '../support/identity-provider';
import { startTestServer, type GraphqlAnswer, type TestServer } from '../support/server';
import { bearerFor, validInputs, type Members } from './valid-inputs';

/*
 * Every field of every input, read from the schema, meets every value that was ever sent to a server by mistake or on
 * purpose. The answer is always well formed, has a known code and names the field; nothing is written; nothing breaks.
 */

let server: TestServer;
let issuer: TestIdentityProvider;
let valid: Record<string, Members | Members[]>;

beforeAll(async () => {
  [server, issuer] = await Promise.all([startTestServer(), startIdentityProvider()]);
  valid = await validInputs(server, issuer);
}, 60_000);
afterAll(async () => {
  await Promise.all([server?.close(), issuer?.close()]);
});

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

/** Texts that neither PostgreSQL nor UTF-8 can carry. */
const UNSTORABLE = ['NUL', 'a lone surrogate', 'a lone second surrogate'];

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
  ['deep JSON', JSON.parse(`${'{"a":['.repeat(20)}${']}'.repeat(20)}`)],
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
  put: (value: unknown) => Members;
}

type Fields = Record<string, GraphQLInputType>;

const targetsOf = (field: GraphQLField<unknown, unknown>, base: Members): Target[] =>
  targetsIn(argumentsOf(field), base, '');

/** The members of `input`, or the arguments of a field that takes no input. */
const argumentsOf = (field: GraphQLField<unknown, unknown>): Fields => {
  const input = field.args.find(({ name }) => name === 'input');
  const type = input && getNullableType(input.type);
  return isInputObjectType(type) ? membersOf(type) : toFields(field.args);
};

const membersOf = (type: GraphQLInputObjectType): Fields => toFields(Object.values(type.getFields()));

const toFields = (list: readonly { name: string; type: GraphQLInputType }[]): Fields =>
  Object.fromEntries(list.map(({ name, type }) => [name, type]));

/** Members that are not in `base` are passed over: they exclude one that is. */
const targetsIn = (fields: Fields, base: Members, prefix: string): Target[] =>
  Object.entries(fields)
    .filter(([name]) => name in base)
    .flatMap(([name, type]) => {
      const path = `${prefix}${name}`;
      const put = (value: unknown) => ({ ...base, [name]: value });
      return [
        { path, type, put },
        ...targetsWithin(type, base[name], path).map((inner) => nested(inner, put)),
      ];
    });

const nested = ({ path, type, put }: Target, outer: Target['put']): Target => ({
  path,
  type,
  put: (value) => outer(put(value)),
});

const targetsWithin = (type: GraphQLInputType, value: unknown, path: string): Target[] => {
  const inner = getNullableType(type);
  if (value === undefined) return [];
  if (isListType(inner)) {
    const [first, ...rest] = value as unknown[];
    const at = `${path}[0]`;
    const put = (item: unknown) => [item, ...rest] as unknown as Members;
    return [
      { path: at, type: inner.ofType as GraphQLInputType, put },
      ...targetsWithin(inner.ofType as GraphQLInputType, first, at).map((target) => nested(target, put)),
    ];
  }
  return isInputObjectType(inner) ? targetsIn(membersOf(inner), value as Members, `${path}.`) : [];
};

/** The paths of all members there are, whatever the valid inputs have. */
const pathsIn = (fields: Fields, prefix = ''): string[] =>
  Object.entries(fields).flatMap(([name, type]) => pathsWithin(type, `${prefix}${name}`));

const pathsWithin = (type: GraphQLInputType, path: string): string[] => {
  const inner = getNullableType(type);
  if (isListType(inner)) return [path, ...pathsWithin(inner.ofType as GraphQLInputType, `${path}[0]`)];
  return [path, ...(isInputObjectType(inner) ? pathsIn(membersOf(inner), `${path}.`) : [])];
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

/** What `documentOf` takes: the members in one input, or each as an argument. */
const variablesOf = (field: GraphQLField<unknown, unknown>, members: Members): Members =>
  field.args.some(({ name }) => name === 'input') ? { input: members } : members;

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

/**
 * The rows that count, where not all do: a refused call may be written down as denied, and is counted; events go when
 * the server has delivered them.
 */
const ROWS_THAT_COUNT: Record<string, string> = {
  audit_events: "t.outcome <> 'denied'",
  rate_limits: 'false',
  sync_session_counts: 'false',
  sync_events: 'false',
};

let tables: { name: string }[] | undefined;

/** All that is stored, by table: a digest of every row, since it is looked at some two thousand times. */
const stored = async (): Promise<unknown> => {
  tables ??= await server.dataSource.query(
    `SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public' ORDER BY 1`,
  );
  const rows = tables!.map(({ name }) => {
    const condition = ROWS_THAT_COUNT[name] ?? 'true';
    return `(SELECT md5(string_agg(t::text, ',' ORDER BY t::text)) FROM ${name} t WHERE ${condition}) AS ${name}`;
  });
  return (await server.dataSource.query(`SELECT ${rows.join(', ')}`))[0];
};

const isWellFormed = ({ status, data, errors }: GraphqlAnswer): boolean =>
  [200, 400].includes(status) &&
  (errors === undefined
    ? data !== null && data !== undefined
    : errors.length > 0 && errors.every(({ message }) => typeof message === 'string' && message !== ''));

/** What is wrong with the answer to a hostile value in a field of these names. */
const complaintsAbout = (what: string, answer: GraphqlAnswer, names: string[], codes: string[]): string[] => {
  const complaints = [
    !answer.errors && UNSTORABLE.includes(what) && 'was taken, though it cannot be stored as it is',
    !isWellFormed(answer) && 'is not well formed',
    JSON.stringify(answer).includes('INTERNAL_ERROR') && 'is a fault',
    ...(answer.errors ?? [])
      .slice(0, 50)
      .flatMap(({ message, extensions }) => [
        ![...KNOWN_CODES, ...codes].includes(extensions.code) && 'has an unknown code',
        extensions.code === 'INVALID_PARAMETER' &&
          !message.startsWith('The request body has lists and objects more than') &&
          !namesOf(what, names).some(
            (name) => isAbout(extensions.field, name) || isOneOfTwo(message, name),
          ) &&
          'does not name the field',
        names.some((name) => /token/i.test(name)) &&
          JSON.stringify([message, extensions]).includes(MARKER) &&
          'repeats a token',
        message.length > 3000 && 'is longer than anybody reads',
      ]),
  ];
  return complaints.filter((complaint) => complaint !== false);
};

/** What is bombarded: a document and the members of its variables. */
interface Bombardment {
  document: string;
  targets: Target[];
  /** Other names of members, which errors may say. */
  aliases: Record<string, string>;
  /** Other codes that calls with such a member may be refused with. */
  codes?: string[];
  /** Who calls: an administrator when left out. */
  bearer?: string;
}

/** Puts every value that is worth it into every target; all that was wrong with the answers. */
const bombard = async ({
  document,
  targets,
  aliases,
  codes = [],
  bearer = server.admin,
}: Bombardment): Promise<unknown[]> => {
  const problems: unknown[] = [];
  let before = await stored();
  for (const { path, type, put } of targets) {
    const names = [path, aliases[path] ?? path];
    /** Sends the values all at once; answers those that were refused. */
    const volley = async (values: Named[]): Promise<Named[]> => {
      const answers = await Promise.all(
        values.map(([, value]) => server.graphql(document, put(value), bearer)),
      );
      values.forEach(([what], index) => {
        const answer = answers[index]!;
        const complaints = complaintsAbout(what, answer, names, codes);
        if (complaints.length > 0)
          problems.push({ path, what, complaints, answer: JSON.stringify(answer).slice(0, 400) });
      });
      return values.filter((_, index) => answers[index]!.errors);
    };
    const values = hostileTo(type);
    const refused = await volley(values);
    const after = await stored();
    const nothingWasTaken = refused.length === values.length || document.startsWith('query');
    if (nothingWasTaken) expect(after).toEqual(before);
    before = nothingWasTaken ? after : await expectNothingWritten(() => volley(refused), refused, after);
  }
  return problems;
};

/** For what was refused beside values that were taken, and may have been written: sends it again by itself. */
const expectNothingWritten = async (
  send: () => Promise<Named[]>,
  refused: Named[],
  before: unknown,
): Promise<unknown> => {
  const again = await send();
  const after = await stored();
  if (again.length === refused.length) expect(after).toEqual(before);
  return after;
};

const basesOf = (name: string): Members[] => {
  const bases = valid[name];
  if (!bases) throw new Error(`Give ${name} a valid input in valid-inputs.ts`);
  return [bases].flat();
};

describe.each(rootFields().map(({ operation, field }) => [field.name, operation, field] as const))(
  '%s',
  (name, operation, field) => {
    test('takes hostile values in every field with an answer that a client can act on, and writes nothing', async () => {
      const targets = basesOf(name)
        .flatMap((base) => targetsOf(field, base))
        .map((target) => ({ ...target, put: (value: unknown) => variablesOf(field, target.put(value)) }));
      // A member without a value in the valid inputs would not be bombarded.
      expect(pathsIn(argumentsOf(field)).filter((path) => !targets.some((t) => t.path === path))).toEqual([]);

      const problems = await bombard({
        document: documentOf(operation, field),
        targets,
        aliases: NAME_IN_AWS[name] ?? {},
        codes: CODES_OF[name] ?? [],
        bearer: await bearerFor(server, name, valid),
      });

      expect(problems).toEqual([]);
      expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
    }, 120_000);
  },
);

/** Of the fields further down. */
const ARGUMENTS = {
  first: 1,
  after: undefined,
  hideDisabled: true,
  name: 'd',
  from: undefined,
  to: undefined,
};

describe('fields further down', () => {
  test.each([
    [
      'IdentityPool.identities',
      'identityPool',
      'identities(first: $first, after: $after, hideDisabled: $hideDisabled) { nodes { id } }',
    ],
    ['Identity.datasets', 'identity', 'datasets(first: $first, after: $after) { nodes { id } }'],
    ['Identity.dataset', 'identity', 'dataset(name: $name) { id }'],
    [
      'CognitoStreams.deadLetters',
      'identityPool',
      'streams { deadLetters(first: $first, after: $after) { nodes { identityId } } }',
    ],
    ['IdentityPool.analytics', 'identityPool', 'analytics(from: $from, to: $to) { days { day } }'],
  ])('%s takes hostile arguments likewise', async (typeAndField, root, selection) => {
    const [typeName, fieldName] = typeAndField.split('.') as [string, string];
    const type = graphqlSchema().getType(typeName);
    const field = isObjectType(type) ? type.getFields()[fieldName] : undefined;
    const base = { ...basesOf(root)[0], ...ARGUMENTS };
    const variables = field!.args.map(({ name, type }) => `$${name}: ${String(type)}`).join(', ');
    const document = `query ($id: ID!, ${variables}) { ${root}(id: $id) { ${selection} } }`;

    const problems = await bombard({
      document,
      targets: targetsOf(field!, base),
      aliases: { name: 'datasetName' },
    });

    expect(problems).toEqual([]);
  });
});

/** Arguments of nouns are named as GraphQL clients expect; errors name them as the services and AWS do. */
const NAME_IN_AWS: Record<string, Record<string, string>> = {
  // Two names that must belong together: it is the longer one that is told.
  foldMergedDataset: { datasetName: 'mergedDatasetName' },
  identity: { id: 'identityId' },
  identityPool: { id: 'identityPoolId' },
  role: { name: 'roleName' },
  identityProvider: { arn: 'openIDConnectProviderArn' },
  samlProvider: { arn: 'samlProviderArn' },
};

/** A second rotation within the hour is refused, as one of two at once is. */
const CODES_OF: Record<string, string[]> = { rotateSigningKey: ['TOO_MANY_REQUESTS'] };

/** What a member may be called; one whose value drowns the place that graphql-js names is called by its input. */
const namesOf = (what: string, names: string[]): string[] => (what === '1 MiB' ? [...names, 'input'] : names);

/** The field itself, what it is in, or what is in it. */
const isAbout = (named: unknown, path: string): boolean =>
  typeof named === 'string' && named !== '' && (path.startsWith(named) || named.startsWith(path));

/** Whether the member is said to be missing, and another one that could stand in its place. */
const isOneOfTwo = (message: string, path: string): boolean =>
  new RegExp(`\\bor ${path} must be given$`).test(message);

/** What makes later calls fail comes last, the parts before what they are parts of. */
const LAST = [
  'unlinkDeveloperIdentity',
  'deleteDataset',
  'deleteIdentities',
  'deleteIdentityPool',
  'deleteRole',
  'revokeApiKey',
];

test('the valid inputs are taken as they are, so that it is the hostile value that is refused', async () => {
  const [fresh, provider] = await Promise.all([startTestServer(), startIdentityProvider()]);
  const inputs = await validInputs(fresh, provider);
  const calls = rootFields().sort((a, b) => LAST.indexOf(a.field.name) - LAST.indexOf(b.field.name));
  const refused: unknown[] = [];
  for (const { operation, field } of calls)
    for (const base of [inputs[field.name]!].flat()) {
      const variables = variablesOf(field, base);
      const bearer = await bearerFor(fresh, field.name, inputs);
      const { errors } = await fresh.graphql(documentOf(operation, field), variables, bearer);
      if (errors) refused.push([field.name, errors]);
    }
  await Promise.all([fresh.close(), provider.close()]);

  expect(refused).toEqual([]);
});

test('the schema is as it was, and the server works as before', async () => {
  const { data } = await server.graphql('{ identityPools { nodes { name } } }', {}, server.admin);

  expect(data.identityPools.nodes.map((pool: { name: string }) => pool.name)).toContain('p');
  expect(({} as Record<string, unknown>).polluted).toBeUndefined();
});
