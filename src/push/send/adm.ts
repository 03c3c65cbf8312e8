import { AccessTokens } from './access-tokens';
import { codeWord, neverThrowing, outcomeOf, type Answer } from './answer';
import { HttpClient, type Posting } from './http-client';
import type { AdmCredentials } from './platform-credentials';
import type { PushServiceUrls } from '../../service-urls';
import {
  MESSAGE_LIFETIME_SECONDS,
  replacementKey,
  SEND_LIMITS,
  stringExtras,
  type KeptSender,
  type PushMessage,
  type SenderOptions,
  type SendOutcome,
} from './sender';

const SERVICE = 'ADM';

/** What ADM says of registrations that nothing can reach; other words are about the message. */
const GONE_REASONS = ['InvalidRegistrationId', 'Unregistered'];

/**
 * Sends by Amazon Device Messaging, with an access token by OAuth2 client credentials (scope `messaging:push`). Headers
 * and answers are those of https://developer.amazon.com/docs/adm/send-message.html.
 */
export const admSender = (
  credentials: AdmCredentials,
  urls: Pick<PushServiceUrls, 'adm' | 'admToken'>,
  { limits = SEND_LIMITS, now = () => new Date() }: SenderOptions = {},
): KeptSender => {
  const client = new HttpClient({ limits, now });
  const askForToken = () => client.post(new URL(urls.admToken), formOf(credentials));
  const tokens = new AccessTokens('ADM’s token endpoint', askForToken, now);
  const send = neverThrowing(SERVICE, async (token, message) => {
    if (!canBeRegistration(token)) return { kind: 'GONE' };
    const url = new URL(`${urls.adm}/messaging/registrations/${encodeURIComponent(token)}/messages`);
    const answer = await tokens.use((accessToken) => client.post(url, postingOf(accessToken, message)));
    return toOutcome(token, answer);
  });
  return { send, close: () => client.close() };
};

/** The token becomes a segment of a path, where dots alone would lead elsewhere. */
const canBeRegistration = (token: string): boolean => /^[!-~]+$/.test(token) && !/^\.*$/.test(token);

const formOf = ({ clientId, clientSecret }: AdmCredentials): Posting => ({
  headers: { 'content-type': 'application/x-www-form-urlencoded;charset=UTF-8' },
  body: new URLSearchParams({
    grant_type: 'client_credentials',
    scope: 'messaging:push',
    client_id: clientId,
    client_secret: clientSecret,
  }).toString(),
});

const postingOf = (accessToken: string, message: PushMessage): Posting => ({
  headers: {
    authorization: `Bearer ${accessToken}`,
    'content-type': 'application/json',
    accept: 'application/json',
    'x-amzn-type-version': 'com.amazon.device.messaging.ADMMessage@1.0',
    'x-amzn-accept-type': 'com.amazon.device.messaging.ADMSendResult@1.0',
  },
  body: JSON.stringify({
    data: stringExtras(message),
    consolidationKey: replacementKey(message),
    expiresAfter: MESSAGE_LIFETIME_SECONDS,
  }),
});

const toOutcome = (token: string, answer: Answer): SendOutcome => {
  const { reason, registrationID } = (answer.body ?? {}) as { reason?: unknown; registrationID?: unknown };
  const word = codeWord(reason);
  if (word !== undefined && GONE_REASONS.includes(word)) return { kind: 'GONE' };
  const outcome = outcomeOf(SERVICE, answer, word);
  const isNew = typeof registrationID === 'string' && registrationID !== token;
  return outcome.kind === 'SENT' && isNew ? { kind: 'SENT', newToken: registrationID } : outcome;
};
