import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { deleteIdentityPool, purgeDeletedPools } from '../../src/identities/delete-identity-pool.service';
import { Identity } from '../../src/identities/identity.entity';
import { IdentityPool } from '../../src/identity-pools/identity-pool.entity';
import { identityPoolRow } from '../support/identity-pool-row';
import { administrator, serviceContext, TEST_NOW } from '../support/service-context';
import { startWorld, type SyncWorld } from '../sync/sync-world';

let world: SyncWorld;

beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world?.stop());

/** A pool with one identity; deleted when `deletedAt` says so. */
const poolWithIdentity = async (deletedAt: Date | null): Promise<string> => {
  const id = `us-east-1:${randomUUID()}`;
  await world.dataSource.getRepository(IdentityPool).insert(identityPoolRow({ id, deletedAt }));
  await world.dataSource.query(
    `INSERT INTO identities (identity_id, identity_pool_id, is_authenticated, last_active_at, created_at, last_modified_at)
     VALUES ($1, $2, false, $3, $3, $3)`,
    [`us-east-1:${randomUUID()}`, id, TEST_NOW],
  );
  return id;
};

const counts = async (id: string): Promise<number[]> => [
  await world.dataSource.getRepository(IdentityPool).countBy({ id }),
  await world.dataSource.getRepository(Identity).countBy({ identityPoolId: id }),
];

it('leaves a pool to the node that has its last rows in hand, and removes it later', async () => {
  const id = await poolWithIdentity(TEST_NOW);
  const other = new Client({ connectionString: (world.dataSource.options as { url: string }).url });
  await other.connect();
  await other.query('BEGIN');
  await other.query('SELECT 1 FROM identities WHERE identity_pool_id = $1 FOR UPDATE', [id]);

  await purgeDeletedPools(serviceContext(world.dataSource));
  const meanwhile = await counts(id);
  await other.query('ROLLBACK');
  await other.end();
  await purgeDeletedPools(serviceContext(world.dataSource));

  expect([meanwhile, await counts(id)]).toEqual([
    [1, 1],
    [0, 0],
  ]);
});

it('answers a deletion that was made even if its rows could not be removed yet', async () => {
  const id = await poolWithIdentity(null);
  await world.dataSource.query('ALTER TABLE used_sync_sessions RENAME TO hidden');
  const ctx = serviceContext(world.dataSource, { actor: administrator('*') });

  const deleted = await deleteIdentityPool(ctx, { identityPoolId: id });
  await world.dataSource.query('ALTER TABLE hidden RENAME TO used_sync_sessions');

  expect(deleted.id).toBe(id);
  expect((await counts(id))[0]).toBe(1);
  await purgeDeletedPools(ctx);
  expect(await counts(id)).toEqual([0, 0]);
});
