import { z } from 'zod';
import { invalidParameter } from '../errors';
import { roleArn } from '../identity-pools/role-mapping.input';
import type { PushSync } from '../sync/sync-configuration.entity';
import { isEachOnce, parse, text } from '../validate';
import type { Platform } from './send/platform-credentials';

/** What a platform is sent to with, as SNS's platform applications are: stored in its pool's configuration. */
export interface PlatformApplication {
  /** `arn:aws:sns:REGION:ACCOUNT:app/PLATFORM/NAME` */
  arn: string;
  name: string;
  platform: Platform;
  /** JSON, sealed for `platform-credentials`. */
  sealedCredentials: string;
  /** What browsers subscribe with: of `WEB_PUSH` only. */
  publicKey: string | null;
  enabled: boolean;
  /** ISO 8601. */
  creationDate: string;
}

/** The column `push_sync` of a pool's configuration: its applications, and those of them that push sync uses. */
export interface StoredPushSync extends PushSync {
  applications: PlatformApplication[];
}

/** What a pool has that never had an application. */
const NO_PUSH_SYNC: StoredPushSync = { applications: [], applicationArns: [], roleArn: null };

/** The column as push wrote it: sync, whose row it is, knows the choice alone. */
export const storedPushSync = (configuration: { pushSync: PushSync | null }): StoredPushSync =>
  (configuration.pushSync as StoredPushSync | null) ?? NO_PUSH_SYNC;

const MOST_CHOSEN = 10;

const choiceInput = z.object({
  pushSync: z
    .object({
      applicationArns: z
        .array(text(1, 2048))
        .max(MOST_CHOSEN)
        .refine(isEachOnce, 'must not name the same application twice')
        .nullish(),
      roleArn: roleArn.nullish(),
    })
    .nullable(),
});

/**
 * The column after an administrator chose what push sync uses: `{}` and null choose nothing, which switches it off, and
 * the pool keeps its applications all the same. The role is kept and given back; nothing is done with it here.
 * @throws INVALID_PARAMETER for an ARN that no application of the pool has, and for two of one platform
 * (`pushSync.applicationArns`), and for a role's ARN that is none (`pushSync.roleArn`).
 */
export const choosePushSync = (
  current: PushSync | null,
  choice: { applicationArns?: string[] | null; roleArn?: string | null } | null,
): StoredPushSync => {
  const { pushSync } = parse(choiceInput, { pushSync: choice });
  const { applications } = storedPushSync({ pushSync: current });
  const applicationArns = pushSync?.applicationArns ?? [];
  const chosen = applicationArns.map((arn) => applicationOf(applications, arn));
  if (!isEachOnce(chosen.map(({ platform }) => platform)))
    throw invalidParameter('pushSync.applicationArns must name at most one application of each platform', {
      field: 'pushSync.applicationArns',
    });
  return { applications, applicationArns, roleArn: pushSync?.roleArn ?? null };
};

const applicationOf = (applications: PlatformApplication[], arn: string): PlatformApplication => {
  const found = applications.find((application) => application.arn === arn);
  if (found) return found;
  throw invalidParameter(
    'pushSync.applicationArns must name applications of the pool, made by createPlatformApplication',
    { field: 'pushSync.applicationArns' },
  );
};

/** What is chosen; null when nothing is, as in AWS before anything was. */
export const describePushSync = (stored: PushSync | null): PushSync | null => {
  const { applicationArns, roleArn: arn } = storedPushSync({ pushSync: stored });
  return applicationArns.length === 0 && arn === null ? null : { applicationArns, roleArn: arn };
};
