import { setTimeout as sleep } from 'node:timers/promises';
import { assumedRoleArn } from '../../../src/ids';
import { issueAccessToken } from '../../../src/tokens/access-token';
import {
  allow,
  createPool,
  createRole,
  getCredentials,
  getId,
  rowsOf,
  setRoles,
  trustOf,
  type Data,
} from '../../support/factories';
import { startTestServer, type TestServer } from '../../support/server';
import {
  TRANSPORTS,
  listen,
  socketClient,
  until,
  untilOpen,
  write,
  type Heard,
  type Transport,
} from './live-world';

/*
 * A subscription lasts as long as its caller may have it: to the moment for credentials that expire, and no more than
 * 5 seconds longer for everything else, on whichever node it is.
 */

let node: TestServer;
let otherNode: TestServer;

beforeAll(async () => {
  const config = { publicUrl: 'http://localhost:4000' };
  node = await startTestServer({ config });
  otherNode = await startTestServer({ config, database: node.database });
});
afterAll(async () => {
  await otherNode?.close();
  await node?.close();
});

interface Session {
  pool: Data;
  role: Data;
  identityId: string;
  token: string;
}

let made = 0;

const startSession = async (): Promise<Session> => {
  const pool = await createPool(node, { createDefaultRoles: false });
  const role = await createRole(node, {
    roleName: `Listener${(made += 1)}`,
    assumeRolePolicyDocument: trustOf(pool.id),
    policies: [{ policyName: 'all', policyDocument: allow('*') }],
  });
  await setRoles(node, pool.id, { authenticated: role.arn, unauthenticated: role.arn });
  const { id: identityId } = await getId(node, pool.id);
  const { accessToken: token } = await getCredentials(node, identityId);
  return { pool, role, identityId, token };
};

/** Credentials of the session that last so many seconds. */
const shortLived = ({ pool, role, identityId }: Session, seconds: number): Promise<string> =>
  issueAccessToken(node.config, new Date(), {
    identityId,
    identityPoolId: pool.id,
    roleArn: role.arn,
    sessionName: assumedRoleArn(role.arn, 'short').split('/').at(-1)!,
    amr: ['unauthenticated'],
    principalTags: {},
    cut: false,
    expiresAt: new Date((Math.ceil(Date.now() / 1000) + seconds) * 1000),
  });

const hearing = async (at: TestServer, token: string, transport: Transport): Promise<Heard> => {
  const before = at.live().subscriptions;
  const heard = listen(at, token, {}, { transport });
  await untilOpen(at, before + 1);
  return heard;
};

const updateRole = ({ role }: Session, action: string): Promise<Data> =>
  node.run(
    'mutation ($input: UpdateRoleInput!) { updateRole(input: $input) { role { id } } }',
    { input: { roleName: role.name, policies: [{ policyName: 'all', policyDocument: allow(action) }] } },
    node.admin,
  );

/** What ends a subscription on the other node, and what its client is told. */
const ENDINGS: Record<string, { end: (session: Session) => Promise<unknown>; told: object }> = {
  'the role is deleted': {
    end: ({ role }) =>
      node.run(
        'mutation ($name: String!) { deleteRole(input: { roleName: $name }) { role { id } } }',
        { name: role.name },
        node.admin,
      ),
    told: { code: 'NOT_AUTHORIZED', reason: 'REVOKED' },
  },
  'the role allows it no more': {
    end: (session) => updateRole(session, 's3:*'),
    told: { code: 'ACCESS_DENIED', action: 'cognito-sync:ListDatasets' },
  },
  'the pool is deleted': {
    end: ({ pool }) =>
      node.run(
        'mutation ($id: ID!) { deleteIdentityPool(input: { identityPoolId: $id }) { identityPool { id } } }',
        { id: pool.id },
        node.admin,
      ),
    // Its identities go with it, and either may be noticed first.
    told: { code: expect.stringMatching(/^(NOT_AUTHORIZED|IDENTITY_DELETED)$/) },
  },
  'the identity is deleted': {
    end: ({ identityId }) =>
      node.run(
        'mutation ($id: ID!) { deleteIdentities(input: { identityIdsToDelete: [$id] }) { unprocessedIdentityIds { errorCode } } }',
        { id: identityId },
        node.admin,
      ),
    told: { code: 'IDENTITY_DELETED' },
  },
  'the identity is merged into another': {
    end: ({ identityId }) =>
      rowsOf(node, 'UPDATE identities SET disabled_at = last_modified_at WHERE identity_id = $1', [
        identityId,
      ]),
    told: { code: 'NOT_AUTHORIZED' },
  },
};

describe.each(TRANSPORTS)('over a %s', (transport) => {
  test.each(Object.entries(ENDINGS))('it ends within 5 seconds when %s', async (_what, { end, told }) => {
    const session = await startSession();
    const heard = await hearing(otherNode, session.token, transport);

    const start = Date.now();
    await end(session);
    await heard.ended;

    expect(Date.now() - start).toBeLessThan(5000);
    expect(heard.errors).toHaveLength(1);
    expect(heard.errors[0]?.extensions).toMatchObject(told);
    expect(otherNode.live().subscriptions).toBe(0);
  });

  test('it ends at the moment at which the credentials expire, and tells so', async () => {
    const token = await shortLived(await startSession(), 2);
    const heard = await hearing(node, token, transport);
    const { exp } = JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString());

    await heard.ended;

    expect(Date.now() - exp * 1000).toBeGreaterThanOrEqual(0);
    expect(Date.now() - exp * 1000).toBeLessThan(1000);
    expect(heard.errors[0]?.extensions).toEqual({
      code: 'NOT_AUTHORIZED',
      reason: 'EXPIRED',
      expiredAt: new Date(exp * 1000).toISOString(),
    });
    await until(() => node.live().connections === 0);
  });
});

describe('a report', () => {
  test('is not made any more when the role stopped to allow it just before, on the node that knows', async () => {
    const session = await startSession();
    const heard = listen(node, session.token, { datasetName: 'd' });
    await untilOpen(node, 1);

    await updateRole(session, 'cognito-sync:UpdateRecords');
    await write(node, session.token);
    await heard.ended;

    expect(heard.reports).toEqual([]);
    expect(heard.errors[0]?.extensions).toMatchObject({
      code: 'ACCESS_DENIED',
      action: 'cognito-sync:ListRecords',
    });
  });

  test('of all datasets has no records of one that may not be read, and says why', async () => {
    const session = await startSession();
    await updateRole(session, 'cognito-sync:ListDatasets');
    const selection = 'datasetName syncCount changes { count }';
    const heard = listen(node, session.token, {}, { selection });
    await untilOpen(node, 1);
    const arn = `arn:aws:cognito-sync:us-east-1:000000000000:identitypool/${session.pool.id}/identity/${session.identityId}/dataset/d`;

    await node.run(
      `mutation ($id: ID!) { updateRecords(input: { identityId: $id, datasetName: "d",
        recordPatches: [{ op: REPLACE, key: "k", value: "v", syncCount: 0 }] }) { datasetSyncCount } }`,
      { id: session.identityId },
      node.admin,
    );

    expect(await heard.next()).toEqual({ datasetName: 'd', syncCount: 1, changes: null });
    expect(heard.errors[0]).toMatchObject({ path: ['datasetChanged', 'changes'] });
    expect(heard.errors[0]?.extensions).toMatchObject({
      code: 'ACCESS_DENIED',
      action: 'cognito-sync:ListRecords',
      resource: arn,
    });
    expect(heard.isOver).toBe(false);
    heard.stop();
    await untilOpen(node, 0);
  });
});

describe('a socket', () => {
  test('stays while another subscription with other rights is on it, and goes with the last', async () => {
    const session = await startSession();
    const client = socketClient(node, session.token);
    const all = listen(node, session.token, {}, { client });
    const one = listen(node, session.token, { datasetName: 'd' }, { client });
    await untilOpen(node, 2);

    await updateRole(session, 'cognito-sync:ListRecords');
    await all.ended;
    await sleep(100);
    const between = node.live();
    one.stop();
    await until(() => node.live().subscriptions === 0);
    await client.dispose();

    expect(all.errors[0]?.extensions.code).toBe('ACCESS_DENIED');
    expect(between).toEqual({ connections: 1, subscriptions: 1 });
    await until(() => node.live().connections === 0);
  });
});
