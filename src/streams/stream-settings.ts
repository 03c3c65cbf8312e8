import { invalidParameter } from '../errors';
import type { StoredStream } from '../sync/sync-configuration.entity';
import { open, seal } from '../tokens/seal';
import type { GivenTarget } from './targets/target.input';
import { withoutSecrets, type StreamTargetSettings } from './targets/target-settings';

/** Whether a pool's changes go to its stream. */
export type StreamingStatus = StoredStream['streamingStatus'];

/** What an administrator chooses; a member left out stays as it is. */
export interface StreamChoice {
  streamName?: string | null | undefined;
  roleArn?: string | null | undefined;
  streamingStatus?: StreamingStatus | null | undefined;
  target?: GivenTarget | null | undefined;
}

/** A stream to be stored. */
export interface ChosenStream {
  stream: StoredStream | null;
  /** A webhook's secret that was made now: to be shown this once. */
  newSecret: string | null;
}

/** What a choice is made with. */
export interface Choosing {
  /** The master secret. */
  secret: string;
  now: Date;
}

/**
 * The stream after a choice: `{}` takes it away. A stream of another name needs a target of its own; the same one keeps
 * its target, and a webhook that keeps its address keeps its secret.
 * @throws INVALID_PARAMETER without a name, and without any target
 */
export const chooseStream = (
  current: StoredStream | null,
  choice: StreamChoice,
  { secret, now }: Choosing,
): ChosenStream => {
  if (isEmpty(choice)) return { stream: null, newSecret: null };
  const streamName = nameOf(current, choice);
  const kept = current?.streamName === streamName ? openTarget(secret, current) : undefined;
  const { settings, newSecret } = chooseTarget(kept, choice.target);
  const streamingStatus = choice.streamingStatus ?? current?.streamingStatus ?? 'ENABLED';
  const stream = {
    streamName,
    roleArn: choice.roleArn ?? current?.roleArn ?? null,
    streamingStatus,
    sealedTarget: sealTarget(secret, settings),
    ...switched(current, streamingStatus, now),
  };
  return { stream, newSecret };
};

const nameOf = (current: StoredStream | null, choice: StreamChoice): string => {
  const streamName = choice.streamName ?? current?.streamName;
  if (streamName !== undefined) return streamName;
  throw invalidParameter('cognitoStreams.streamName is required: the pool has no stream yet', {
    field: 'cognitoStreams.streamName',
  });
};

const isEmpty = ({ streamName, roleArn, streamingStatus, target }: StreamChoice): boolean =>
  !streamName && !roleArn && !streamingStatus && !target;

const chooseTarget = (
  kept: StreamTargetSettings | undefined,
  given: GivenTarget | null | undefined,
): { settings: StreamTargetSettings; newSecret: string | null } => {
  if (!given) {
    if (kept) return { settings: kept, newSecret: null };
    throw invalidParameter(
      'cognitoStreams.target is required: no target is known for this streamName. Give one of webhook, nats, redis and kinesis to setIdentityPoolConfiguration of GraphQL; AWS has no such member.',
      { field: 'cognitoStreams.target' },
    );
  }
  const { settings, hasNewSecret } = given;
  if (settings.type !== 'webhook' || !hasNewSecret) return { settings, newSecret: null };
  return kept?.type === 'webhook' && kept.url === settings.url
    ? { settings: { ...settings, secret: kept.secret }, newSecret: null }
    : { settings, newSecret: settings.secret };
};

const switched = (
  current: StoredStream | null,
  status: StreamingStatus,
  now: Date,
): Pick<StoredStream, 'enabledAt' | 'disabledAt' | 'disabledReason'> => {
  if (current?.streamingStatus === status) {
    const { enabledAt, disabledAt, disabledReason } = current;
    return { enabledAt, disabledAt, disabledReason };
  }
  return status === 'ENABLED'
    ? { enabledAt: now.toISOString(), disabledAt: null, disabledReason: null }
    : {
        enabledAt: current?.enabledAt ?? null,
        disabledAt: current ? now.toISOString() : null,
        disabledReason: null,
      };
};

/** The stream switched off by the server, for `reason`: a clause without secrets. */
export const brokenStream = (stream: StoredStream, reason: string, now: Date): StoredStream => ({
  ...stream,
  streamingStatus: 'DISABLED',
  disabledReason: reason,
  disabledAt: now.toISOString(),
});

const sealTarget = (secret: string, settings: StreamTargetSettings): string =>
  seal(secret, 'stream-secret', JSON.stringify(settings));

/** The target with its secrets; undefined when it was sealed under another master secret. */
export const openTarget = (
  secret: string,
  { sealedTarget }: Pick<StoredStream, 'sealedTarget'>,
): StreamTargetSettings | undefined => {
  const text = open(secret, 'stream-secret', sealedTarget);
  return text === undefined ? undefined : (JSON.parse(text) as StreamTargetSettings);
};

/** Cognito's `CognitoStreams` as administrators see it, with what is ours. */
export interface StreamDescription extends Omit<StoredStream, 'sealedTarget' | 'disabledAt' | 'enabledAt'> {
  identityPoolId: string;
  /** Without secrets. */
  target: Record<string, unknown>;
  disabledAt: Date | null;
}

/** What may be shown of a stream. */
export const describeStream = (
  secret: string,
  identityPoolId: string,
  stream: StoredStream,
): StreamDescription => {
  const target = openTarget(secret, stream);
  return {
    identityPoolId,
    streamName: stream.streamName,
    roleArn: stream.roleArn,
    streamingStatus: stream.streamingStatus,
    target: target ? withoutSecrets(target) : {},
    disabledReason: stream.disabledReason,
    disabledAt: stream.disabledAt === null ? null : new Date(stream.disabledAt),
  };
};
