import { deleteDataset, describeDataset } from '../../src/sync/datasets.service';
import { listRecords } from '../../src/sync/list-records.service';
import { updateRecords } from '../../src/sync/update-records.service';
import { newRegionalId, refusal, remove, replace, startWorld, type SyncWorld } from './sync-world';

let world: SyncWorld;

beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world?.stop());

const id = newRegionalId();

const ACCEPTED: [string, string, object][] = [
  ['S37', 'a name of 128 characters', { datasetName: 'x'.repeat(128) }],
  ['S37', 'a name with every kind of character', { datasetName: 'aZ0_.:-' }],
  ['S38', 'a key of 1,024 characters', { recordPatches: [replace('k'.repeat(1024), '')] }],
  ['S38', 'a key of 2,048 bytes', { recordPatches: [replace('é'.repeat(1024), '')] }],
  ['S38', 'a key with white space and quotes', { recordPatches: [replace(' "\\\n', '')] }],
  ['S38', 'a value of 1,048,575 characters', { recordPatches: [replace('k', 'v'.repeat(1_048_575))] }],
  ['S38', 'an empty value', { recordPatches: [replace('k', '')] }],
  ['S38', 'a removal with any value', { recordPatches: [{ ...remove('k'), value: '\0' }] }],
  ['S39', 'a count as a string', { recordPatches: [{ ...replace('k', ''), syncCount: '0' }] }],
  ['S39', 'a count as a bigint', { recordPatches: [{ ...replace('k', ''), syncCount: 0n }] }],
  ['S38', 'nulls for what is left out', { deviceId: null, syncSessionToken: null, identityId: null }],
  ['S38', 'null for no patches', { recordPatches: null }],
  ['S38', 'a device id of 256 characters', { deviceId: 'd'.repeat(256) }],
  ['S38', '1,024 patches', { recordPatches: Array.from({ length: 1024 }, (_, at) => replace(`k${at}`, '')) }],
];

test.each(ACCEPTED)('%s: %s is accepted', async (_, __, members) => {
  const ctx = await world.newIdentity();
  const input = { datasetName: 'd', recordPatches: [replace('k', 'v')], ...members };
  await expect(updateRecords(ctx, input as Parameters<typeof updateRecords>[1])).resolves.toMatchObject({
    records: expect.any(Array),
  });
});

test('S37: the name of a merged dataset is accepted', async () => {
  const ctx = await world.newIdentity();
  const datasetName = `${'x'.repeat(128)}.${id}`;
  expect((await listRecords(ctx, { datasetName })).datasetExists).toBe(false);
});

const patch = (members: object) => ({ recordPatches: [{ ...replace('k', 'v'), ...members }] });

test('S37: a name with other characters is told which it may have, and not that it is no string', async () => {
  const ctx = await world.newIdentity();

  const { message } = await refusal(listRecords(ctx, { datasetName: 'a b' }));

  expect(message).toMatch(/^datasetName must match \//);
});

const REFUSED: [string, string, object, string][] = [
  ['S37', 'an empty name', { datasetName: '' }, 'datasetName'],
  ['S37', 'no name', { datasetName: undefined }, 'datasetName'],
  ['S37', 'a name of 129 characters', { datasetName: 'x'.repeat(129) }, 'datasetName'],
  ['S37', 'a merged name with too long a base', { datasetName: `${'x'.repeat(129)}.${id}` }, 'datasetName'],
  ['S37', 'a name with a slash', { datasetName: 'a/b' }, 'datasetName'],
  ['S37', 'a name with a line break at its end', { datasetName: 'a\n' }, 'datasetName'],
  ['S37', 'an identity id of another form', { identityId: 'me' }, 'identityId'],
  ['S37', 'a pool id of another form', { identityPoolId: 'us-east-1:XYZ' }, 'identityPoolId'],
  ['S38', 'an empty key', patch({ key: '' }), 'recordPatches[0].key'],
  ['S38', 'a key of 1,025 characters', patch({ key: 'k'.repeat(1025) }), 'recordPatches[0].key'],
  ['S38', 'a key of 2,049 bytes', patch({ key: `${'é'.repeat(1023)}€` }), 'recordPatches[0].key'],
  ['S38', 'a key with NUL', patch({ key: 'a\0b' }), 'recordPatches[0].key'],
  ['S38', 'a key with a lone surrogate', patch({ key: 'a\ud800' }), 'recordPatches[0].key'],
  ['S38', 'a value with NUL', patch({ value: '\0' }), 'recordPatches[0].value'],
  ['S38', 'a value with a lone surrogate', patch({ value: '\udfff' }), 'recordPatches[0].value'],
  [
    'S38',
    'a value of 1,048,576 characters',
    patch({ value: 'v'.repeat(1_048_576) }),
    'recordPatches[0].value',
  ],
  ['S38', 'a replacement without a value', patch({ value: undefined }), 'recordPatches[0].value'],
  ['S38', 'a replacement with a null value', patch({ value: null }), 'recordPatches[0].value'],
  ['S38', 'a value that is a number', patch({ value: 5 }), 'recordPatches[0].value'],
  ['S38', 'another operation', patch({ op: 'append' }), 'recordPatches[0].op'],
  ['S39', 'a patch without a count', patch({ syncCount: undefined }), 'recordPatches[0].syncCount'],
  ['S39', 'a negative count', patch({ syncCount: -1 }), 'recordPatches[0].syncCount'],
  ['S39', 'a fraction', patch({ syncCount: 1.5 }), 'recordPatches[0].syncCount'],
  ['S39', 'a count beyond 2^53 - 1', patch({ syncCount: 2 ** 53 }), 'recordPatches[0].syncCount'],
  ['S39', 'a bigint beyond 2^53 - 1', patch({ syncCount: 2n ** 63n - 1n }), 'recordPatches[0].syncCount'],
  [
    'S39',
    'a string beyond 2^53 - 1',
    patch({ syncCount: '9223372036854775807' }),
    'recordPatches[0].syncCount',
  ],
  ['S39', 'a string that is no number', patch({ syncCount: '1e3' }), 'recordPatches[0].syncCount'],
  [
    'S38',
    'a date before PostgreSQL’s first',
    patch({ deviceLastModifiedDate: new Date(-210_866_803_200_001) }),
    'recordPatches[0].deviceLastModifiedDate',
  ],
  [
    'S38',
    'a date that is none',
    patch({ deviceLastModifiedDate: new Date('nonsense') }),
    'recordPatches[0].deviceLastModifiedDate',
  ],
  ['S38', 'an empty device id', { deviceId: '' }, 'deviceId'],
  ['S38', 'a device id of 257 characters', { deviceId: 'd'.repeat(257) }, 'deviceId'],
  [
    'S38',
    '1,025 patches',
    { recordPatches: Array.from({ length: 1025 }, (_, at) => replace(`k${at}`, '')) },
    'recordPatches',
  ],
];

test.each(REFUSED)('%s: %s is refused and the member named', async (_, __, members, field) => {
  const ctx = await world.newIdentity();
  const input = { datasetName: 'd', recordPatches: [replace('k', 'v')], ...members };
  const error = await refusal(updateRecords(ctx, input as Parameters<typeof updateRecords>[1]));
  expect([error.code, error.fields['field']]).toEqual(['INVALID_PARAMETER', field]);
  expect(error.message).toMatch(/ must /);
});

const REFUSED_PULLS: [string, object, string][] = [
  ['no results', { maxResults: 0 }, 'maxResults'],
  ['1,025 results', { maxResults: 1025 }, 'maxResults'],
  ['a negative count', { lastSyncCount: -1 }, 'lastSyncCount'],
  ['a count beyond 2^53 - 1', { lastSyncCount: 2 ** 60 }, 'lastSyncCount'],
  ['an empty token', { nextToken: '' }, 'nextToken'],
  ['an empty session token', { syncSessionToken: '' }, 'syncSessionToken'],
  ['a name with a slash', { datasetName: 'a/b' }, 'datasetName'],
];

test.each(REFUSED_PULLS)('S39: a pull with %s is refused', async (_, members, field) => {
  const ctx = await world.newIdentity();
  const error = await refusal(listRecords(ctx, { datasetName: 'd', ...members }));
  expect([error.code, error.fields['field']]).toEqual(['INVALID_PARAMETER', field]);
});

test('S39: a pull takes counts as strings and bigints, and nulls for what is left out', async () => {
  const ctx = await world.newIdentity();
  await updateRecords(ctx, { datasetName: 'd', recordPatches: [replace('k', 'v')] });
  for (const lastSyncCount of ['1', 1n, 1])
    expect((await listRecords(ctx, { datasetName: 'd', lastSyncCount })).count).toBe(0);
  const nulls = { lastSyncCount: null, nextToken: null, maxResults: null, syncSessionToken: null };
  expect((await listRecords(ctx, { datasetName: 'd', ...nulls })).count).toBe(1);
});

test('S37: every operation refuses a bad name before it asks who is calling', async () => {
  const ctx = await world.newIdentity();
  const anonymous = { ...ctx, actor: { kind: 'anonymous' as const } };
  for (const call of [updateRecords, listRecords, deleteDataset, describeDataset])
    expect((await refusal(call(anonymous, { datasetName: 'a/b' }))).code).toBe('INVALID_PARAMETER');
});
