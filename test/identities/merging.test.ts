import { startIdentityProvider, type TestIdentityProvider } from '../support/identity-provider';
import {
  countOf,
  createPool,
  getCredentials,
  getId,
  loginOf,
  refusalOf,
  registerProvider,
  rowsOf,
  tryGetCredentials,
  tryGetId,
  type Data,
  type Login,
} from '../support/factories';
import { startTestServer, type TestServer } from '../support/server';

let server: TestServer;
let google: TestIdentityProvider;
let github: TestIdentityProvider;
let pool: Data;

beforeAll(async () => {
  [server, google, github] = await Promise.all([
    startTestServer(),
    startIdentityProvider(),
    startIdentityProvider(),
  ]);
  const openIdConnectProviderARNs = [
    await registerProvider(server, google),
    await registerProvider(server, github),
  ];
  pool = await createPool(server, { openIdConnectProviderARNs });
});
afterAll(async () => {
  await Promise.all([google?.close(), github?.close()]);
  await server?.close();
});

const guest = async (): Promise<string> => (await getId(server, pool.id)).id;

const credentialsOf = async (
  identityId: string,
  logins?: Login[],
): Promise<{ identityId: string; accessToken: string }> => {
  const { data, errors } = await tryGetCredentials(server, identityId, logins);
  if (errors) throw new Error(JSON.stringify(errors));
  const { identityId: id, credentials } = data.getCredentialsForIdentity;
  return { identityId: id, accessToken: credentials.accessToken };
};

const write = async (bearer: string, datasetName: string, key: string, value: string): Promise<Data> => {
  const input = { datasetName, recordPatches: [{ op: 'REPLACE', key, value, syncCount: 0 }] };
  const data = await server.run(
    'mutation ($input: UpdateRecordsInput!) { updateRecords(input: $input) { datasetSyncCount } }',
    { input },
    bearer,
  );
  return data.updateRecords;
};

const pull = async (bearer: string, datasetName: string): Promise<Data> => {
  const data = await server.run(
    `query ($input: ListRecordsInput!) { listRecords(input: $input) {
       datasetSyncCount datasetExists mergedDatasetNames records { key value syncCount } } }`,
    { input: { datasetName } },
    bearer,
  );
  return data.listRecords;
};

const describeIdentity = async (id: string): Promise<Data> => {
  const data = await server.run(
    'query ($id: ID!) { identity(id: $id) { id logins isDisabled mergedInto { id } } }',
    { id },
    server.admin,
  );
  return data.identity;
};

describe('a guest that presents a login of another identity', () => {
  it('is merged into that identity, whose id the answer carries', async () => {
    const owner = await getId(server, pool.id, [await loginOf(google, 'owner-1')]);
    const id = await guest();

    const answer = await credentialsOf(id, [await loginOf(google, 'owner-1')]);

    expect(answer.identityId).toBe(owner.id);
    expect(await describeIdentity(id)).toEqual({
      id,
      logins: [],
      isDisabled: true,
      mergedInto: { id: owner.id },
    });
  });

  it('is merged into the oldest, when it presents logins of several', async () => {
    for (let round = 0; round < 4; round += 1) {
      const logins = [await loginOf(google, `oldest-${round}`), await loginOf(github, `oldest-${round}`)];
      const older = await getId(server, pool.id, [logins[round % 2]!]);
      await getId(server, pool.id, [logins[1 - (round % 2)]!]);

      expect((await credentialsOf(await guest(), logins)).identityId).toBe(older.id);
    }
  });

  it('leaves a trace of the merge in the audit log', async () => {
    const owner = await getId(server, pool.id, [await loginOf(google, 'audited')]);
    const id = await guest();
    await credentialsOf(id, [await loginOf(google, 'audited')]);

    const events = await rowsOf(
      server,
      `SELECT actor_id, details FROM audit_events WHERE action = 'cognito-identity:MergeIdentities'
         AND details->>'identityId' = $1`,
      [id],
    );

    expect(events).toEqual([
      { actor_id: owner.id, details: { identityId: id, mergedInto: owner.id, datasets: 0 } },
    ]);
  });

  it('leaves its datasets under the survivor as NAME.GUESTID, reported until they are deleted', async () => {
    const login = await loginOf(google, 'owner-2');
    const owner = await getId(server, pool.id, [login]);
    const ownBearer = (await credentialsOf(owner.id, [login])).accessToken;
    await write(ownBearer, 'settings', 'theme', 'light');
    const id = await guest();
    const guestBearer = (await credentialsOf(id)).accessToken;
    await write(guestBearer, 'settings', 'theme', 'dark');
    await write(guestBearer, 'scores', 'high', '7');

    const { accessToken } = await credentialsOf(id, [login]);

    expect(await pull(accessToken, 'settings')).toEqual({
      datasetSyncCount: 1,
      datasetExists: true,
      mergedDatasetNames: [`settings.${id}`],
      records: [{ key: 'theme', value: 'light', syncCount: 1 }],
    });
    expect(await pull(accessToken, 'scores')).toMatchObject({
      datasetExists: false,
      mergedDatasetNames: [`scores.${id}`],
    });
    expect((await pull(accessToken, `settings.${id}`)).records).toEqual([
      { key: 'theme', value: 'dark', syncCount: 1 },
    ]);
    await server.run(
      'mutation ($input: DeleteDatasetInput!) { deleteDataset(input: $input) { dataset { name } } }',
      { input: { datasetName: `settings.${id}` } },
      accessToken,
    );
    expect((await pull(accessToken, 'settings')).mergedDatasetNames).toEqual([]);
  });

  it('gets no credentials any more: the refusal names the survivor to whoever proves it, and to nobody else', async () => {
    const login = await loginOf(google, 'owner-3');
    const owner = await getId(server, pool.id, [login]);
    const id = await guest();
    const old = (await credentialsOf(id)).accessToken;
    await credentialsOf(id, [login]);

    expect(refusalOf(await tryGetCredentials(server, id, [login]))).toMatchObject({
      code: 'NOT_AUTHORIZED',
      message: `Access to Identity '${id}' is forbidden.`,
      mergedInto: owner.id,
    });
    expect(refusalOf(await tryGetCredentials(server, id))).not.toHaveProperty('mergedInto');
    expect(
      refusalOf(await tryGetCredentials(server, id, [await loginOf(github, 'a stranger')])),
    ).not.toHaveProperty('mergedInto');
    const answer = await server.graphql(
      'query ($input: ListRecordsInput!) { listRecords(input: $input) { count } }',
      { input: { datasetName: 'settings' } },
      old,
    );
    expect(refusalOf(answer)).toMatchObject({ code: 'NOT_AUTHORIZED' });
  });

  it('keeps the name of a dataset that came from an earlier merge', async () => {
    const [first, second] = [await guest(), await guest()];
    await write((await credentialsOf(first)).accessToken, 'settings', 'theme', 'dark');
    await credentialsOf(second, [await loginOf(github, 'chain')]);
    await credentialsOf(first, [await loginOf(github, 'chain')]);
    const owner = await getId(server, pool.id, [await loginOf(google, 'chain')]);
    const logins = [await loginOf(google, 'chain'), await loginOf(github, 'chain')];

    const { accessToken, identityId } = await credentialsOf(owner.id, logins);

    expect(identityId).toBe(owner.id);
    expect((await pull(accessToken, 'settings')).mergedDatasetNames).toEqual([`settings.${first}`]);
    expect((await describeIdentity(first)).mergedInto).toEqual({ id: second });
  });
});

describe('logins of two identities', () => {
  it('make one of them: in getId the older survives', async () => {
    const older = await getId(server, pool.id, [await loginOf(google, 'two-1')]);
    const younger = await getId(server, pool.id, [await loginOf(github, 'two-1')]);

    const merged = await getId(server, pool.id, [
      await loginOf(github, 'two-1'),
      await loginOf(google, 'two-1'),
    ]);

    expect(merged.id).toBe(older.id);
    expect(merged.logins.sort()).toEqual([google.loginKey, github.loginKey].sort());
    expect((await describeIdentity(younger.id)).mergedInto).toEqual({ id: older.id });
  });

  it('make one of them: in getCredentialsForIdentity the one that is named survives', async () => {
    await getId(server, pool.id, [await loginOf(google, 'two-2')]);
    const named = await getId(server, pool.id, [await loginOf(github, 'two-2')]);

    const { identityId } = await credentialsOf(named.id, [
      await loginOf(google, 'two-2'),
      await loginOf(github, 'two-2'),
    ]);

    expect(identityId).toBe(named.id);
  });

  it('are refused when the result would have two users of one provider, and nothing has changed', async () => {
    const logins = [await loginOf(google, 'full-a'), await loginOf(github, 'full-a')];
    const full = await getId(server, pool.id, logins);
    const other = await getId(server, pool.id, [await loginOf(google, 'full-b')]);

    const refusal = refusalOf(
      await tryGetCredentials(server, full.id, [logins[1]!, await loginOf(google, 'full-b')]),
    );

    expect(refusal).toMatchObject({ code: 'RESOURCE_CONFLICT', provider: google.loginKey });
    expect((await describeIdentity(other.id)).isDisabled).toBe(false);
    expect((await getId(server, pool.id, [logins[0]!])).id).toBe(full.id);
  });
});

describe('previewMerge', () => {
  it('says what the call would do, and does nothing', async () => {
    const login = await loginOf(google, 'preview');
    const owner = await getId(server, pool.id, [login]);
    const id = await guest();
    await write((await credentialsOf(id)).accessToken, 'settings', 'theme', 'dark');

    const { previewMerge } = await server.run(
      `query ($input: PreviewMergeInput!) { previewMerge(input: $input) {
         identityId merges { identityId logins datasets { from to } } linkedProviders conflictingProviders
         loginCount exceedsLoginLimit datasetCount exceedsDatasetLimit } }`,
      { input: { identityPoolId: pool.id, identityId: id, logins: [login] } },
    );

    expect(previewMerge).toEqual({
      identityId: owner.id,
      merges: [{ identityId: id, logins: [], datasets: [{ from: 'settings', to: `settings.${id}` }] }],
      linkedProviders: [],
      conflictingProviders: [],
      loginCount: 1,
      exceedsLoginLimit: false,
      datasetCount: 1,
      exceedsDatasetLimit: false,
    });
    expect((await describeIdentity(id)).isDisabled).toBe(false);
  });
});

describe('merges at the same time', () => {
  it('of one guest into one identity, ten at once, end in one merge and nine refusals that name the survivor', async () => {
    const login = await loginOf(google, 'race-1');
    const owner = await getId(server, pool.id, [login]);
    const id = await guest();
    await write((await credentialsOf(id)).accessToken, 'settings', 'theme', 'dark');

    const answers = await Promise.all(
      Array.from({ length: 10 }, () => tryGetCredentials(server, id, [login])),
    );

    const winners = answers.filter((answer) => !answer.errors);
    expect(winners.map((answer) => answer.data.getCredentialsForIdentity.identityId)).toEqual([owner.id]);
    for (const answer of answers.filter((each) => each.errors))
      expect(refusalOf(answer)).toMatchObject({ code: 'NOT_AUTHORIZED', mergedInto: owner.id });
    expect(await countOf(server, 'datasets', 'identity_id', owner.id)).toBe(1);
    expect(await countOf(server, 'datasets', 'identity_id', id)).toBe(0);
  });

  it('in both directions end with every login on exactly one live identity', async () => {
    const logins = [await loginOf(google, 'race-2'), await loginOf(github, 'race-2')];
    const a = await getId(server, pool.id, [logins[0]!]);
    const b = await getId(server, pool.id, [logins[1]!]);

    await Promise.all([
      tryGetCredentials(server, a.id, logins),
      tryGetCredentials(server, b.id, logins),
      tryGetId(server, pool.id, logins),
    ]);

    const owners = await Promise.all(logins.map(async (login) => (await getId(server, pool.id, [login])).id));
    expect(new Set(owners).size).toBe(1);
    const live = (await Promise.all([a.id, b.id].map(describeIdentity))).filter((each) => !each.isDisabled);
    expect(live.map((each) => each.id)).toEqual([owners[0]]);
  });

  it('with writes to the loser in flight lose no acknowledged write', async () => {
    const login = await loginOf(google, 'race-3');
    const owner = await getId(server, pool.id, [login]);
    const id = await guest();
    const bearer = (await getCredentials(server, id)).accessToken;

    const writes = Array.from({ length: 20 }, (_, at) =>
      write(bearer, 'settings', `key-${at}`, `${at}`).then(
        () => `key-${at}`,
        () => undefined,
      ),
    );
    const merge = tryGetCredentials(server, id, [login]);
    const acknowledged = (await Promise.all(writes)).filter((key) => key !== undefined);
    await merge;

    const rows = await rowsOf(
      server,
      'SELECT record_key FROM records WHERE identity_id = $1 AND dataset_name = $2',
      [owner.id, `settings.${id}`],
    );
    expect(rows.map((row) => row.record_key)).toEqual(expect.arrayContaining(acknowledged));
    expect(await countOf(server, 'records', 'identity_id', id)).toBe(0);
  });
});
