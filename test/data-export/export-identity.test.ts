import type { IdentityActor } from '../../src/actor';
import type { Context } from '../../src/context';
import { exportIdentity } from '../../src/data-export/export-identity.service';
import { updateRecords } from '../../src/sync/update-records.service';
import { administrator } from '../support/service-context';
import {
  disable,
  identityActor,
  refusal,
  remove,
  replace,
  startWorld,
  type SyncWorld,
} from '../sync/sync-world';

type Caller = Context & { actor: IdentityActor };

let world: SyncWorld;
let caller: Caller;

/** An identity whose role allows what those of the default roles do. */
const newCaller = async (): Promise<Caller> => {
  const ctx = await world.newIdentity();
  const { policies } = identityActor(ctx.actor.identityPoolId, ctx.actor.identityId);
  const own = { Effect: 'Allow', Action: 'cognito-identity:DescribeIdentity', Resource: '*' };
  const document = { Version: '2012-10-17', Statement: [own] } as unknown as (typeof policies)[number];
  return { ...ctx, actor: { ...ctx.actor, policies: [...policies, document] } };
};

beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world?.stop());
beforeEach(async () => {
  caller = await newCaller();
});

const rows = (sql: string, parameters: unknown[] = []) => world.dataSource.query(sql, parameters);
const write = (ctx: Context, patches: ReturnType<typeof replace>[], datasetName = 'd') =>
  updateRecords(ctx, { datasetName, recordPatches: patches });
const export_ = async (ctx: Context = caller, input: Parameters<typeof exportIdentity>[1] = {}) =>
  exportIdentity(
    ctx,
    ctx.actor.kind === 'administrator' ? { identityId: caller.actor.identityId, ...input } : input,
  );
const as = (action: string | string[]): Context => ({ ...caller, actor: administrator(action) });

/** A row of each table for the identity, with something in it that must be found again. */
const FILLED: Record<string, { sql: string; found: string[] }> = {
  identities: {
    sql: `INSERT INTO identities (identity_id, identity_pool_id, is_authenticated, last_active_at, created_at,
            last_modified_at, disabled_at, merged_into)
          SELECT 'us-east-1:0a', identity_pool_id, false, now(), now(), now(), now(), $1 FROM identities WHERE identity_id = $1`,
    found: ['us-east-1:0a'],
  },
  identity_logins: {
    sql: `INSERT INTO identity_logins (identity_id, provider, login_key, subject, created_at)
          VALUES ($1, 'the provider', 'k', 'the subject', now())`,
    found: ['the provider', 'the subject'],
  },
  datasets: {
    sql: `INSERT INTO datasets SELECT (json_populate_record(d, '{"dataset_name":"the dataset"}')).* FROM datasets d
           WHERE identity_id = $1`,
    found: ['the dataset'],
  },
  records: {
    sql: `INSERT INTO records (identity_id, dataset_name, record_key, value, sync_count, last_modified_at, last_modified_by)
          VALUES ($1, 'd', 'the record', 'its value', 1, now(), 'the writer'), ($1, 'd', 'the tombstone', NULL, 1, now(), 'x')`,
    found: ['the record', 'its value', 'the writer', 'the tombstone'],
  },
  record_history: {
    sql: `INSERT INTO record_history (identity_id, dataset_name, record_key, sync_count, superseded_sync_count, value,
            last_modified_at, last_modified_by, superseded_at)
          VALUES ($1, 'd', 'k', 0, 1, 'the value before', now(), 'the writer before', now())`,
    found: ['the value before', 'the writer before'],
  },
  sync_mutations: {
    sql: `INSERT INTO sync_mutations (identity_id, mutation_id, dataset_name, body_hash, result, created_at)
          VALUES ($1, 'the mutation', 'd', 'h', '{}', now())`,
    found: ['the mutation'],
  },
  sync_events: {
    sql: `INSERT INTO sync_events (identity_id, dataset_name, sync_count, consumer, identity_pool_id, operation, device_id,
            created_at, next_attempt_at, attempts, is_dead)
          VALUES ($1, 'd', 1, 'stream', 'p', 'replace', 'the writing device', now(), now(), 0, false)`,
    found: ['the writing device'],
  },
  devices: {
    sql: `INSERT INTO devices (identity_id, device_id, identity_pool_id, platform, token_hash, sealed_token, created_at,
            last_modified_at) VALUES ($1, 'the device', 'p', 'GCM', 'token hash', 'sealed token', now(), now())`,
    found: ['the device', 'GCM'],
  },
  dataset_subscriptions: {
    sql: `INSERT INTO dataset_subscriptions (identity_id, dataset_name, device_id, created_at, attempts)
          VALUES ($1, 'the subscribed dataset', 'the device', now(), 0)`,
    found: ['the subscribed dataset'],
  },
  stream_payloads: {
    sql: `INSERT INTO stream_payloads (identity_id, dataset_name, sync_count, origin, records, expires_at)
          VALUES ($1, 'the streamed dataset', 1, 'change', '[{"key":"the streamed key"}]', now())`,
    found: ['the streamed dataset', 'the streamed key'],
  },
};

/** They hang on others, which must be there first. */
Object.assign(FILLED, {
  unproven_logins: {
    sql: `INSERT INTO unproven_logins (identity_id, provider, is_claimable, created_at)
          VALUES ($1, 'the unproven provider', false, now())`,
    found: ['the unproven provider'],
  },
  imported_identities: {
    sql: `INSERT INTO imported_identities (identity_id, source_hash, imported_at) VALUES ($1, 'h', '2001-02-03Z')`,
    found: ['2001-02-03'],
  },
  imported_datasets: {
    sql: `INSERT INTO imported_datasets (identity_id, dataset_name, sync_count, is_deleted, source_created_at,
            source_modified_at, imported_at) VALUES ($1, 'd', 1, false, '2001-02-04Z', '2001-02-05Z', '2001-02-06Z')`,
    found: ['2001-02-04', '2001-02-05', '2001-02-06'],
  },
});

/** Tables that are left out, and why. */
const LEFT_OUT: Record<string, string> = {
  device_tokens: 'the hash of a device’s token, and whose it is: the device is there',
  logins: 'the same logins as in identity_logins, by another key',
  used_sync_sessions: 'random ids that keep a token from being used twice; they go after two hours',
};

test('everything that the database holds about an identity is in its export', async () => {
  const { identityId } = caller.actor;
  await write(caller, [replace('k', 'v')]);
  for (const { sql } of Object.values(FILLED)) await rows(sql, [identityId]);
  const tables: { table_name: string }[] = await rows(
    `SELECT DISTINCT table_name FROM information_schema.columns
      WHERE table_schema = current_schema() AND column_name = 'identity_id'`,
  );

  const { document, endCursor } = await export_();

  const text = JSON.stringify(document);
  const known = [...Object.keys(FILLED), ...Object.keys(LEFT_OUT)];
  expect(tables.map(({ table_name }) => table_name).sort()).toEqual(known.sort());
  expect(Object.values(FILLED).flatMap(({ found }) => found.filter((each) => !text.includes(each)))).toEqual(
    [],
  );
  expect(text).not.toMatch(/token hash|sealed token/);
  expect(endCursor).toBeNull();
});

test('it is one document, in the words of the API', async () => {
  const { identityId, identityPoolId } = caller.actor;
  await write(caller, [{ ...replace('a', '1'), deviceLastModifiedDate: new Date(1234) }, replace('b', '2')]);
  await write(caller, [remove('b', 1), replace('a', '1b', 1)]);

  const { document } = await export_();

  const now = world.clock.now().toISOString();
  const by = { lastModifiedDate: now, lastModifiedBy: identityId };
  expect(document).toEqual({
    format: 'rockpool-identity-export/1',
    exportedDate: now,
    identity: {
      identityId,
      identityPoolId,
      isAuthenticated: false,
      disabledDate: null,
      mergedInto: null,
      lastActiveDate: now,
      creationDate: now,
      lastModifiedDate: now,
    },
    logins: [],
    unprovenLogins: [],
    imported: null,
    mergedIdentities: [],
    datasets: [
      {
        name: 'd',
        syncCount: 2,
        isDeleted: false,
        deletedSyncCount: 0,
        creationDate: now,
        ...by,
        dataStorage: 3,
        numRecords: 1,
        historySinceSyncCount: 0,
        records: [
          { key: 'a', value: '1b', syncCount: 2, ...by, deviceLastModifiedDate: null },
          { key: 'b', value: null, syncCount: 2, ...by, deviceLastModifiedDate: null },
        ],
      },
    ],
    devices: [],
    datasetSubscriptions: [],
    mutations: [],
    pendingEvents: [],
    streamRecords: [],
    auditEvents: [],
    history: [
      {
        datasetName: 'd',
        key: 'a',
        value: '1',
        syncCount: 1,
        ...by,
        deviceLastModifiedDate: '1970-01-01T00:00:01.234Z',
        supersededSyncCount: 2,
        supersededDate: now,
      },
      {
        datasetName: 'd',
        key: 'b',
        value: '2',
        syncCount: 1,
        ...by,
        deviceLastModifiedDate: null,
        supersededSyncCount: 2,
        supersededDate: now,
      },
    ],
  });
});

test('the history comes in pages of 1,000 versions and 8 MiB, each version once', async () => {
  const { identityId } = caller.actor;
  await write(caller, [replace('k', 'v')]);
  await rows(
    `INSERT INTO record_history (identity_id, dataset_name, record_key, sync_count, superseded_sync_count, value,
       last_modified_at, last_modified_by, superseded_at)
     SELECT $1, 'd', 'k' || n % 7, n, n + 1, CASE WHEN n < 10 THEN repeat('x', 1000000) END, now(), 'w', now()
       FROM generate_series(0, 2499) n`,
    [identityId],
  );

  const first = await export_();
  const pages = [first];
  for (let cursor = first.endCursor; cursor !== null; cursor = pages.at(-1)!.endCursor)
    pages.push(await export_(caller, { after: cursor }));

  const versions = pages.flatMap(({ document }) => document.history);
  expect(new Set(versions.map(({ key, syncCount }) => `${key}/${syncCount}`)).size).toBe(2500);
  expect(versions).toHaveLength(2500);
  for (const { document } of pages) {
    expect(document.history.length).toBeLessThanOrEqual(1000);
    expect(document.history.reduce((sum, { value }) => sum + (value?.length ?? 0), 0)).toBeLessThan(
      8_400_000,
    );
  }
  expect(pages.slice(1).map(({ document }) => document.datasets)).toEqual(
    pages.slice(1).map(() => undefined),
  );
  expect(await refusal(export_(caller, { after: 'x' }))).toMatchObject({ fields: { field: 'after' } });
});

test('what is larger than 64 MiB without its history is refused', async () => {
  await write(caller, [replace('k', 'v')]);
  await rows(
    `INSERT INTO records (identity_id, dataset_name, record_key, value, sync_count, last_modified_at, last_modified_by)
     SELECT $1, 'd', 'n' || n, repeat('x', 1000000), 1, now(), 'w' FROM generate_series(1, 68) n`,
    [caller.actor.identityId],
  );

  expect(await refusal(export_())).toMatchObject({
    code: 'LIMIT_EXCEEDED',
    fields: { limit: 'exportBytes', maximum: 67_108_864 },
  });
});

test('identities that were merged into it are in it, also those that came by way of others', async () => {
  const { identityId } = caller.actor;
  const [near, far] = [await world.newIdentity(), await world.newIdentity()];
  for (const [from, into] of [
    [near.actor.identityId, identityId],
    [far.actor.identityId, near.actor.identityId],
  ])
    await rows('UPDATE identities SET merged_into = $2, disabled_at = now() WHERE identity_id = $1', [
      from,
      into,
    ]);

  const { document } = await export_();

  expect(document.mergedIdentities!.map((each) => each.identityId).sort()).toEqual(
    [near.actor.identityId, far.actor.identityId].sort(),
  );
});

test('it is written down, and an identity finds what it did in its own', async () => {
  await export_();
  const { document } = await export_();

  expect(document.auditEvents).toMatchObject([
    { action: 'cognito-identity:ExportIdentity', details: { identityId: caller.actor.identityId } },
  ]);
});

describe('who may', () => {
  const NEEDED = ['cognito-identity:DescribeIdentity', 'cognito-sync:ListRecords'];

  test('are administrators who may describe the identity and read all of its datasets', async () => {
    await write(caller, [replace('k', 'v')]);
    await rows(
      `INSERT INTO identity_logins (identity_id, provider, login_key, subject, created_at)
       VALUES ($1, 'p', 'k2', 'ada', now())`,
      [caller.actor.identityId],
    );

    for (const missing of NEEDED) {
      const refused = await refusal(export_(as(NEEDED.filter((action) => action !== missing))));
      expect([missing, refused.code]).toEqual([missing, 'ACCESS_DENIED']);
    }
    const { document: plain } = await export_(as(NEEDED));
    const { document: full } = await export_(
      as([...NEEDED, 'cognito-identity:ListLogins', 'cloudtrail:LookupEvents']),
    );

    expect([plain.logins![0]!.subject, plain.auditEvents]).toEqual([null, null]);
    expect([full.logins![0]!.subject, full.auditEvents]).toEqual(['ada', []]);
  });

  test('is nobody whom a policy denies one of the datasets', async () => {
    await write(caller, [replace('k', 'v')], 'secret');
    const ctx = as('*');
    const { policies } = ctx.actor as Extract<Context['actor'], { kind: 'administrator' }>;
    policies.push({
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Deny',
          Action: '*',
          Resource: 'arn:aws:cognito-sync:*:*:identitypool/*/identity/*/dataset/secret',
        },
      ],
    } as unknown as (typeof policies)[number]);

    expect((await refusal(export_(ctx))).code).toBe('ACCESS_DENIED');
  });

  test('is an identity for itself alone, and not when it was merged into another', async () => {
    const other = await newCaller();
    const { identityId } = other.actor;

    expect((await refusal(exportIdentity(caller, { identityId }))).code).toBe('NOT_AUTHORIZED');
    expect((await refusal(exportIdentity(as('*'), { identityId: 'us-east-1:0' }))).code).toBe(
      'RESOURCE_NOT_FOUND',
    );
    await disable(world, caller.actor.identityId);
    expect((await refusal(export_())).code).toBe('NOT_AUTHORIZED');
    expect((await export_(as('*'))).document.identity).toMatchObject({ disabledDate: expect.any(String) });
  });
});
