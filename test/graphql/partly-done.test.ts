import type { GraphQLRequestListener } from '@apollo/server';
import { inTransaction, type Context } from '../../src/context';
import { createDataSource } from '../../src/db/data-source';
import { formatError, logFaults } from '../../src/graphql/format-error';
import { LoginRaceLost } from '../../src/identities/login-rows';
import { createTestDatabase } from '../support/database';
import { serviceContext } from '../support/service-context';

/** What a call that met a lock too long is told. */
const messageAfter = async (ctx: Context): Promise<string> => {
  const timeout = Object.assign(new Error('canceling statement due to lock timeout'), { code: '55P03' });
  const listener = (await logFaults().requestDidStart?.({} as never)) as GraphQLRequestListener<Context>;
  await listener.didEncounterErrors?.({ errors: [timeout], contextValue: ctx } as never);
  return formatError({ message: '' }, timeout).message;
};

it('a call that the database gave up on promises that nothing was changed only before its first commit', async () => {
  const database = await createTestDatabase();
  const dataSource = await createDataSource({ url: database.url, poolSize: 1 }).initialize();
  const request = { id: 'test', sourceIp: null, userAgent: null };
  const ctx = serviceContext(dataSource, { request });

  await inTransaction(ctx, () => Promise.reject(new Error('undone'))).catch(() => undefined);
  const before = await messageAfter(ctx);
  await inTransaction(ctx, (tx) => tx.db.query('SELECT 1'));
  const after = await messageAfter(ctx);
  await dataSource.destroy();
  await database.drop();

  expect(before).toContain('Nothing was changed');
  expect(after).toContain('Part of it may have been done');
});

it.each([
  ['a deadlock', Object.assign(new Error('deadlock detected'), { code: '40P01' })],
  ['a race for a login', new LoginRaceLost()],
])('a call that lost %s each time it was tried again is told to come back, and is no fault', (_, error) => {
  expect(formatError({ message: '' }, error)).toEqual({
    message: 'The server is busy. Nothing was changed; send the call again in a moment.',
    extensions: { code: 'TOO_MANY_REQUESTS', retryAfterSeconds: 1 },
  });
});
