import { generateRequestDetails } from 'web-push';
import { ForbiddenAddressError, guardedLookup } from '../../webhooks/address-rules';
import { NoAnswerError, neverThrowing, outcomeOf, type Answer } from './answer';
import { HttpClient, type Posting } from './http-client';
import type { WebPushCredentials } from './platform-credentials';
import { parseSubscription, type PushSubscription } from './push-subscription';
import {
  MESSAGE_LIFETIME_SECONDS,
  replacementKey,
  SEND_LIMITS,
  type KeptSender,
  type PushMessage,
  type SenderOptions,
  type SendOutcome,
} from './sender';

const SERVICE = 'The push service';

/**
 * Sends by Web Push (RFC 8030), encrypted for the browser (RFC 8291) and signed with VAPID (RFC 8292). The token is the
 * JSON of a PushSubscription. Its endpoint was chosen by the device, so what is asked is bounded: public hosts only,
 * no redirects, and only the status of the answer counts.
 */
export const webPushSender = (
  credentials: WebPushCredentials,
  {
    limits = SEND_LIMITS,
    now = () => new Date(),
    allowPrivateEndpoints = false,
    resolve,
  }: SenderOptions = {},
): KeptSender => {
  const rules = {
    allowPrivateAddresses: allowPrivateEndpoints,
    allowPlaintext: false,
    ...(resolve && { resolve }),
  };
  const client = new HttpClient({ limits, now, lookup: guardedLookup(rules) });
  const send = neverThrowing(SERVICE, async (token, message) => {
    const subscription = parseSubscription(token, rules);
    if (!subscription) return { kind: 'GONE' };
    const posting = postingOf(subscription, message, credentials);
    try {
      return toOutcome(await client.post(new URL(subscription.endpoint), posting));
    } catch (error) {
      if (!isForbidden(error)) throw error;
      // Not GONE: a resolver that blocks hosts answers like this for good subscriptions.
      return { kind: 'REFUSED', reason: `${SERVICE}’s name leads to an address that is not public.` };
    }
  });
  return { send, close: () => client.close() };
};

/** The library sends too, but over https alone, without a limit on the answer and without a look at the address. */
const postingOf = (
  subscription: PushSubscription,
  message: PushMessage,
  vapidDetails: WebPushCredentials,
): Posting => {
  const { headers, body } = generateRequestDetails(subscription, JSON.stringify(message), {
    vapidDetails,
    TTL: MESSAGE_LIFETIME_SECONDS,
    // Also on battery, as for chats (RFC 8030 section 5.3): somebody may be looking at the data.
    urgency: 'normal',
    topic: replacementKey(message),
  });
  return { headers, body: body ?? '' };
};

const isForbidden = (error: unknown): boolean =>
  error instanceof NoAnswerError && error.cause instanceof ForbiddenAddressError;

/** 404 and 410 end a subscription (RFC 8030 section 7.3). 401 and 403 are about VAPID: a subscription keeps its key for life. */
const toOutcome = (answer: Answer): SendOutcome =>
  answer.status === 404 || answer.status === 410 ? { kind: 'GONE' } : outcomeOf(SERVICE, answer);
