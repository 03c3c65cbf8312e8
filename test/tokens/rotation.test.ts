import { decodeJwt, decodeProtectedHeader } from 'jose';
import type { DataSource } from 'typeorm';
import { createDataSource } from '../../src/db/data-source';
import { dropReference } from '../../src/db/reference-cache';
import { signingKey } from '../../src/tokens/key-ring';
import { rotateAgedKey } from '../../src/tokens/signing-key.service';
import { createTestDatabase, type TestDatabase } from '../support/database';
import {
  allow,
  bearerWith,
  createKey,
  createPool,
  eventually,
  getId,
  refusalOf,
  type Data,
} from '../support/factories';
import { startTestServer, type TestServer } from '../support/server';
import { fakeClock, serviceContext } from '../support/service-context';

const SIGNING_KEYS = '{ signingKeys { id state algorithm creationDate activationDate retirementDate } }';
const ROTATE = `mutation ($input: RotateSigningKeyInput!) { rotateSigningKey(input: $input) {
  signingKeys { id state } } }`;

describe('rotateSigningKey', () => {
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

  const keysOf = async (at: TestServer): Promise<Data[]> =>
    (await at.run(SIGNING_KEYS, {}, at.admin)).signingKeys;
  const idOf = (keys: Data[], state: string): string => keys.find((key) => key.state === state)?.id;
  const rotate = (at: TestServer, evenIfRecent?: boolean, bearer = at.admin) =>
    at.graphql(ROTATE, { input: { evenIfRecent } }, bearer);
  const publishedBy = async (at: TestServer): Promise<string[]> => {
    const response = await fetch(`${at.url}/.well-known/jwks_uri`);
    return ((await response.json()) as { keys: { kid: string }[] }).keys.map((key) => key.kid);
  };
  const tokenOf = async (at: TestServer, identityId: string): Promise<string> => {
    const data = await at.run(
      'mutation ($input: GetOpenIdTokenInput!) { getOpenIdToken(input: $input) { token } }',
      { input: { identityId } },
    );
    return data.getOpenIdToken.token;
  };

  it('makes every node sign with the next key and publish the one after it, within 5 seconds and without a restart', async () => {
    const pool = await createPool(node);
    const guest = await getId(node, pool.id);
    const before = await keysOf(node);
    const oldToken = await tokenOf(otherNode, guest.id);
    const start = Date.now();

    const after: Data[] = (await rotate(node, true)).data.rotateSigningKey.signingKeys;
    const followed = await eventually(
      () => tokenOf(otherNode, guest.id),
      (token) => decodeProtectedHeader(token).kid === idOf(before, 'NEXT'),
    );
    const published = await eventually(
      () => publishedBy(otherNode),
      (kids) => kids.includes(idOf(after, 'NEXT')),
    );

    expect(Date.now() - start).toBeLessThan(5000);
    expect(idOf(after, 'CURRENT')).toBe(idOf(before, 'NEXT'));
    expect(after.find((key) => key.id === idOf(before, 'CURRENT'))?.state).toBe('RETIRED');
    expect(published).toContain(decodeProtectedHeader(oldToken).kid);
    expect(decodeJwt(followed).sub).toBe(guest.id);
  });

  it('keeps what the retired key signed valid, on every node', async () => {
    const pool = await createPool(node, { allowClassicFlow: true });
    const guest = await getId(node, pool.id);
    const webIdentityToken = await tokenOf(node, guest.id);
    await rotate(node, true);

    const answers = await Promise.all(
      [node, otherNode].map((at) =>
        at.graphql(
          `mutation ($input: AssumeRoleWithWebIdentityInput!) { assumeRoleWithWebIdentity(input: $input) {
             subjectFromWebIdentityToken } }`,
          {
            input: { roleArn: pool.roles.unauthenticated, roleSessionName: 'old-key', webIdentityToken },
          },
        ),
      ),
    );

    for (const answer of answers)
      expect(answer.data?.assumeRoleWithWebIdentity).toEqual({ subjectFromWebIdentityToken: guest.id });
  });

  it('withdraws after a leak what the old keys signed, on every node', async () => {
    const pool = await createPool(node, { allowClassicFlow: true });
    const guest = await getId(node, pool.id);
    const webIdentityToken = await tokenOf(node, guest.id);

    const input = { evenIfRecent: true, withdrawRetired: true };
    const { data } = await node.graphql(ROTATE, { input }, node.admin);
    const published = await eventually(
      () => publishedBy(otherNode),
      (kids) => !kids.includes(decodeProtectedHeader(webIdentityToken).kid ?? ''),
    );
    const answer = await otherNode.graphql(
      'mutation ($input: AssumeRoleWithWebIdentityInput!) { assumeRoleWithWebIdentity(input: $input) { audience } }',
      { input: { roleArn: pool.roles.unauthenticated, roleSessionName: 'leaked', webIdentityToken } },
    );

    expect(data.rotateSigningKey.signingKeys.map((key: Data) => key.state)).toEqual(['CURRENT', 'NEXT']);
    expect(published).toHaveLength(2);
    expect(refusalOf(answer)).toMatchObject({ code: 'NOT_AUTHORIZED', reason: 'INVALID' });
  });

  it('is refused within an hour of the last rotation, with the time to wait', async () => {
    await rotate(node, true);

    const refusal = refusalOf(await rotate(node));

    expect(refusal.code).toBe('TOO_MANY_REQUESTS');
    expect(refusal.retryAfterSeconds).toBeGreaterThan(3590);
    expect(refusal.retryAfterSeconds).toBeLessThanOrEqual(3600);
  });

  it('is for administrators whose policies allow it; power users have no keys in hand', async () => {
    const rotator = await bearerWith(node, allow('cognito-identity:RotateSigningKey'));
    const reader = await bearerWith(node, allow('cognito-identity:ListSigningKeys'));
    const powerUser = await createKey(node, { managedPolicies: ['POWER_USER'] });
    const powerBearer = `${powerUser.apiKey.id}.${powerUser.secretAccessKey}`;

    expect((await rotate(node, true, rotator)).errors).toBeUndefined();
    expect(refusalOf(await rotate(node, true, reader)).code).toBe('ACCESS_DENIED');
    expect(refusalOf(await rotate(node, true, powerBearer)).code).toBe('ACCESS_DENIED');
    expect(refusalOf(await node.graphql(ROTATE, { input: {} }))).toMatchObject({ code: 'NOT_AUTHORIZED' });
    expect((await node.graphql(SIGNING_KEYS, {}, reader)).errors).toBeUndefined();
    expect(refusalOf(await node.graphql(SIGNING_KEYS, {}, rotator)).code).toBe('ACCESS_DENIED');
  });

  it('lists keys by age with their times, and nothing private', async () => {
    const keys = await keysOf(node);
    const current = keys.find((key) => key.state === 'CURRENT');

    expect(keys.map((key) => key.creationDate)).toEqual(keys.map((key) => key.creationDate).sort());
    expect(current).toMatchObject({
      algorithm: 'RS512',
      activationDate: expect.any(String),
      retirementDate: null,
    });
    expect(keys.filter((key) => key.state === 'CURRENT')).toHaveLength(1);
    expect(keys.filter((key) => key.state === 'NEXT')).toHaveLength(1);
  });
});

describe('a signing key of 90 days', () => {
  let database: TestDatabase;
  const nodes: DataSource[] = [];

  beforeAll(async () => {
    database = await createTestDatabase();
    for (let each = 0; each < 2; each += 1)
      nodes.push(await createDataSource({ url: database.url, poolSize: 3 }).initialize());
  });
  afterAll(async () => {
    for (const dataSource of nodes) await dataSource.destroy();
    await database.drop();
  });

  it('is replaced once, however many nodes find it too old at once', async () => {
    const clock = fakeClock();
    const [ctx, otherCtx] = nodes.map((dataSource) => serviceContext(dataSource, { now: clock.now }));
    const first = await signingKey(ctx!);

    clock.advance(90 * 86_400 - 1);
    await rotateAgedKey(ctx!);
    const before = await kidOf(ctx!.db.connection, 'current');
    clock.advance(1);
    await Promise.all([ctx!, otherCtx!, ctx!, otherCtx!].map(rotateAgedKey));
    await rotateAgedKey(otherCtx!);
    dropReference(nodes[0]!, 'all');

    expect(before).toEqual([first.kid]);
    expect(await kidOf(nodes[0]!, 'retired')).toEqual([first.kid]);
    expect(await kidOf(nodes[0]!, 'current')).toEqual([(await signingKey(ctx!)).kid]);
    expect(await kidOf(nodes[0]!, 'next')).toHaveLength(1);
  });

  const kidOf = async (dataSource: DataSource, state: string): Promise<string[]> => {
    const rows: { key_id: string }[] = await dataSource.query(
      'SELECT key_id FROM signing_keys WHERE state = $1',
      [state],
    );
    return rows.map((row) => row.key_id);
  };
});
