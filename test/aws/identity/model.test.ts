import { IDENTITY_OPERATIONS } from '../../../src/aws/identity/operations';
import { startTestServer, type TestServer } from '../../support/server';
import { ADMIN_KEYS, callRaw } from './clients';
import { MODEL, type ModelMember } from './model';

const ID = 'us-east-1:00000000-0000-4000-8000-000000000000';
const ARN = 'arn:aws:iam::000000000000:role/Nobody';

/** For each member of the model a value of its form. */
const WELL_FORMED: Record<string, unknown> = {
  AccountId: '000000000000',
  AllowClassicFlow: false,
  AllowUnauthenticatedIdentities: true,
  CognitoIdentityProviders: [{ ProviderName: 'cognito-idp.us-east-1.amazonaws.com/p', ClientId: 'c' }],
  CustomRoleArn: ARN,
  DestinationUserIdentifier: 'ada',
  DeveloperProviderName: 'login.my.app',
  DeveloperUserIdentifier: 'ada',
  HideDisabled: true,
  IdentityId: ID,
  IdentityIdsToDelete: [ID],
  IdentityPoolId: ID,
  IdentityPoolName: 'A pool',
  IdentityPoolTags: { team: 'maps' },
  IdentityProviderName: 'accounts.google.com',
  Logins: { 'accounts.google.com': 'a token' },
  LoginsToRemove: ['accounts.google.com'],
  MaxResults: 10,
  NextToken: 'token',
  OpenIdConnectProviderARNs: [ARN],
  PrincipalTags: { team: 'custom:team' },
  ResourceArn: ARN,
  RoleMappings: { 'accounts.google.com': { Type: 'Token', AmbiguousRoleResolution: 'Deny' } },
  Roles: { authenticated: ARN },
  SamlProviderARNs: [ARN],
  SourceUserIdentifier: 'grace',
  SupportedLoginProviders: { 'accounts.google.com': 'app' },
  TagKeys: ['team'],
  Tags: { team: 'maps' },
  TokenDuration: 900,
  UseDefaults: false,
};

const LONG = 'x'.repeat(60_000);
const many = (count: number): Record<string, string> =>
  Object.fromEntries(Array.from({ length: count }, (_, at) => [`key${at}`, 'value']));

const atMost = (limit: number) => `Member must have length less than or equal to ${limit}`;
const atLeast = (limit: number) => `Member must have length greater than or equal to ${limit}`;
const like = (pattern: string) => `Member must satisfy regular expression pattern: ${pattern}`;
const keys = (...sentences: string[]) => `Map keys must satisfy constraint: [${sentences.join(', ')}]`;
const values = (...sentences: string[]) => `Map value must satisfy constraint: [${sentences.join(', ')}]`;
const each = (...sentences: string[]) => `Member must satisfy constraint: [${sentences.join(', ')}]`;

const ID_FORM = [atMost(55), atLeast(1), like('[\\w-]+:[0-9a-f-]+')];
const ARN_FORM = [atMost(2048), atLeast(20)];
const NAME_FORM = [atMost(128), atLeast(1)];
const USER: [unknown, string][] = [
  ['', atLeast(1)],
  ['x'.repeat(1025), atMost(1024)],
];
const ARNS: [unknown, string][] = [[['short'], each(...ARN_FORM)]];
const LOGINS: [unknown, string][] = [
  [many(11), atMost(10)],
  [{ '': 'token' }, keys(...NAME_FORM)],
  [{ provider: '' }, values(atMost(50_000), atLeast(1))],
  [{ provider: LONG }, values(atMost(50_000), atLeast(1))],
];
const TAGS: [unknown, string][] = [
  [{ '': 'value' }, keys(...NAME_FORM)],
  [{ key: 'x'.repeat(257) }, values(atMost(256), atLeast(0))],
];
const ARN_TEXT: [unknown, string][] = [
  ['x'.repeat(19), atLeast(20)],
  ['x'.repeat(2049), atMost(2048)],
];
const ID_TEXT: [unknown, string][] = [
  ['no colon', like('[\\w-]+:[0-9a-f-]+')],
  [`us-east-1:${'a'.repeat(46)}`, atMost(55)],
];

/** For each constraint of part B of the contract a value that breaks it, and AWS's sentence. */
const BROKEN: Record<string, [value: unknown, sentence: string][]> = {
  AccountId: [
    ['1'.repeat(16), atMost(15)],
    ['abc', like('\\d+')],
  ],
  CognitoIdentityProviders: [],
  CustomRoleArn: ARN_TEXT,
  DestinationUserIdentifier: USER,
  DeveloperProviderName: [
    ['x'.repeat(129), atMost(128)],
    ['my/app', like('[\\w._-]+')],
  ],
  DeveloperUserIdentifier: USER,
  IdentityId: ID_TEXT,
  IdentityIdsToDelete: [
    [[], atLeast(1)],
    [Array.from({ length: 61 }, () => ID), atMost(60)],
    [['no colon'], each(...ID_FORM)],
  ],
  IdentityPoolId: ID_TEXT,
  IdentityPoolName: [
    ['x'.repeat(129), atMost(128)],
    ['a/b', like('[\\w\\s+=,.@-]+')],
  ],
  IdentityPoolTags: TAGS,
  IdentityProviderName: [
    ['', atLeast(1)],
    ['x'.repeat(129), atMost(128)],
  ],
  Logins: LOGINS,
  LoginsToRemove: [[[''], each(...NAME_FORM)]],
  MaxResults: [
    [0, 'Member must have value greater than or equal to 1'],
    [61, 'Member must have value less than or equal to 60'],
  ],
  NextToken: [
    ['x'.repeat(65_536), atMost(65_535)],
    ['a b', like('[\\S]+')],
  ],
  OpenIdConnectProviderARNs: ARNS,
  PrincipalTags: [
    [many(51), atMost(50)],
    [{ '': 'value' }, keys(...NAME_FORM)],
    [{ key: '' }, values(atMost(256), atLeast(1))],
  ],
  ResourceArn: ARN_TEXT,
  RoleMappings: [
    [Object.fromEntries(Object.keys(many(11)).map((key) => [key, { Type: 'Token' }])), atMost(10)],
  ],
  Roles: [
    [{ other: ARN }, keys(like('(un)?authenticated'))],
    [{ authenticated: 'short' }, values(...ARN_FORM)],
  ],
  SamlProviderARNs: ARNS,
  SourceUserIdentifier: USER,
  SupportedLoginProviders: [
    [many(11), atMost(10)],
    [{ '': 'app' }, keys(...NAME_FORM)],
    [{ provider: 'a b' }, values(...NAME_FORM, like('[\\w.;_/-]+'))],
  ],
  TagKeys: [[['x'.repeat(129)], each(...NAME_FORM)]],
  Tags: TAGS,
  TokenDuration: [
    [0, 'Member must have value greater than or equal to 1'],
    [86_401, 'Member must have value less than or equal to 86400'],
  ],
};

/** Of every type another one, which no client's coercion makes right. */
const WRONG_TYPE: Record<ModelMember['type'], unknown> = {
  String: { an: 'object' },
  Boolean: 'perhaps',
  Long: 'many',
  List: { an: 'object' },
  Map: ['a list'],
};

const JSON_TYPE: Record<ModelMember['type'], string> = {
  String: 'STRUCTURE',
  Boolean: 'STRING_VALUE',
  Long: 'STRING_VALUE',
  List: 'STRUCTURE',
  Map: 'ARRAY',
};

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server?.close());

const wellFormed = (members: ModelMember[]): Record<string, unknown> =>
  Object.fromEntries(members.map(({ name }) => [name, WELL_FORMED[name]]));

/** Name, status and sentence of a call's error, once body and headers are seen to agree on it. */
const errorOf = async (operation: string, body: string): Promise<string> => {
  const { status, headers, json } = await callRaw(server, operation, body, ADMIN_KEYS);
  expect(headers.get('content-type')).toBe('application/x-amz-json-1.1');
  expect(headers.get('x-amzn-errortype')).toBe(json.__type);
  expect(headers.get('x-amzn-requestid')).toMatch(/^[0-9a-f-]{36}$/);
  expect(Object.keys(json)).toEqual(['__type', 'message']);
  return `${json.__type} ${status}: ${json.message}`;
};

const violation = (sentence: string): string =>
  `ValidationException 400: 1 validation error detected: ${sentence}`;

describe('the operations', () => {
  it('are those of AWS’s model, and as public', () => {
    const ours = IDENTITY_OPERATIONS.map(({ name, isPublic }) => ({ name, isPublic }));
    const theirs = MODEL.map(({ name, isPublic }) => ({ name, isPublic }));
    const byName = (one: { name: string }, other: { name: string }) => (one.name < other.name ? -1 : 1);

    expect(ours.sort(byName)).toEqual(theirs.sort(byName));
    expect(ours).toHaveLength(23);
  });

  it('are each found by their target alone', async () => {
    expect(await errorOf('GetIdentity', '{}')).toBe(
      'UnknownOperationException 400: X-Amz-Target names no operation of this service.',
    );
  });
});

describe.each(MODEL.map((each) => [each.name, each] as const))('%s', (name, { members }) => {
  const required = members.filter(({ isRequired }) => isRequired);

  it('misses its required members, and no others', async () => {
    const sentences = required.map(
      ({ path }) => `Value null at '${path}' failed to satisfy constraint: Member must not be null`,
    );

    const error = await errorOf(name, '{}');

    const [, count, found = ''] = /^ValidationException 400: (\d+) .* detected: (.*)$/.exec(error) ?? [];
    const withoutSecrets = found.replaceAll(/Value at '(logins|supportedLogin)/g, "Value null at '$1");
    expect(withoutSecrets.split('; ').sort()).toEqual(sentences.sort());
    expect(Number(count)).toBe(required.length);
  });

  it('takes a null for a member that is not there', async () => {
    const nulls = Object.fromEntries(members.map((member) => [member.name, null]));

    expect(await errorOf(name, JSON.stringify(nulls))).toBe(await errorOf(name, '{}'));
  });

  it.each(members.map((member) => [member.name, member] as const))(
    'refuses a %s of another type, by its path',
    async (_name, member) => {
      const input = { ...wellFormed(members), [member.name]: WRONG_TYPE[member.type] };

      expect(await errorOf(name, JSON.stringify(input))).toBe(
        `SerializationException 400: ${member.path}: ${JSON_TYPE[member.type]} can not be converted to ${member.type}`,
      );
    },
  );

  it('names each constraint that a member breaks', async () => {
    for (const member of members)
      for (const [value, sentence] of BROKEN[member.name] ?? []) {
        const error = await errorOf(name, JSON.stringify({ ...wellFormed(members), [member.name]: value }));

        expect(error).toMatch(/^ValidationException 400: 1 validation error detected: Value/);
        expect(error.endsWith(` at '${member.path}' failed to satisfy constraint: ${sentence}`)).toBe(true);
      }
  });

  it('takes nothing but a JSON object', async () => {
    const outcomes = await Promise.all(['{', 'null', '[]', '"text"', '1'].map((body) => errorOf(name, body)));

    const [malformed, ...others] = outcomes;
    expect(malformed).toBe('SerializationException 400: The request body is not valid JSON.');
    expect(new Set(others)).toEqual(
      new Set(['SerializationException 400: The request body must be a JSON object.']),
    );
  });
});

describe('the members', () => {
  const names = [...new Set(MODEL.flatMap(({ members }) => members.map(({ name }) => name)))].sort();

  it('each have a well-formed value here, and ones that break it where the model has constraints', () => {
    const booleans = MODEL.flatMap(({ members }) => members).filter(({ type }) => type === 'Boolean');

    expect(Object.keys(WELL_FORMED).sort()).toEqual(names);
    expect(Object.keys(BROKEN).sort()).toEqual(
      names.filter((name) => !booleans.some((boolean) => boolean.name === name)),
    );
  });

  it('within structures have constraints of their own, whose paths count from 1', async () => {
    const rule = { Claim: 'a b', MatchType: 'Like', Value: 'x'.repeat(129), RoleARN: 'short' };
    const input = {
      IdentityPoolId: ID,
      Roles: {},
      RoleMappings: { 'accounts.google.com': { Type: 'Rules', RulesConfiguration: { Rules: [rule] } } },
    };

    const error = await errorOf('SetIdentityPoolRoles', JSON.stringify(input));

    const at = 'roleMappings.accounts.google.com.member.rulesConfiguration.rules.1.member';
    expect(error).toBe(
      `ValidationException 400: 4 validation errors detected: ${[
        `Value 'a b' at '${at}.claim' failed to satisfy constraint: ${like('[\\p{L}\\p{M}\\p{S}\\p{N}\\p{P}]+')}`,
        `Value 'Like' at '${at}.matchType' failed to satisfy constraint: Member must satisfy enum value set: [Equals, Contains, StartsWith, NotEqual]`,
        `Value at '${at}.value' failed to satisfy constraint: ${atMost(128)}`,
        `Value 'short' at '${at}.roleARN' failed to satisfy constraint: ${atLeast(20)}`,
      ].join('; ')}`,
    );
  });

  it('of user pools are checked one by one', async () => {
    const clients = [
      { ProviderName: 'a b', ClientId: 'c' },
      { ProviderName: 'a', ClientId: 'c-d' },
    ];
    const input = {
      IdentityPoolName: 'A pool',
      AllowUnauthenticatedIdentities: true,
      CognitoIdentityProviders: clients,
    };

    expect(await errorOf('CreateIdentityPool', JSON.stringify(input))).toBe(
      "ValidationException 400: 2 validation errors detected: Value 'a b' at 'cognitoIdentityProviders.1.member.providerName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w._:/-]+; Value 'c-d' at 'cognitoIdentityProviders.2.member.clientId' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w_]+",
    );
  });

  it('that hold tokens or secrets are not repeated in errors', async () => {
    const input = { IdentityPoolId: ID, Logins: { '': 'a very secret token' } };

    const error = await errorOf('GetId', JSON.stringify(input));

    expect(error).toBe(
      violation(`Value at 'logins' failed to satisfy constraint: ${keys(atMost(128), atLeast(1))}`),
    );
  });

  it('that no model knows are ignored', async () => {
    const answer = await callRaw(server, 'ListIdentityPools', '{"MaxResults":1,"Verbose":[]}', ADMIN_KEYS);

    expect([answer.status, answer.text]).toEqual([200, '{"IdentityPools":[]}']);
  });
});
