import { isObjectType } from 'graphql';
import { graphqlSchema } from '../../src/graphql/schema';
import { choose, createApplication, register } from '../push/push-world';
import {
  allow,
  createKey,
  createPool,
  createRole,
  eventually,
  getCredentials,
  getId,
  rowsOf,
  setRoles,
  trustOf,
  type Data,
} from '../support/factories';
import { startTestServer, type GraphqlAnswer, type TestServer } from '../support/server';

let node: TestServer;
let otherNode: TestServer;

beforeAll(async () => {
  // One address for both, as behind a load balancer: it is the issuer of tokens.
  const config = { publicUrl: 'http://localhost:4000' };
  node = await startTestServer({ config });
  otherNode = await startTestServer({ config, database: node.database });
});
afterAll(async () => {
  await otherNode?.close();
  await node?.close();
});

/** A dataset that came from an identity which was merged. */
const MERGED = 'd.us-east-1:00000000-0000-4000-8000-000000000002';

/** Everything that an identity can do with its access token, each as a call for one's own identity and device. */
const WITH_TOKEN: Record<string, (id: string, deviceId: string) => string> = {
  'Query.viewer': () => '{ viewer { id } }',
  'Query.identity': (id) => `{ identity(id: "${id}") { id } }`,
  'Query.listRecords': () => '{ listRecords(input: { datasetName: "d" }) { datasetSyncCount } }',
  'Mutation.updateRecords': () => `mutation { updateRecords(input: { datasetName: "d",
    recordPatches: [{ op: REPLACE, key: "k", value: "v", syncCount: 0 }] }) { datasetSyncCount } }`,
  'Mutation.synchronize': () => `mutation { synchronize(input: { datasetName: "e",
    recordPatches: [{ op: REPLACE, key: "k", value: "v", syncCount: 0 }] }) { datasets { applied } } }`,
  'Mutation.restoreDataset': () =>
    'mutation { restoreDataset(input: { datasetName: "e", toSyncCount: 1, dryRun: true }) { datasetSyncCount } }',
  'Mutation.foldMergedDataset': () =>
    `mutation { foldMergedDataset(input: { datasetName: "d", mergedDatasetName: "${MERGED}", dryRun: true }) { datasetSyncCount } }`,
  'Mutation.exportIdentity': () => 'mutation { exportIdentity(input: {}) { document } }',
  'Mutation.registerDevice': () =>
    'mutation { registerDevice(input: { platform: GCM, token: "another" }) { deviceId } }',
  'Mutation.subscribeToDataset': (_id, deviceId) =>
    `mutation { subscribeToDataset(input: { datasetName: "d", deviceId: "${deviceId}" }) { device { id } } }`,
  'Mutation.unsubscribeFromDataset': (_id, deviceId) =>
    `mutation { unsubscribeFromDataset(input: { datasetName: "d", deviceId: "${deviceId}" }) { device { id } } }`,
  'Mutation.deregisterDevice': (_id, deviceId) =>
    `mutation { deregisterDevice(input: { deviceId: "${deviceId}" }) { device { id } } }`,
  'Mutation.deleteDataset': () =>
    'mutation { deleteDataset(input: { datasetName: "d" }) { dataset { name } } }',
  'Mutation.deleteIdentities': (id) =>
    `mutation { deleteIdentities(input: { identityIdsToDelete: ["${id}"] }) { unprocessedIdentityIds { errorCode } } }`,
};

/** What an identity's token opens nothing of: open to anybody, or for administrators only. */
const WITHOUT_TOKEN =
  /^(Query\.(apiKeys|auditEvents|identityPools?|identityPoolUsages|identityProviders|imported\w+|lookup\w+|preview\w+|roles?|signingKeys|simulatePolicy|\w*[pP]roviders?)|Mutation\.(add|assume|bulk|create|get|import|merge|remove|retry|revoke|rotate|set|tag|unlink|untag|update(?!Records)|delete(?!Dataset|Identities$))\w*)$/;

const operations = ['Query', 'Mutation'].flatMap((root) => {
  const type = graphqlSchema().getType(root);
  return isObjectType(type) ? Object.keys(type.getFields()).map((field) => `${root}.${field}`) : [];
});

test('Every operation is one that an access token opens and that is tried below, or it needs none', () => {
  const unknown = operations.filter((name) => !(name in WITH_TOKEN) && !WITHOUT_TOKEN.test(name));

  expect(unknown).toEqual([]);
});

interface Session {
  pool: Data;
  role: Data;
  identityId: string;
  bearer: string;
  deviceId: string;
}

let made = 0;

/** An identity whose role allows everything, and its access token. Guests are cut down, so it is told to be authenticated. */
const startSession = async (): Promise<Session> => {
  const pool = await createPool(node, { createDefaultRoles: false });
  const role = await createRole(node, {
    roleName: `Everything${(made += 1)}`,
    assumeRolePolicyDocument: trustOf(pool.id),
    policies: [{ policyName: 'all', policyDocument: allow('*') }],
  });
  await setRoles(node, pool.id, { authenticated: role.arn, unauthenticated: role.arn });
  await choose(node, pool.id, [(await createApplication(node, pool.id)).platformApplicationArn]);
  const guest = await getId(node, pool.id);
  const { accessToken } = await getCredentials(node, guest.id);
  const deviceId = await register(node, accessToken, { platform: 'GCM', token: 'one' });
  await rowsOf(
    node,
    `INSERT INTO datasets (identity_id, dataset_name, identity_pool_id, sync_count, deleted_sync_count, is_deleted, num_records,
       num_tombstones, purged_sync_count, data_storage, created_at, last_modified_at, last_modified_by)
     VALUES ($1, $2, $3, 1, 0, false, 0, 0, 0, 0, now(), now(), 'phone')`,
    [guest.id, MERGED, pool.id],
  );
  return { pool, role, identityId: guest.id, bearer: accessToken, deviceId };
};

/** What a caller got out of a call: nothing but a refusal, or something. */
const isRefused = ({ data, errors }: GraphqlAnswer): boolean => {
  const values = Object.values((data ?? {}) as Record<string, Data>).filter((value) => value !== null);
  if (errors !== undefined || values.length === 0) return true;
  return values.some((value) => value.unprocessedIdentityIds?.[0]?.errorCode === 'ACCESS_DENIED');
};

const tryAll = async (at: TestServer, { identityId, deviceId, bearer }: Session): Promise<string[]> => {
  const accepted: string[] = [];
  // The one that ends the identity comes last.
  for (const [name, query] of Object.entries(WITH_TOKEN))
    if (!isRefused(await at.graphql(query(identityId, deviceId), {}, bearer))) accepted.push(name);
  return accepted;
};

/** Deletes the identity of its own accord, which a dead one may do as often as it likes. */
const DELETES_ITSELF = 'Mutation.deleteIdentities';

test('A living identity may do all of it, on both nodes', async () => {
  expect(await tryAll(node, await startSession())).toEqual(Object.keys(WITH_TOKEN));
  expect(await tryAll(otherNode, await startSession())).toEqual(Object.keys(WITH_TOKEN));
});

describe('Within 5 seconds no operation on any node takes the access token', () => {
  const refusedEverywhere = async (session: Session, start: number, but: string[] = []): Promise<void> => {
    for (const at of [node, otherNode])
      await eventually(
        () => tryAll(at, session),
        (accepted) => accepted.every((name) => but.includes(name)),
      );
    expect(Date.now() - start).toBeLessThan(5000);
  };

  /** Fills the caches of both nodes, so that what is seen afterwards is their following. */
  const warm = async ({ bearer }: Session): Promise<void> => {
    for (const at of [node, otherNode]) await at.run(WITH_TOKEN['Query.viewer']!('', ''), {}, bearer);
  };

  it('of an identity that was deleted', async () => {
    const session = await startSession();
    await warm(session);

    const start = Date.now();
    await node.run(WITH_TOKEN[DELETES_ITSELF]!(session.identityId, session.deviceId), {}, node.admin);

    await refusedEverywhere(session, start, [DELETES_ITSELF]);
  });

  it('of an identity that was merged into another, which is disabled from then on', async () => {
    const session = await startSession();
    const survivor = await getId(node, session.pool.id);
    await warm(session);

    const start = Date.now();
    await rowsOf(
      node,
      'UPDATE identities SET disabled_at = last_modified_at, merged_into = $1 WHERE identity_id = $2',
      [survivor.id, session.identityId],
    );

    await refusedEverywhere(session, start);
    expect(
      await rowsOf(node, 'SELECT FROM identities WHERE identity_id = $1', [session.identityId]),
    ).toHaveLength(1);
  });

  it('of a pool that was deleted', async () => {
    const session = await startSession();
    await warm(session);

    const start = Date.now();
    await node.run(
      'mutation ($id: ID!) { deleteIdentityPool(input: { identityPoolId: $id }) { identityPool { id } } }',
      { id: session.pool.id },
      node.admin,
    );

    await refusedEverywhere(session, start);
  });

  it('of a role that was deleted', async () => {
    const session = await startSession();
    await warm(session);

    const start = Date.now();
    await node.run(
      'mutation ($name: String!) { deleteRole(input: { roleName: $name }) { role { id } } }',
      { name: session.role.name },
      node.admin,
    );

    await refusedEverywhere(session, start);
  });

  it('of a role whose policy no longer allows it', async () => {
    const session = await startSession();
    await warm(session);

    const start = Date.now();
    await node.run(
      `mutation ($input: UpdateRoleInput!) { updateRole(input: $input) { role { id } } }`,
      {
        input: {
          roleName: session.role.name,
          policies: [{ policyName: 'all', policyDocument: allow('s3:*') }],
        },
      },
      node.admin,
    );

    await refusedEverywhere(session, start);
  });
});

test('A revoked API key opens nothing on any node within 5 seconds', async () => {
  const key = await createKey(node, { managedPolicies: ['ADMINISTRATOR_ACCESS'] });
  const bearer = `${key.apiKey.id}.${key.secretAccessKey}`;
  const isTaken = async (at: TestServer): Promise<boolean> =>
    (await at.graphql('{ signingKeys { id } }', {}, bearer)).errors === undefined;
  const before = [await isTaken(node), await isTaken(otherNode)];

  const start = Date.now();
  await node.run(
    'mutation ($id: ID!) { revokeApiKey(input: { accessKeyId: $id }) { apiKey { id } } }',
    { id: key.apiKey.id },
    node.admin,
  );
  for (const at of [node, otherNode])
    await eventually(
      () => isTaken(at),
      (taken) => !taken,
    );

  expect(before).toEqual([true, true]);
  expect(Date.now() - start).toBeLessThan(5000);
});

test('Open id tokens of an identity that is deleted or disabled get no credentials, on any node', async () => {
  const { pool, role, identityId } = await startSession();
  const disabled = await getId(node, pool.id);
  const tokenOf = async (id: string): Promise<string> => {
    const query = 'mutation ($id: ID!) { getOpenIdToken(input: { identityId: $id }) { token } }';
    return (await node.run(query, { id })).getOpenIdToken.token;
  };
  const tokens = [await tokenOf(identityId), await tokenOf(disabled.id)];
  const assume = (at: TestServer, webIdentityToken: string) =>
    at.graphql(
      `mutation ($input: AssumeRoleWithWebIdentityInput!) { assumeRoleWithWebIdentity(input: $input) { audience } }`,
      { input: { roleArn: role.arn, roleSessionName: 'session', webIdentityToken } },
    );
  const alive = await Promise.all(tokens.map((token) => assume(otherNode, token)));

  await rowsOf(node, 'DELETE FROM identities WHERE identity_id = $1', [identityId]);
  await rowsOf(node, 'UPDATE identities SET disabled_at = created_at WHERE identity_id = $1', [disabled.id]);

  expect(alive.map((answer) => answer.errors)).toEqual([undefined, undefined]);
  for (const at of [node, otherNode])
    expect(
      await Promise.all(tokens.map(async (token) => (await assume(at, token)).errors?.[0]?.extensions.code)),
    ).toEqual(['RESOURCE_NOT_FOUND', 'NOT_AUTHORIZED']);
});
