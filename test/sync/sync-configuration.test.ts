import {
  allow,
  bearerWith,
  createPool,
  getId,
  mutate,
  refusalOf,
  rowsOf,
  type Data,
} from '../support/factories';
import { startTestServer, type TestServer } from '../support/server';

let server: TestServer;
let pool: Data;

beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server?.close());
beforeEach(async () => {
  pool = await createPool(server);
});

const FIELDS = 'mergeRules { datasetPattern rules { keyPattern rule } } historyRetentionDays foldStrategy';
const CALL = `setSyncConfiguration { syncConfiguration { ${FIELDS} } }`;

const set = (change: object, bearer = server.admin) =>
  mutate(server, CALL, { identityPoolId: pool.id, ...change }, bearer);

const configuration = async (): Promise<Data> => {
  const query = `query ($id: ID!) { identityPool(id: $id) { syncConfiguration { ${FIELDS} } } }`;
  return (await server.run(query, { id: pool.id }, server.admin)).identityPool.syncConfiguration;
};

const ruleSet = (datasetPattern: string, ...keyPatterns: string[]) => ({
  datasetPattern,
  rules: keyPatterns.map((keyPattern) => ({ keyPattern, rule: 'MAX' })),
});

describe('the sync configuration of a pool', () => {
  it('keeps earlier values for 30 days and has no rules unless it is set', async () => {
    expect(await configuration()).toEqual({ mergeRules: [], historyRetentionDays: 30, foldStrategy: null });
  });

  it('answers what it is after a change, and says the same from then on', async () => {
    const change = { mergeRules: [ruleSet('d*', 'k')], historyRetentionDays: 0, foldStrategy: 'RULES' };

    const { data } = await set(change);

    expect(data.setSyncConfiguration.syncConfiguration).toEqual(change);
    expect(await configuration()).toEqual(change);
  });

  it('leaves as it is what is left out, and replaces all rules', async () => {
    await set({
      mergeRules: [ruleSet('a'), ruleSet('b', 'k')],
      historyRetentionDays: 7,
      foldStrategy: 'BASE_WINS',
    });

    await set({ historyRetentionDays: 8 });
    await set({ mergeRules: [ruleSet('c')] });

    expect(await configuration()).toEqual({
      mergeRules: [ruleSet('c')],
      historyRetentionDays: 8,
      foldStrategy: 'BASE_WINS',
    });
  });

  it('folds no more when the strategy is set to null; null anywhere else is left out', async () => {
    await set({ mergeRules: [ruleSet('a')], historyRetentionDays: 7, foldStrategy: 'MERGED_WINS' });

    await set({ mergeRules: null, historyRetentionDays: null, foldStrategy: null });

    expect(await configuration()).toEqual({
      mergeRules: [ruleSet('a')],
      historyRetentionDays: 7,
      foldStrategy: null,
    });
  });

  it.each([
    ['days below 0', { historyRetentionDays: -1 }, 'historyRetentionDays', 0],
    ['days above 3,650', { historyRetentionDays: 3651 }, 'historyRetentionDays', 3650],
    ['21 dataset patterns', { mergeRules: Array(21).fill(ruleSet('d')) }, 'mergeRules', 20],
    [
      '51 key patterns',
      { mergeRules: [ruleSet('d'), ruleSet('e', ...Array<string>(51).fill('k'))] },
      'mergeRules[1].rules',
      50,
    ],
    ['an empty dataset pattern', { mergeRules: [ruleSet('')] }, 'mergeRules[0].datasetPattern', 128],
    [
      'a key pattern of 129 characters',
      { mergeRules: [ruleSet('d', 'k', 'k'.repeat(129))] },
      'mergeRules[0].rules[1].keyPattern',
      128,
    ],
  ])('refuses %s, and changes nothing', async (_what, change, field, limit) => {
    const answer = await set({ foldStrategy: 'RULES', ...change });

    expect(refusalOf(answer)).toMatchObject({ code: 'INVALID_PARAMETER', field, limit });
    expect((await configuration()).foldStrategy).toBeNull();
  });

  it('is changed by administrators who may, on the pool’s ARN of Cognito Sync', async () => {
    const arn = `arn:aws:cognito-sync:us-east-1:000000000000:identitypool/${pool.id}`;
    const mayHere = await bearerWith(server, allow('cognito-sync:SetDatasetConfiguration', arn));
    const mayElsewhere = await bearerWith(server, allow('cognito-sync:*', `${arn}0`));

    expect((await set({ historyRetentionDays: 1 }, mayHere)).errors).toBeUndefined();
    expect(refusalOf(await set({ historyRetentionDays: 2 }, mayElsewhere)).code).toBe('ACCESS_DENIED');
    expect((await configuration()).historyRetentionDays).toBe(1);
  });

  it('is RESOURCE_NOT_FOUND for a pool that is not there', async () => {
    const identityPoolId = 'us-east-1:00000000-0000-4000-8000-000000000000';

    expect(refusalOf(await set({ identityPoolId }))).toMatchObject({
      code: 'RESOURCE_NOT_FOUND',
      field: 'identityPoolId',
    });
  });

  it('is in the audit log with what was changed', async () => {
    await set({ historyRetentionDays: 5 });

    const events = await rowsOf(
      server,
      `SELECT details FROM audit_events WHERE action = 'cognito-sync:SetDatasetConfiguration' AND identity_pool_id = $1`,
      [pool.id],
    );
    expect(events).toEqual([{ details: { historyRetentionDays: 5 } }]);
  });

  it('governs the next write', async () => {
    const { id: identityId } = await getId(server, pool.id);
    const write = async (value: string, syncCount: number): Promise<Data> => {
      const recordPatches = [{ op: 'REPLACE', key: 'best', value, syncCount }];
      const input = { identityId, datasetName: 'scores', recordPatches };
      return (
        await mutate(
          server,
          'updateRecords { records { value } dataset { historySinceSyncCount } }',
          input,
          server.admin,
        )
      ).data.updateRecords;
    };
    await set({ mergeRules: [ruleSet('scores', 'best')], historyRetentionDays: 0 });

    await write('120', 0);
    const merged = await write('90', 0);

    expect(merged).toEqual({ records: [{ value: '120' }], dataset: { historySinceSyncCount: null } });
  });
});

describe('history and usage over GraphQL', () => {
  it('are fields of datasets, identities and pools', async () => {
    const { id: identityId } = await getId(server, pool.id);
    const write = (value: string, syncCount: number) =>
      mutate(
        server,
        'updateRecords { datasetSyncCount }',
        { identityId, datasetName: 'd', recordPatches: [{ op: 'REPLACE', key: 'k', value, syncCount }] },
        server.admin,
      );
    await write('one', 0);
    await write('two', 1);

    const seen = await server.run(
      `query ($id: ID!, $pool: ID!) {
         identity(id: $id) {
           usage { datasetCount dataStorage }
           dataset(name: "d") { historySinceSyncCount history(key: "k", first: 1) { nodes { value syncCount supersededSyncCount }
             pageInfo { hasNextPage } } } }
         identityPool(id: $pool) { usage { dataStorage syncSessionsCount syncSessions(days: 1) { syncSessions } } }
         identityPoolUsages(first: 60) { nodes { identityPoolId dataStorage } } }`,
      { id: identityId, pool: pool.id },
      server.admin,
    );
    const restored = await mutate(
      server,
      'restoreDataset { dryRun datasetSyncCount records { key value } dataset { syncCount } }',
      { identityId, datasetName: 'd', toSyncCount: 1 },
      server.admin,
    );

    expect(seen.identity).toEqual({
      usage: { datasetCount: 1, dataStorage: 4 },
      dataset: {
        historySinceSyncCount: 0,
        history: {
          nodes: [{ value: 'one', syncCount: 1, supersededSyncCount: 2 }],
          pageInfo: { hasNextPage: false },
        },
      },
    });
    expect(seen.identityPool.usage).toEqual({
      dataStorage: 4,
      syncSessionsCount: null,
      syncSessions: [{ syncSessions: 0 }],
    });
    expect(seen.identityPoolUsages.nodes).toContainEqual({ identityPoolId: pool.id, dataStorage: 4 });
    expect(restored.data.restoreDataset).toEqual({
      dryRun: false,
      datasetSyncCount: 3,
      records: [{ key: 'k', value: 'one' }],
      dataset: { syncCount: 3 },
    });
  });
});
