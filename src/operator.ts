import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import type { AdministratorActor } from './actor';
import type { Config } from './config';
import type { Context } from './context';
import { revokeApiKey, storeNewKey } from './credentials/api-key.service';
import { MANAGED_POLICIES } from './credentials/managed-policies';
import { openDatabase, type OpenDatabase } from './db/open-database';
import { apiKeyArn } from './ids';
import { signingKey } from './tokens/key-ring';

/** A bearer for the Authorization header and the id to revoke it by. */
export interface NewAdministratorKey {
  accessKeyId: string;
  /** `accessKeyId.secretAccessKey` */
  bearer: string;
}

/** What somebody may do who has the configuration of an installation in hand, a server running or not. */
export interface Operator {
  /** A new key with AdministratorAccess; its secret is kept nowhere in the clear. */
  makeAdministratorKey(name: string): Promise<NewAdministratorKey>;
  /** Running servers refuse the key within seconds. */
  revokeKey(accessKeyId: string): Promise<void>;
  close(): Promise<void>;
}

/** Opens the installation's database and master secret; joins the embedded database of a server that runs. */
export const openOperator = async (config: Config): Promise<Operator> => {
  requireInstallation(config);
  const log = pino({ level: 'warn' }, pino.destination(2));
  const database = await openDatabase(config, log);
  const operatorContext: Context = {
    actor: operatorActor(config),
    db: database.dataSource.manager,
    now: () => new Date(),
    config: { ...config, secret: database.secret, publicUrl: config.publicUrl ?? '' },
    log,
    request: { id: 'operator', sourceIp: null, userAgent: null },
  };
  await requireMasterSecret(operatorContext, database);
  return {
    makeAdministratorKey: async (name) => {
      const grant = { name, managedPolicies: ['AdministratorAccess' as const], inlinePolicies: [] };
      const { apiKey, secretAccessKey } = await storeNewKey(operatorContext, grant);
      return { accessKeyId: apiKey.accessKeyId, bearer: `${apiKey.accessKeyId}.${secretAccessKey}` };
    },
    revokeKey: async (accessKeyId) => {
      await revokeApiKey(operatorContext, { accessKeyId });
    },
    close: () => database.close(),
  };
};

/** Opening an embedded database makes it where there is none, and a key of an empty installation opens nothing. */
const requireInstallation = ({ databaseUrl, dataDir }: Config): void => {
  if (databaseUrl !== undefined || existsSync(join(dataDir, 'postgres'))) return;
  throw new Error(
    `There is no database in ${dataDir}. npm start makes one; ROCKPOOL_DATA_DIR or DATABASE_URL says where yours is.`,
  );
};

/** A key sealed under another master secret than the servers' would never work. */
const requireMasterSecret = (ctx: Context, database: OpenDatabase): Promise<unknown> =>
  signingKey(ctx).catch(async (error: unknown) => {
    await database.close();
    throw error;
  });

const operatorActor = (config: Config): AdministratorActor => ({
  kind: 'administrator',
  accessKeyId: 'operator',
  arn: apiKeyArn(config, 'operator'),
  policies: [MANAGED_POLICIES.AdministratorAccess],
});
