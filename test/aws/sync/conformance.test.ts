import { SYNC_OPERATIONS } from '../../../src/aws/sync/operations';
import { MODEL, NAMES, VALID, membersAt, requestFor, validBody, type Shape } from './model';
import { refusalIn, startSyncApi, type Caller, type RawRequest, type SyncApi } from './sync-api';

const POST_NAMES = NAMES.filter((name) => MODEL.operations[name]!.http.method === undefined);

let api: SyncApi;
let caller: Caller;

beforeAll(async () => {
  api = await startSyncApi();
  caller = api.admin;
});

afterAll(() => api.stop());

const lowerFirst = (text: string): string => text[0]!.toLowerCase() + text.slice(1);

const withBody = (name: string, change: object): RawRequest => ({
  ...requestFor(name),
  body: JSON.stringify({ ...validBody(name), ...change }),
});

const refusalOf = async (request: RawRequest) => refusalIn(await caller.send(request));

const each = (
  names: string[],
  location?: Shape['location'],
): [name: string, member: string, shape: Shape][] =>
  names.flatMap((name) =>
    membersAt(name, location).map(([member, shape]): [string, string, Shape] => [name, member, shape]),
  );

describe('the table of operations', () => {
  it('has those of the model, each at its method, path and query, and no other', () => {
    const ours = SYNC_OPERATIONS.map(({ operation, method, uri, query = {} }) => [
      operation.name,
      { method, uri, query },
    ]);

    const theirs = NAMES.map((name) => [
      name,
      {
        method: MODEL.operations[name]!.http.method ?? 'POST',
        uri: MODEL.operations[name]!.http.requestUri,
        query: Object.fromEntries(
          membersAt(name, 'querystring').map(([member, shape]) => [shape.locationName, member]),
        ),
      },
    ]);
    expect(Object.fromEntries(ours)).toEqual(Object.fromEntries(theirs));
    expect(ours).toHaveLength(17);
  });

  it.each(NAMES)('takes %s in the form of the model', async (name) => {
    const { name: exception, message } = await refusalOf(requestFor(name));

    // Beyond the form it is refused, where there is no such pool.
    expect(['ValidationException', 'SerializationException', 'UnknownOperationException']).not.toContain(
      exception,
    );
    expect(message ?? '').not.toMatch(/validation error/);
  });
});

describe('a member of the body', () => {
  const required = NAMES.flatMap((name) =>
    membersAt(name)
      .filter(([member]) => MODEL.operations[name]!.input.required?.includes(member))
      .map(([member]) => [name, member] as const),
  );

  it('is required where the model says so', () => {
    expect(required.map(([name, member]) => `${name}.${member}`)).toEqual([
      'RegisterDevice.Platform',
      'RegisterDevice.Token',
      'SetCognitoEvents.Events',
      'UpdateRecords.SyncSessionToken',
    ]);
  });

  it.each(required)('of %s cannot be left out or null: %s', async (name, member) => {
    const sentence = new RegExp(
      `^1 validation error detected: Value(?: null)? at '${lowerFirst(member)}' failed to satisfy constraint: Member must not be null$`,
    );
    for (const value of [undefined, null])
      expect(await refusalOf(withBody(name, { [member]: value }))).toEqual({
        name: 'ValidationException',
        status: 400,
        message: expect.stringMatching(sentence),
      });
  });

  it.each(each(NAMES))('of %s has the type of the model: %s', async (name, member, { type = 'string' }) => {
    const wrong = type === 'string' ? [7, {}, [], true] : type === 'list' ? [7, 'text', {}] : [7, 'text', []];

    for (const value of wrong)
      expect(await refusalOf(withBody(name, { [member]: value }))).toEqual({
        name: 'SerializationException',
        status: 400,
        message: expect.stringMatching(
          new RegExp(`^${lowerFirst(member)}: \\w+ can not be converted to \\w+$`),
        ),
      });
  });

  it.each([
    ['Op', 7, 'op: NUMBER_VALUE can not be converted to String'],
    ['Key', null, null],
    ['Value', {}, 'value: STRUCTURE can not be converted to String'],
    ['SyncCount', 'one', 'syncCount: STRING_VALUE can not be converted to Long'],
    ['SyncCount', 1.5, 'syncCount: NUMBER_VALUE can not be converted to Long'],
    [
      'DeviceLastModifiedDate',
      'yesterday',
      'deviceLastModifiedDate: STRING_VALUE can not be converted to Timestamp',
    ],
    [
      'DeviceLastModifiedDate',
      1e300,
      'deviceLastModifiedDate: NUMBER_VALUE can not be converted to Timestamp',
    ],
  ])('inside a patch has it too: %s of %j', async (member, value, problem) => {
    const patch = { Op: 'replace', Key: 'k', Value: 'v', SyncCount: 0, [member]: value };

    const { name, status, message } = await refusalOf(withBody('UpdateRecords', { RecordPatches: [patch] }));

    expect([name, status]).toEqual([problem ? 'SerializationException' : 'ValidationException', 400]);
    expect(message).toContain(problem ? `recordPatches.1.member.${problem}` : 'recordPatches.1.member.key');
  });

  it.each([
    ['RegisterDevice', { Platform: 'WEB_PUSH' }, '[APNS, APNS_SANDBOX, GCM, ADM]'],
    ['UpdateRecords', { DeviceId: '' }, 'greater than or equal to 1'],
    ['UpdateRecords', { DeviceId: 'd'.repeat(257) }, 'less than or equal to 256'],
    ['SetCognitoEvents', { Events: { SyncTrigger: '', Other: '' } }, 'less than or equal to 1'],
    [
      'SetIdentityPoolConfiguration',
      { PushSync: { ApplicationArns: ['arn:aws:sns:x'] } },
      'arn:aws:sns:[-0-9a-z]+',
    ],
    [
      'SetIdentityPoolConfiguration',
      { PushSync: { RoleArn: 'arn:aws:iam::1:rol' } },
      'greater than or equal to 20',
    ],
    ['SetIdentityPoolConfiguration', { CognitoStreams: { StreamName: '' } }, 'greater than or equal to 1'],
    [
      'SetIdentityPoolConfiguration',
      { CognitoStreams: { StreamName: 's'.repeat(129) } },
      'less than or equal to 128',
    ],
    ['SetIdentityPoolConfiguration', { CognitoStreams: { StreamingStatus: 'ON' } }, '[ENABLED, DISABLED]'],
    [
      'SetIdentityPoolConfiguration',
      { CognitoStreams: { RoleArn: 'r'.repeat(20) } },
      'arn:aws:iam::\\d+:role/.*',
    ],
  ])('of %s keeps the constraints of the model: %j', async (name, change, constraint) => {
    const refusal = await refusalOf(withBody(name, change));

    expect(refusal).toMatchObject({ name: 'ValidationException', status: 400 });
    expect(refusal.message).toMatch(/^\d validation errors? detected: Value /);
    expect(refusal.message).toContain(constraint);
  });
});

describe('a member of the path', () => {
  const PATTERN: Record<string, [value: string, constraint: string][]> = {
    IdentityPoolId: [
      ['not an id', 'Member must satisfy regular expression pattern: [\\w-]+:[0-9a-f-]+'],
      [`us-east-1:${'0'.repeat(46)}`, 'Member must have length less than or equal to 55'],
    ],
    DatasetName: [
      ['a/b', 'Member must satisfy regular expression pattern: [a-zA-Z0-9_.:-]+'],
      ['n'.repeat(129), 'Member must have length less than or equal to 128'],
    ],
    DeviceId: [['d'.repeat(257), 'Member must have length less than or equal to 256']],
  };
  /** Longer ones are cut off. */
  const shown = (value: string): string => (value.length > 256 ? `${value.slice(0, 256)}...` : value);
  const constraintsOf = (member: string) => PATTERN[member === 'IdentityId' ? 'IdentityPoolId' : member]!;

  it.each(each(NAMES, 'uri'))('of %s keeps the constraints of the model: %s', async (name, member) => {
    for (const [value, constraint] of constraintsOf(member))
      expect(await refusalOf(requestFor(name, { [member]: value }))).toEqual({
        name: 'ValidationException',
        status: 400,
        message: `1 validation error detected: Value '${shown(value)}' at '${lowerFirst(member)}' failed to satisfy constraint: ${constraint}`,
      });
  });

  it.each(NAMES.filter((name) => membersAt(name, 'uri').length > 0))(
    'of %s is percent-encoded UTF-8, and is not empty',
    async (name) => {
      const { path, ...rest } = requestFor(name);
      const poolId = encodeURIComponent(String(VALID.IdentityPoolId));

      expect(await refusalOf({ ...rest, path: path.replace(poolId, '%FF') })).toMatchObject({
        name: 'SerializationException',
        status: 400,
      });
      expect(await refusalOf({ ...rest, path: path.replace(poolId, '') })).toMatchObject({
        name: 'UnknownOperationException',
        status: 404,
      });
    },
  );
});

describe('a member of the query', () => {
  const numbers = each(NAMES, 'querystring').filter(([, , { type }]) => type !== undefined);

  it.each(numbers)(
    'of %s is a number where the model says so: %s',
    async (name, member, { locationName }) => {
      const refusal = await refusalOf({ ...requestFor(name), query: { [locationName!]: '1e' } });

      expect(refusal).toEqual({
        name: 'SerializationException',
        status: 400,
        message: `${lowerFirst(member)}: STRING_VALUE can not be converted to Long`,
      });
    },
  );

  it('of any other name is ignored', async () => {
    const refusal = await refusalOf({
      ...requestFor('ListDatasets'),
      query: { MaxResults: 'x', other: 'y' },
    });

    expect(refusal).toMatchObject({ name: 'ResourceNotFoundException' });
  });
});

describe('a body', () => {
  const wrong = ['{', 'null', '[]', '"text"', '7', '\u{FEFF}{}'];

  it.each(POST_NAMES)('of %s that is no JSON object is refused', async (name) => {
    for (const body of wrong)
      expect(await refusalOf({ ...requestFor(name), body })).toEqual({
        name: 'SerializationException',
        status: 400,
        message: expect.stringMatching(/^The request body (?:is not valid JSON|must be a JSON object)\.$/),
      });
  });

  it('cannot say what the path says', async () => {
    const { path, ...rest } = requestFor('UpdateRecords', { DatasetName: 'n'.repeat(129) });
    const body = JSON.stringify({ ...validBody('UpdateRecords'), DatasetName: 'short' });

    expect(await refusalOf({ ...rest, path, body })).toMatchObject({ name: 'ValidationException' });
  });
});
