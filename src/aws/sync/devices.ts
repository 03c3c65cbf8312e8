import { registerDevice } from '../../push/device.service';
import { subscribeToDataset, unsubscribeFromDataset } from '../../push/subscribe-device.service';
import { structure } from '../members/collections';
import { enumeration, string } from '../members/shapes';
import { operation } from '../operation';
import type { RestOperation } from '../protocols/rest-json';
import { DATASET, POOL, identityMembers, subscriptionMembers } from './members';

const SUBSCRIPTION = `${DATASET}/subscriptions/{DeviceId}`;

/** Devices that are sent push messages: of identities alone. */
export const deviceOperations: RestOperation[] = [
  {
    method: 'POST',
    // AWS says `identity` here and `identities` everywhere else.
    uri: `${POOL}/identity/{IdentityId}/device`,
    operation: operation(
      'RegisterDevice',
      structure({
        ...identityMembers,
        platform: enumeration('APNS', 'APNS_SANDBOX', 'GCM', 'ADM'),
        token: string(),
      }),
      async (ctx, input) => ({ DeviceId: (await registerDevice(ctx, input)).id }),
    ),
  },
  {
    method: 'POST',
    uri: SUBSCRIPTION,
    operation: operation('SubscribeToDataset', structure(subscriptionMembers), async (ctx, input) => {
      await subscribeToDataset(ctx, input);
      return {};
    }),
  },
  {
    method: 'DELETE',
    uri: SUBSCRIPTION,
    operation: operation('UnsubscribeFromDataset', structure(subscriptionMembers), async (ctx, input) => {
      await unsubscribeFromDataset(ctx, input);
      return {};
    }),
  },
];
