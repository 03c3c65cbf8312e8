import {
  getId,
  loginOf,
  mutate,
  refusalOf,
  rowsOf,
  tryGetCredentials,
  tryGetId,
  type Data,
  type Login,
} from '../support/factories';
import { startTestServer, type GraphqlAnswer, type TestServer } from '../support/server';
import { tap } from '../support/wire';
import {
  DEVELOPER,
  credentialsOf,
  describeIdentity,
  openMergeWorld,
  pull,
  write,
  type MergeWorld,
} from './merge-world';

let world: MergeWorld;
let server: MergeWorld['server'];
let google: MergeWorld['google'];
let github: MergeWorld['github'];
let pool: MergeWorld['pool'];

beforeAll(async () => {
  world = await openMergeWorld();
  ({ server, google, github, pool } = world);
});
afterAll(() => world?.close());

const guest = async (): Promise<string> => (await getId(server, pool.id)).id;

describe('a guest that presents a login of another identity', () => {
  it('is merged into that identity, whose id the answer carries', async () => {
    const owner = await getId(server, pool.id, [await loginOf(google, 'owner-1')]);
    const id = await guest();

    const answer = await credentialsOf(server, id, [await loginOf(google, 'owner-1')]);

    expect(answer.identityId).toBe(owner.id);
    expect(await describeIdentity(server, id)).toEqual({
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

      expect((await credentialsOf(server, await guest(), logins)).identityId).toBe(older.id);
    }
  });

  it('has no datasets any more to an administrator, and spoils no page of identities', async () => {
    const owner = await getId(server, pool.id, [await loginOf(google, 'looked-at')]);
    const id = await guest();
    await credentialsOf(server, id, [await loginOf(google, 'looked-at')]);

    const { identity } = await server.run(
      'query ($id: ID!) { identity(id: $id) { mergedInto { id } datasets { nodes { name } } } }',
      { id },
      server.admin,
    );

    expect(identity).toEqual({ mergedInto: { id: owner.id }, datasets: { nodes: [] } });
  });

  it('leaves a trace of the merge in the audit log', async () => {
    const owner = await getId(server, pool.id, [await loginOf(google, 'audited')]);
    const id = await guest();
    await credentialsOf(server, id, [await loginOf(google, 'audited')]);

    const events = await rowsOf(
      server,
      `SELECT actor_id, details FROM audit_events WHERE action = 'cognito-identity:MergeIdentities'
         AND details->>'identityId' = $1`,
      [id],
    );

    expect(events).toEqual([
      {
        actor_id: owner.id,
        details: { identityId: id, mergedInto: owner.id, datasets: 0, foldedDatasets: 0 },
      },
    ]);
  });

  it('leaves its datasets under the survivor as NAME.GUESTID, reported until they are deleted', async () => {
    const login = await loginOf(google, 'owner-2');
    const owner = await getId(server, pool.id, [login]);
    const ownBearer = (await credentialsOf(server, owner.id, [login])).accessToken;
    await write(server, ownBearer, 'settings', ['theme', 'light']);
    const id = await guest();
    const guestBearer = (await credentialsOf(server, id)).accessToken;
    await write(server, guestBearer, 'settings', ['theme', 'dark']);
    await write(server, guestBearer, 'scores', ['high', '7']);

    const { accessToken } = await credentialsOf(server, id, [login]);

    expect(await pull(server, accessToken, 'settings')).toEqual({
      datasetSyncCount: 1,
      datasetExists: true,
      mergedDatasetNames: [`settings.${id}`],
      records: [{ key: 'theme', value: 'light', syncCount: 1 }],
    });
    expect(await pull(server, accessToken, 'scores')).toMatchObject({
      datasetExists: false,
      mergedDatasetNames: [`scores.${id}`],
    });
    expect((await pull(server, accessToken, `settings.${id}`)).records).toEqual([
      { key: 'theme', value: 'dark', syncCount: 1 },
    ]);
    await server.run(
      'mutation ($input: DeleteDatasetInput!) { deleteDataset(input: $input) { dataset { name } } }',
      { input: { datasetName: `settings.${id}` } },
      accessToken,
    );
    expect((await pull(server, accessToken, 'settings')).mergedDatasetNames).toEqual([]);
  });

  it('gets no credentials any more: the refusal names the survivor to whoever proves it, and to nobody else', async () => {
    const login = await loginOf(google, 'owner-3');
    const owner = await getId(server, pool.id, [login]);
    const id = await guest();
    const old = (await credentialsOf(server, id)).accessToken;
    await credentialsOf(server, id, [login]);

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
    await write(server, (await credentialsOf(server, first)).accessToken, 'settings', ['theme', 'dark']);
    await credentialsOf(server, second, [await loginOf(github, 'chain')]);
    await credentialsOf(server, first, [await loginOf(github, 'chain')]);
    const owner = await getId(server, pool.id, [await loginOf(google, 'chain')]);
    const logins = [await loginOf(google, 'chain'), await loginOf(github, 'chain')];

    const { accessToken, identityId } = await credentialsOf(server, owner.id, logins);

    expect(identityId).toBe(owner.id);
    expect((await pull(server, accessToken, 'settings')).mergedDatasetNames).toEqual([`settings.${first}`]);
    expect((await describeIdentity(server, first)).mergedInto).toEqual({ id: owner.id });
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
    expect((await describeIdentity(server, younger.id)).mergedInto).toEqual({ id: older.id });
  });

  it('make one of them: in getCredentialsForIdentity the one that is named survives', async () => {
    await getId(server, pool.id, [await loginOf(google, 'two-2')]);
    const named = await getId(server, pool.id, [await loginOf(github, 'two-2')]);

    const { identityId } = await credentialsOf(server, named.id, [
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
    expect((await describeIdentity(server, other.id)).isDisabled).toBe(false);
    expect((await getId(server, pool.id, [logins[0]!])).id).toBe(full.id);
  });
});

describe('previewMerge', () => {
  it('says what the call would do, and does nothing', async () => {
    const login = await loginOf(google, 'preview');
    const owner = await getId(server, pool.id, [login]);
    const id = await guest();
    await write(server, (await credentialsOf(server, id)).accessToken, 'settings', ['theme', 'dark']);

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
    expect((await describeIdentity(server, id)).isDisabled).toBe(false);
  });
});

describe('a merge that is sent again, since its answer was lost,', () => {
  /** Every row that has to do with logins and datasets of the pool. */
  const everything = (): Promise<Data[]> =>
    rowsOf(
      server,
      `SELECT 'identity' AS what, i::text AS row FROM identities i WHERE i.identity_pool_id = $1
       UNION ALL SELECT 'login', l::text FROM logins l WHERE l.identity_pool_id = $1
       UNION ALL SELECT 'its reverse', r::text FROM identity_logins r
         JOIN identities i USING (identity_id) WHERE i.identity_pool_id = $1
       UNION ALL SELECT 'dataset', d::text FROM datasets d WHERE d.identity_pool_id = $1
       UNION ALL SELECT 'record', r::text FROM records r
         JOIN identities i USING (identity_id) WHERE i.identity_pool_id = $1
       ORDER BY 1, 2`,
      [pool.id],
    );

  const signedIn = async (login: Login): Promise<string> => {
    const { id } = await getId(server, pool.id, [login]);
    const { accessToken } = await credentialsOf(server, id, [login]);
    await write(server, accessToken, 'settings', ['theme', `of ${login.provider}`]);
    return id;
  };

  const guestWithData = async (): Promise<string> => {
    const id = await guest();
    await write(server, (await credentialsOf(server, id)).accessToken, 'settings', ['theme', 'dark']);
    return id;
  };

  const mergeDevelopers = (node: TestServer, source: string, destination: string): Promise<GraphqlAnswer> => {
    const users = { sourceUserIdentifier: source, destinationUserIdentifier: destination };
    const input = { identityPoolId: pool.id, developerProviderName: DEVELOPER, ...users };
    return mutate(node, 'mergeDeveloperIdentities { identityId }', input, node.admin);
  };

  const developer = async (token: string): Promise<string> => {
    const input = { identityPoolId: pool.id, logins: [{ provider: DEVELOPER, token }] };
    const call = 'getOpenIdTokenForDeveloperIdentity { identityId }';
    return (await mutate(server, call, input, server.admin)).data.getOpenIdTokenForDeveloperIdentity
      .identityId;
  };

  it('of a guest is refused with the name of the survivor, and changes nothing', async () => {
    const login = await loginOf(google, 'again-1');
    const survivor = await signedIn(login);
    const id = await guestWithData();
    await tryGetCredentials(server, id, [login]);
    const before = await everything();

    const again = await tryGetCredentials(world.otherNode, id, [login]);

    expect(refusalOf(again)).toMatchObject({ code: 'NOT_AUTHORIZED', mergedInto: survivor });
    expect(await everything()).toEqual(before);
  });

  it('of two that signed in answers the survivor, and changes nothing, whichever call it was', async () => {
    const logins = [await loginOf(google, 'again-2'), await loginOf(github, 'again-2')];
    const [survivor] = [await signedIn(logins[0]!), await signedIn(logins[1]!)];
    await tryGetId(server, pool.id, logins);
    const before = await everything();

    const again = await tryGetId(world.otherNode, pool.id, logins);
    const named = await tryGetCredentials(world.otherNode, survivor, logins);

    expect(again.data.getId.identityId).toBe(survivor);
    expect(named.data.getCredentialsForIdentity.identityId).toBe(survivor);
    expect(await everything()).toEqual(before);
  });

  it('of two users of the back end answers the survivor, and changes nothing', async () => {
    const [, survivor] = [await developer('again-source'), await developer('again-destination')];
    await mergeDevelopers(server, 'again-source', 'again-destination');
    const before = await everything();

    const again = await mergeDevelopers(world.otherNode, 'again-source', 'again-destination');

    expect(again.data.mergeDeveloperIdentities.identityId).toBe(survivor);
    expect(await everything()).toEqual(before);
  });

  it('tells the survivor though the database broke off just when the merge was done', async () => {
    const wire = await tap(server.database.url);
    const node = await startTestServer({
      database: server.database,
      config: { databaseUrl: wire.url, databasePoolSize: 1, publicUrl: server.config.publicUrl },
    });
    const login = await loginOf(google, 'again-3');
    const survivor = await signedIn(login);
    const id = await guestWithData();

    // Other statements speak of READ COMMITTED.
    wire.loseAnswerTo('COMMIT\0');
    const lost = await tryGetCredentials(node, id, [login]);
    const again = await tryGetCredentials(node, id, [login]);
    await node.close();
    await wire.cut();

    expect(refusalOf(lost)).toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
    expect(refusalOf(again)).toMatchObject({ code: 'NOT_AUTHORIZED', mergedInto: survivor });
    const { accessToken } = await credentialsOf(server, survivor, [login]);
    expect((await pull(server, accessToken, 'settings')).mergedDatasetNames).toEqual([`settings.${id}`]);
  });
});
