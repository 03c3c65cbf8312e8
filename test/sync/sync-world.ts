import { randomUUID } from 'node:crypto';
import type { DataSource } from 'typeorm';
import type { IdentityActor } from '../../src/actor';
import type { Context } from '../../src/context';
import { createDataSource } from '../../src/db/data-source';
import { ServiceError } from '../../src/errors';
import { IdentityPool } from '../../src/identity-pools/identity-pool.entity';
import type { StoredStream } from '../../src/sync/sync-configuration.entity';
import type { RecordPatchInput } from '../../src/sync/sync.input';
import { createTestDatabase } from '../support/database';
import { identityPoolRow } from '../support/identity-pool-row';
import { administrator, fakeClock, serviceContext, type FakeClock } from '../support/service-context';

/** A database with one identity pool, and identities on demand. */
export interface SyncWorld {
  dataSource: DataSource;
  identityPoolId: string;
  clock: FakeClock;
  /** A new identity, calling for itself. */
  newIdentity(): Promise<Context & { actor: IdentityActor }>;
  /** An administrator who may do everything, or what `action` and `resource` say. */
  administrator(action?: string, resource?: string): Context;
  stop(): Promise<void>;
}

const OWN =
  'arn:aws:cognito-sync:us-east-1:000000000000:identitypool/${cognito-identity.amazonaws.com:aud}/identity/${cognito-identity.amazonaws.com:sub}';

/** A holder of temporary credentials whose role allows `action` on its own data. */
export const identityActor = (
  identityPoolId: string,
  identityId: string,
  action = 'cognito-sync:*',
): IdentityActor => ({
  kind: 'identity',
  identityId,
  identityPoolId,
  roleArn: 'arn:aws:iam::000000000000:role/test',
  arn: 'arn:aws:sts::000000000000:assumed-role/test/CognitoIdentityCredentials',
  amr: ['unauthenticated'],
  principalTags: {},
  expiresAt: new Date('2037-01-01T00:00:00Z'),
  policies: [
    { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: action, Resource: [OWN, `${OWN}/*`] }] },
  ] as unknown as IdentityActor['policies'],
  sessionPolicies: [],
});

export const newRegionalId = (): string => `us-east-1:${randomUUID()}`;

const insertPool = async (dataSource: DataSource, identityPoolId: string, now: Date): Promise<void> => {
  const row = {
    id: identityPoolId,
    allowUnauthenticatedIdentities: true,
    createdAt: now,
    lastModifiedAt: now,
  };
  await dataSource.getRepository(IdentityPool).insert(identityPoolRow(row));
};

const insertIdentity = async (dataSource: DataSource, identityPoolId: string, now: Date): Promise<string> => {
  const identityId = newRegionalId();
  await dataSource.query(
    `INSERT INTO identities (identity_id, identity_pool_id, is_authenticated, last_active_at, created_at, last_modified_at)
     VALUES ($1, $2, false, $3, $3, $3)`,
    [identityId, identityPoolId, now],
  );
  return identityId;
};

export const startWorld = async (poolSize = 10): Promise<SyncWorld> => {
  const database = await createTestDatabase();
  const dataSource = await createDataSource({ url: database.url, poolSize }).initialize();
  const clock = fakeClock();
  const identityPoolId = newRegionalId();
  await insertPool(dataSource, identityPoolId, clock.now());
  return {
    dataSource,
    identityPoolId,
    clock,
    async newIdentity() {
      const identityId = await insertIdentity(dataSource, identityPoolId, clock.now());
      const actor = identityActor(identityPoolId, identityId);
      return { ...serviceContext(dataSource, { now: clock.now }), actor };
    },
    administrator: (action = 'cognito-sync:*', resource = '*') =>
      serviceContext(dataSource, { now: clock.now, actor: administrator(action, resource) }),
    async stop() {
      await dataSource.destroy();
      await database.drop();
    },
  };
};

/** A patch that writes a value. */
export const replace = (key: string, value: string, syncCount = 0): RecordPatchInput => ({
  op: 'replace',
  key,
  value,
  syncCount,
});

/** A patch that removes a record. */
export const remove = (key: string, syncCount = 0): RecordPatchInput => ({ op: 'remove', key, syncCount });

/** The error that a call is refused with; fails the test when it is not. */
export const refusal = async (call: Promise<unknown>): Promise<ServiceError> => {
  try {
    await call;
  } catch (error) {
    if (error instanceof ServiceError) return error;
    throw error;
  }
  throw new Error('the call was expected to be refused');
};

/** Marks an identity as merged into another one. */
export const disable = async ({ dataSource, clock }: SyncWorld, identityId: string): Promise<void> => {
  await dataSource.query('UPDATE identities SET disabled_at = $2 WHERE identity_id = $1', [
    identityId,
    clock.now(),
  ]);
};

/** A stream that is switched on, as it is stored. */
export const STREAM: StoredStream = {
  streamName: 's',
  roleArn: null,
  streamingStatus: 'ENABLED',
  sealedTarget: 'sealed',
  enabledAt: null,
  disabledReason: null,
  disabledAt: null,
};
