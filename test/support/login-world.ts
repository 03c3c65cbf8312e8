import type { DataSource } from 'typeorm';
import type { LoginProviderUrls } from '../../src/service-urls';
import type { Context } from '../../src/context';
import { createDataSource } from '../../src/db/data-source';
import { ServiceError } from '../../src/errors';
import { verifyLogins, type LoginSettings, type VerifiedLogin } from '../../src/logins/verify-logins';
import { createTestDatabase, type TestDatabase } from './database';
import { fakeClock, serviceContext, type FakeClock } from './service-context';

/** A node that checks logins, with a clock and stand-ins of its own. */
export interface LoginWorld {
  node: DataSource;
  ctx: Context;
  clock: FakeClock;
  logIn(pool: LoginSettings, provider: string, token: string): Promise<VerifiedLogin>;
  /** The error of a login, checked for what no error may have. */
  refusal(pool: LoginSettings, provider: string, token: string): Promise<ServiceError>;
  close(): Promise<void>;
}

/** Opens a node with these places of third parties. Close it in `afterAll`. */
export const openLoginWorld = async (urls: Partial<LoginProviderUrls> = {}): Promise<LoginWorld> => {
  const database: TestDatabase = await createTestDatabase();
  const node = await createDataSource({ url: database.url, poolSize: 4 }).initialize();
  const clock = fakeClock();
  const ctx = serviceContext(node, { now: clock.now });
  ctx.config = { ...ctx.config, loginProviders: { ...ctx.config.loginProviders, ...urls } };
  const logIn: LoginWorld['logIn'] = async (pool, provider, token) => {
    const [login] = await verifyLogins(ctx, pool, [{ provider, token }]);
    return login!;
  };
  return {
    node,
    ctx,
    clock,
    logIn,
    refusal: async (pool, provider, token) => {
      const outcome = await logIn(pool, provider, token).catch((error: unknown) => error);
      expect(outcome).toBeInstanceOf(ServiceError);
      const error = outcome as ServiceError;
      const said = JSON.stringify({ ...error, message: error.message });
      for (const part of [...token.split(';'), ...secretsOf(pool)].filter((text) => text.length > 5))
        expect(said).not.toContain(part.slice(0, 40));
      return error;
    },
    close: async () => {
      await node.destroy();
      await database.drop();
    },
  };
};

const secretsOf = (pool: LoginSettings): string[] =>
  pool.supportedLoginProviders.flatMap(({ appId }) => appId.split(';').slice(1));
