import type { Context } from '../context';
import { ServiceError } from '../errors';
import { findSyncConfiguration } from '../sync/sync-configuration';
import { storedPushSync, type PlatformApplication, type StoredPushSync } from './push-sync-settings';
import type { Platform } from './send/platform-credentials';

/** The application that devices of a platform are sent to by: chosen by push sync, and enabled. */
export const activeApplication = (
  { applications, applicationArns }: StoredPushSync,
  platform: string,
): PlatformApplication | undefined =>
  applications.find(
    (application) =>
      application.platform === platform && application.enabled && applicationArns.includes(application.arn),
  );

/** @throws INVALID_CONFIGURATION when push sync is off in the pool */
export const requirePushSync = async (ctx: Context, identityPoolId: string): Promise<StoredPushSync> => {
  const stored = storedPushSync(await findSyncConfiguration(ctx, identityPoolId));
  if (stored.applicationArns.length > 0) return stored;
  throw new ServiceError(
    'INVALID_CONFIGURATION',
    `Push sync is off in identity pool '${identityPoolId}': an administrator switches it on.`,
  );
};

/** @throws INVALID_CONFIGURATION also when push sync has no application of the platform */
export const requireActiveApplication = async (
  ctx: Context,
  identityPoolId: string,
  platform: Platform,
): Promise<PlatformApplication> => {
  const found = activeApplication(await requirePushSync(ctx, identityPoolId), platform);
  if (found) return found;
  throw new ServiceError(
    'INVALID_CONFIGURATION',
    `Push sync of identity pool '${identityPoolId}' has no platform application for ${platform} that is enabled.`,
    { platform },
  );
};
