import {
  getIdentityPoolConfiguration,
  setIdentityPoolConfiguration,
  type IdentityPoolConfiguration,
} from '../../streams/identity-pool-configuration.service';
import { getCognitoEvents, setCognitoEvents } from '../../sync/trigger/cognito-events.service';
import { list, stringMap, structure } from '../members/collections';
import { roleArn } from '../members/identifiers';
import { enumeration, string } from '../members/shapes';
import { operation } from '../operation';
import type { RestOperation } from '../protocols/rest-json';
import { POOL, poolMembers } from './members';

const CONFIGURATION = `${POOL}/configuration`;
const EVENTS = `${POOL}/events`;

const pushSync = structure({
  applicationArns: list(
    string({ pattern: 'arn:aws:sns:[-0-9a-z]+:\\d+:app/[A-Z_]+/[a-zA-Z0-9_.-]+' }),
  ).optional(),
  roleArn: roleArn.optional(),
});

const cognitoStreams = structure({
  streamName: string({ min: 1, max: 128 }).optional(),
  roleArn: roleArn.optional(),
  streamingStatus: enumeration('ENABLED', 'DISABLED').optional(),
});

const toConfiguration = (configuration: IdentityPoolConfiguration): object => ({
  IdentityPoolId: configuration.identityPoolId,
  PushSync: toPushSync(configuration),
  CognitoStreams: toCognitoStreams(configuration),
});

const toPushSync = ({ pushSync: chosen }: IdentityPoolConfiguration): object | null =>
  chosen && { ApplicationArns: chosen.applicationArns, RoleArn: chosen.roleArn };

const toCognitoStreams = ({ cognitoStreams: stream }: IdentityPoolConfiguration): object | null =>
  stream && {
    StreamName: stream.streamName,
    RoleArn: stream.roleArn,
    StreamingStatus: stream.streamingStatus,
  };

/** How a pool synchronizes and who is asked and told of it. */
export const poolConfigurationOperations: RestOperation[] = [
  {
    method: 'GET',
    uri: CONFIGURATION,
    operation: operation('GetIdentityPoolConfiguration', structure(poolMembers), async (ctx, input) =>
      toConfiguration(await getIdentityPoolConfiguration(ctx, input)),
    ),
  },
  {
    method: 'POST',
    uri: CONFIGURATION,
    operation: operation(
      'SetIdentityPoolConfiguration',
      structure({
        ...poolMembers,
        pushSync: pushSync.optional(),
        cognitoStreams: cognitoStreams.optional(),
      }),
      async (ctx, input) => toConfiguration(await setIdentityPoolConfiguration(ctx, input)),
    ),
  },
  {
    method: 'GET',
    uri: EVENTS,
    operation: operation('GetCognitoEvents', structure(poolMembers), async (ctx, input) => {
      const events = await getCognitoEvents(ctx, input);
      return { Events: Object.fromEntries(events.map(({ key, value }) => [key, value])) };
    }),
  },
  {
    method: 'POST',
    uri: EVENTS,
    operation: operation(
      'SetCognitoEvents',
      structure({ ...poolMembers, events: stringMap(string(), string(), { max: 1 }) }),
      async (ctx, { identityPoolId, events }) => {
        const named = events.map(([key, value]) => ({ key, value }));
        await setCognitoEvents(ctx, { identityPoolId, events: named });
      },
    ),
  },
];
