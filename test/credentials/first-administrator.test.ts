import type { DataSource } from 'typeorm';
import type { AdministratorKey } from '../../src/config';
import { ApiKey } from '../../src/credentials/api-key.entity';
import { authenticate } from '../../src/credentials/authenticate';
import { ensureAdministrator } from '../../src/credentials/first-administrator';
import { revokeApiKey } from '../../src/credentials/api-key.service';
import type { Context } from '../../src/context';
import { createDataSource } from '../../src/db/data-source';
import { dropReference } from '../../src/db/reference-cache';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { administrator, serviceContext } from '../support/service-context';

let database: TestDatabase;
let nodes: DataSource[];

beforeAll(async () => {
  database = await createTestDatabase();
  nodes = await Promise.all(
    [1, 2].map(() => createDataSource({ url: database.url, poolSize: 2 }).initialize()),
  );
});
beforeEach(async () => {
  await nodes[0]!.query('DELETE FROM api_keys');
  nodes.forEach((node) => dropReference(node, 'all'));
});
afterAll(async () => {
  await Promise.all(nodes.map((node) => node.destroy()));
  await database.drop();
});

const CONFIGURED: AdministratorKey = { accessKeyId: 'OPERATOR', secretAccessKey: 'given-by-the-operator' };

const contextOf = (node: DataSource, administratorKey?: AdministratorKey): Context => {
  const ctx = serviceContext(node);
  return { ...ctx, config: { ...ctx.config, administratorKey } };
};

const callerOf = (ctx: Context, key: AdministratorKey) =>
  authenticate(ctx, `Bearer ${key.accessKeyId}.${key.secretAccessKey}`);
const keys = (): Promise<ApiKey[]> => nodes[0]!.manager.find(ApiKey);

describe('on an installation without any key, a start', () => {
  it('makes one that may do everything, and shows it', async () => {
    const ctx = contextOf(nodes[0]!);

    const key = (await ensureAdministrator(ctx))!;

    expect(key).toEqual({
      accessKeyId: expect.stringMatching(/^AKIA[0-9A-F]{16}$/),
      secretAccessKey: expect.stringMatching(/^[\w-]{40}$/),
    });
    expect(await callerOf(ctx, key)).toMatchObject({ kind: 'administrator', accessKeyId: key.accessKeyId });
    expect(await keys()).toMatchObject([{ managedPolicies: ['AdministratorAccess'], revokedAt: null }]);
    expect((await keys())[0]!.sealedSecret).not.toContain(key.secretAccessKey);
  });

  it('makes it once, whatever number of nodes start at the same time', async () => {
    const starts = [...nodes, ...nodes, ...nodes, ...nodes].map((node) =>
      ensureAdministrator(contextOf(node)),
    );

    const shown = (await Promise.all(starts)).filter((key) => key !== undefined);

    expect(shown).toHaveLength(1);
    expect(await keys()).toHaveLength(1);
    expect(await callerOf(contextOf(nodes[1]!), shown[0]!)).toMatchObject({ kind: 'administrator' });
  });

  it('makes none again, and none when it was revoked', async () => {
    const ctx = contextOf(nodes[0]!);
    const key = (await ensureAdministrator(ctx))!;

    const second = await ensureAdministrator(ctx);
    await revokeApiKey({ ...ctx, actor: administrator('*') }, { accessKeyId: key.accessKeyId });
    const third = await ensureAdministrator(ctx);

    expect([second, third]).toEqual([undefined, undefined]);
    expect(await callerOf(ctx, key)).toMatchObject({
      kind: 'anonymous',
      problem: { fields: { reason: 'REVOKED' } },
    });
  });
});

describe('a configured key', () => {
  it('works, and is not shown again', async () => {
    const ctx = contextOf(nodes[0]!, CONFIGURED);

    expect(await ensureAdministrator(ctx)).toBeUndefined();

    expect(await callerOf(ctx, CONFIGURED)).toMatchObject({ kind: 'administrator', accessKeyId: 'OPERATOR' });
  });

  it('is made once by nodes that start at the same time', async () => {
    await Promise.all([...nodes, ...nodes].map((node) => ensureAdministrator(contextOf(node, CONFIGURED))));

    expect(await keys()).toMatchObject([{ accessKeyId: 'OPERATOR' }]);
  });

  it('takes the new secret when the configuration has another one', async () => {
    await ensureAdministrator(contextOf(nodes[0]!, CONFIGURED));
    const changed = { ...CONFIGURED, secretAccessKey: 'changed-by-the-operator' };
    const ctx = contextOf(nodes[0]!, changed);

    await ensureAdministrator(ctx);

    expect(await callerOf(ctx, changed)).toMatchObject({ kind: 'administrator' });
    expect(await callerOf(ctx, CONFIGURED)).toMatchObject({
      kind: 'anonymous',
      problem: { fields: { reason: 'INVALID' } },
    });
  });

  it('stays revoked, whatever the configuration says', async () => {
    const ctx = contextOf(nodes[0]!, CONFIGURED);
    await ensureAdministrator(ctx);
    await revokeApiKey({ ...ctx, actor: administrator('*') }, CONFIGURED);

    await ensureAdministrator(ctx);

    expect(await callerOf(ctx, CONFIGURED)).toMatchObject({
      kind: 'anonymous',
      problem: { code: 'NOT_AUTHORIZED', fields: { reason: 'REVOKED' } },
    });
  });

  it('works beside a key that was made before it', async () => {
    const made = (await ensureAdministrator(contextOf(nodes[0]!)))!;
    const ctx = contextOf(nodes[0]!, CONFIGURED);

    await ensureAdministrator(ctx);

    expect(await callerOf(ctx, made)).toMatchObject({ kind: 'administrator' });
    expect(await callerOf(ctx, CONFIGURED)).toMatchObject({ kind: 'administrator' });
  });
});
