import { z } from 'zod';
import { authorize } from '../authorize';
import { inTransaction, type Context } from '../context';
import { invalidParameter, limitExceeded, resourceNotFound, ServiceError } from '../errors';
import { platformApplicationArn } from '../ids';
import type { IdentityPool } from '../identity-pools/identity-pool.entity';
import { identityPoolIdInput } from '../identity-pools/identity-pool.input';
import { authorizedPool, recordPoolChange } from '../identity-pools/identity-pool.service';
import { LIMITS } from '../protocol/limits';
import { changeSyncConfiguration } from '../sync/change-configuration';
import { findSyncConfiguration } from '../sync/sync-configuration';
import type { PushSync } from '../sync/sync-configuration.entity';
import { seal } from '../tokens/seal';
import { parse, regionalId, text } from '../validate';
import { failuresOf, forgetFailure, type LastFailure } from './platform-failures';
import {
  describePushSync,
  storedPushSync,
  type PlatformApplication,
  type StoredPushSync,
} from './push-sync-settings';
import { parseCredentials, PLATFORMS, type PlatformSettings } from './send/platform-credentials';

/** An application as administrators see it: without its credentials, which are never given back. */
export interface PlatformApplicationDescription extends Omit<PlatformApplication, 'sealedCredentials'> {
  /** The last refusal by the platform; null when there was none since the credentials were given. */
  lastFailure: LastFailure | null;
}

const createInput = z.object({
  identityPoolId: regionalId,
  name: text(1, LIMITS.platformApplicationNameLength).regex(
    /^[\w.-]+$/,
    'must be letters, digits and any of _.-',
  ),
  platform: z.enum(PLATFORMS),
  credentials: z.unknown(),
});

const applicationInput = z.object({ identityPoolId: regionalId, platformApplicationArn: text(1, 2048) });

const updateInput = applicationInput.extend({
  credentials: z.unknown().optional(),
  enabled: z.boolean('must be true or false').nullish(),
});

export type CreatePlatformApplicationInput = z.input<typeof createInput>;
export type UpdatePlatformApplicationInput = z.input<typeof updateInput>;
export type PlatformApplicationInput = z.input<typeof applicationInput>;

/**
 * Makes what devices of a platform are sent to by, in a pool. Push sync uses it once it is chosen there. Needs
 * sns:CreatePlatformApplication on its ARN and cognito-sync:SetIdentityPoolConfiguration on the pool.
 * @throws ENTITY_ALREADY_EXISTS for a name that the pool has for that platform; LIMIT_EXCEEDED for more than 10;
 *   INVALID_PARAMETER, RESOURCE_NOT_FOUND
 */
export const createPlatformApplication = async (
  ctx: Context,
  input: CreatePlatformApplicationInput,
): Promise<PlatformApplicationDescription> => {
  const { identityPoolId, name, platform, credentials } = parse(createInput, input);
  const settings = parseCredentials(platform, credentials);
  const arn = platformApplicationArn(ctx.config, platform, name);
  const pool = await authorizedForChange(ctx, 'sns:CreatePlatformApplication', identityPoolId, arn);
  const application: PlatformApplication = {
    arn,
    name,
    platform,
    ...sealedSettings(ctx, settings),
    enabled: true,
    creationDate: ctx.now().toISOString(),
  };
  await inTransaction(ctx, async (tx) => {
    await changePushSync(tx, identityPoolId, (current) => {
      requireRoom(current.applications, arn);
      return { ...current, applications: [...current.applications, application] };
    });
    await recordPoolChange(tx, 'sns:CreatePlatformApplication', pool, { platformApplicationArn: arn });
  });
  return described(application, null);
};

const requireRoom = (applications: PlatformApplication[], arn: string): void => {
  if (applications.some((application) => application.arn === arn))
    throw new ServiceError('ENTITY_ALREADY_EXISTS', `The pool has '${arn}' already.`, { field: 'name' });
  const maximum = LIMITS.platformApplicationsPerPool;
  if (applications.length >= maximum)
    throw limitExceeded(`A pool has at most ${maximum} platform applications.`, {
      limit: 'platformApplicationsPerPool',
      maximum,
      value: applications.length + 1,
    });
};

/**
 * Gives an application new credentials, or switches it off or on: sns:SetPlatformApplicationAttributes on its ARN and
 * cognito-sync:SetIdentityPoolConfiguration on the pool. With new credentials its last failure is forgotten.
 * @throws INVALID_PARAMETER, RESOURCE_NOT_FOUND
 */
export const updatePlatformApplication = async (
  ctx: Context,
  input: UpdatePlatformApplicationInput,
): Promise<PlatformApplicationDescription> => {
  const given = parse(updateInput, input);
  const { identityPoolId, platformApplicationArn: arn } = given;
  const credentials = given.credentials ?? undefined;
  const enabled = given.enabled ?? undefined;
  if (credentials === undefined && enabled === undefined)
    throw invalidParameter('credentials or enabled must be given', { field: 'credentials' });
  const pool = await authorizedForChange(ctx, 'sns:SetPlatformApplicationAttributes', identityPoolId, arn);
  return inTransaction(ctx, async (tx) => {
    let changed: PlatformApplication | undefined;
    await changePushSync(tx, identityPoolId, (current) => {
      changed = changedApplication(tx, applicationOf(current, arn), { credentials, enabled });
      return { ...current, applications: replaced(current.applications, changed) };
    });
    if (credentials !== undefined) await forgetFailure(tx, identityPoolId, arn);
    await recordPoolChange(tx, 'sns:SetPlatformApplicationAttributes', pool, {
      platformApplicationArn: arn,
      enabled,
      hasNewCredentials: credentials !== undefined,
    });
    return describedIn(tx, identityPoolId, changed!);
  });
};

const changedApplication = (
  ctx: Context,
  application: PlatformApplication,
  { credentials, enabled }: { credentials: unknown; enabled: boolean | undefined },
): PlatformApplication => ({
  ...application,
  ...(credentials === undefined
    ? {}
    : sealedSettings(ctx, parseCredentials(application.platform, credentials))),
  enabled: enabled ?? application.enabled,
});

const replaced = (applications: PlatformApplication[], changed: PlatformApplication): PlatformApplication[] =>
  applications.map((application) => (application.arn === changed.arn ? changed : application));

/**
 * Takes an application away, out of what push sync uses too; devices of its platform are told nothing from then on.
 * Answers it as it was: sns:DeletePlatformApplication on its ARN and cognito-sync:SetIdentityPoolConfiguration on the pool.
 * @throws INVALID_PARAMETER, RESOURCE_NOT_FOUND
 */
export const deletePlatformApplication = async (
  ctx: Context,
  input: PlatformApplicationInput,
): Promise<PlatformApplicationDescription> => {
  const { identityPoolId, platformApplicationArn: arn } = parse(applicationInput, input);
  const pool = await authorizedForChange(ctx, 'sns:DeletePlatformApplication', identityPoolId, arn);
  return inTransaction(ctx, async (tx) => {
    let deleted: PlatformApplication | undefined;
    await changePushSync(tx, identityPoolId, (current) => {
      deleted = applicationOf(current, arn);
      return {
        ...current,
        applications: current.applications.filter((application) => application !== deleted),
        applicationArns: current.applicationArns.filter((chosen) => chosen !== arn),
      };
    });
    const description = await describedIn(tx, identityPoolId, deleted!);
    await forgetFailure(tx, identityPoolId, arn);
    await recordPoolChange(tx, 'sns:DeletePlatformApplication', pool, { platformApplicationArn: arn });
    return description;
  });
};

/** The applications of a pool, oldest first: cognito-sync:GetIdentityPoolConfiguration. @throws RESOURCE_NOT_FOUND */
export const listPlatformApplications = async (
  ctx: Context,
  input: { identityPoolId: string },
): Promise<PlatformApplicationDescription[]> => {
  const { applications } = await readPushSync(ctx, input);
  const failures = await failuresOf(ctx, input.identityPoolId);
  return applications.map((application) => described(application, failures.get(application.arn) ?? null));
};

/** What push sync uses; null when nothing is chosen: cognito-sync:GetIdentityPoolConfiguration. @throws RESOURCE_NOT_FOUND */
export const getPushSync = async (
  ctx: Context,
  input: { identityPoolId: string },
): Promise<PushSync | null> => describePushSync(await readPushSync(ctx, input));

const readPushSync = async (ctx: Context, input: { identityPoolId: string }): Promise<StoredPushSync> => {
  const { identityPoolId } = parse(identityPoolIdInput, input);
  await authorizedPool(ctx, 'cognito-sync:GetIdentityPoolConfiguration', identityPoolId);
  return storedPushSync(await findSyncConfiguration(ctx, identityPoolId));
};

const authorizedForChange = async (
  ctx: Context,
  action: string,
  identityPoolId: string,
  arn: string,
): Promise<IdentityPool> => {
  const pool = await authorizedPool(ctx, 'cognito-sync:SetIdentityPoolConfiguration', identityPoolId);
  authorize(ctx, action, { arn });
  return pool;
};

const changePushSync = (
  tx: Context,
  identityPoolId: string,
  change: (current: StoredPushSync) => StoredPushSync,
): Promise<unknown> =>
  changeSyncConfiguration(tx, identityPoolId, (current) => ({ pushSync: change(storedPushSync(current)) }));

const applicationOf = ({ applications }: StoredPushSync, arn: string): PlatformApplication => {
  const found = applications.find((application) => application.arn === arn);
  if (found) return found;
  throw resourceNotFound(`PlatformApplication '${arn}' not found.`, { field: 'platformApplicationArn' });
};

const sealedSettings = (
  ctx: Context,
  { platform, credentials }: PlatformSettings,
): Pick<PlatformApplication, 'sealedCredentials' | 'publicKey'> => ({
  sealedCredentials: seal(ctx.config.secret, 'platform-credentials', JSON.stringify(credentials)),
  publicKey: platform === 'WEB_PUSH' ? credentials.publicKey : null,
});

const describedIn = async (
  ctx: Context,
  identityPoolId: string,
  application: PlatformApplication,
): Promise<PlatformApplicationDescription> =>
  described(application, (await failuresOf(ctx, identityPoolId)).get(application.arn) ?? null);

const described = (
  application: PlatformApplication,
  lastFailure: LastFailure | null,
): PlatformApplicationDescription => {
  const { arn, name, platform, publicKey, enabled, creationDate } = application;
  return { arn, name, platform, publicKey, enabled, creationDate, lastFailure };
};
