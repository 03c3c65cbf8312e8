import { z } from 'zod';
import { authorize } from '../authorize';
import { inTransaction, type Context } from '../context';
import { authorizedPool, recordPoolChange } from '../identity-pools/identity-pool.service';
import { identityPoolIdInput } from '../identity-pools/identity-pool.input';
import { roleArn } from '../identity-pools/role-mapping.input';
import { choosePushSync, describePushSync } from '../push/push-sync-settings';
import { changeSyncConfiguration } from '../sync/change-configuration';
import { findSyncConfiguration } from '../sync/sync-configuration';
import type { PushSync, SyncConfiguration } from '../sync/sync-configuration.entity';
import { parse, regionalId, text } from '../validate';
import type { AddressRules } from '../webhooks/address-rules';
import { chooseStream, describeStream, type StreamDescription } from './stream-settings';
import { targetInput, type TargetInput } from './targets/target.input';

/** GetIdentityPoolConfiguration's answer. */
export interface IdentityPoolConfiguration {
  identityPoolId: string;
  pushSync: PushSync | null;
  cognitoStreams: StreamDescription | null;
}

/** SetIdentityPoolConfiguration's answer. */
export interface ChangedConfiguration extends IdentityPoolConfiguration {
  /** A webhook's secret that this call made: shown this once. */
  webhookSecret: string | null;
}

/** What to change; a member that is left out, or null, stays as it is, and `{}` clears it. */
export interface SetIdentityPoolConfigurationInput {
  identityPoolId: string;
  pushSync?: { applicationArns?: string[] | null; roleArn?: string | null } | null;
  cognitoStreams?: {
    streamName?: string | null;
    roleArn?: string | null;
    streamingStatus?: 'ENABLED' | 'DISABLED' | null;
    target?: TargetInput | null;
  } | null;
}

const setInput = (rules: AddressRules) =>
  z.object({
    identityPoolId: regionalId,
    // Push sync looks at its members itself.
    pushSync: z
      .object({ applicationArns: z.array(z.string()).nullish(), roleArn: roleArn.nullish() })
      .nullish(),
    cognitoStreams: z
      .object({
        streamName: text(1, 128).nullish(),
        roleArn: roleArn.nullish(),
        streamingStatus: z.enum(['ENABLED', 'DISABLED']).nullish(),
        target: targetInput(rules).nullish(),
      })
      .nullish(),
  });

const ACTION = 'cognito-sync:SetIdentityPoolConfiguration';

/**
 * Chooses what push sync uses and where the pool's changes are streamed to. Needs iam:PassRole on each role that is given,
 * as in AWS. Streaming that is switched on has every write that begins after this call was answered.
 * @throws RESOURCE_NOT_FOUND, INVALID_PARAMETER
 */
export const setIdentityPoolConfiguration = async (
  ctx: Context,
  input: SetIdentityPoolConfigurationInput,
): Promise<ChangedConfiguration> => {
  const given = parse(setInput(ctx.config.outgoing), input);
  const { identityPoolId, pushSync, cognitoStreams } = given;
  const pool = await authorizedPool(ctx, ACTION, identityPoolId);
  for (const arn of [pushSync?.roleArn, cognitoStreams?.roleArn])
    if (arn) authorize(ctx, 'iam:PassRole', { arn });
  return inTransaction(ctx, async (tx) => {
    let webhookSecret: string | null = null;
    const next = await changeSyncConfiguration(tx, identityPoolId, (current) => {
      const change: Partial<SyncConfiguration> = {};
      if (pushSync) change.pushSync = choosePushSync(current.pushSync, pushSync);
      if (cognitoStreams) {
        const choosing = { secret: tx.config.secret, now: tx.now() };
        const chosen = chooseStream(current.stream, cognitoStreams, choosing);
        change.stream = chosen.stream;
        webhookSecret = chosen.newSecret;
      }
      return change;
    });
    const configuration = describe(tx, next);
    await recordPoolChange(tx, ACTION, pool, detailsOf(configuration));
    return { ...configuration, webhookSecret };
  });
};

const describe = (ctx: Context, configuration: SyncConfiguration): IdentityPoolConfiguration => {
  const { identityPoolId, pushSync, stream } = configuration;
  return {
    identityPoolId,
    pushSync: describePushSync(pushSync),
    cognitoStreams: stream && describeStream(ctx.config.secret, identityPoolId, stream),
  };
};

/** Without the target's addresses: a webhook's may have a token in it. */
const detailsOf = ({ pushSync, cognitoStreams }: IdentityPoolConfiguration): Record<string, unknown> => ({
  pushSync,
  cognitoStreams: cognitoStreams && {
    streamName: cognitoStreams.streamName,
    roleArn: cognitoStreams.roleArn,
    streamingStatus: cognitoStreams.streamingStatus,
    target: cognitoStreams.target.type,
  },
});

/** What is chosen: cognito-sync:GetIdentityPoolConfiguration. @throws RESOURCE_NOT_FOUND */
export const getIdentityPoolConfiguration = async (
  ctx: Context,
  input: { identityPoolId: string },
): Promise<IdentityPoolConfiguration> => {
  const { identityPoolId } = parse(identityPoolIdInput, input);
  await authorizedPool(ctx, 'cognito-sync:GetIdentityPoolConfiguration', identityPoolId);
  return describe(ctx, await findSyncConfiguration(ctx, identityPoolId));
};
