import { importPKCS8, SignJWT } from 'jose';
import { codeWord, neverThrowing, outcomeOf, type Answer } from './answer';
import { ApnsConnection } from './apns-connection';
import type { ApnsCredentials } from './platform-credentials';
import {
  MESSAGE_LIFETIME_SECONDS,
  SEND_LIMITS,
  type KeptSender,
  type PushMessage,
  type SenderOptions,
  type SendOutcome,
} from './sender';

const SERVICE = 'APNs';

/** Seconds that a provider token is used: Apple refuses new ones within 20 minutes and old ones after 60. */
const PROVIDER_TOKEN_SECONDS = 45 * 60;

/** What Apple says of device tokens that this app can never reach. 410 says it too. */
const GONE_REASONS = ['BadDeviceToken', 'DeviceTokenNotForTopic', 'ExpiredToken', 'Unregistered'];

/** Seconds to wait before the next attempt, as Apple asks. */
const WAITS = new Map([['TooManyProviderTokenUpdates', 20 * 60]]);

/** Seconds to wait after any status 5xx, as Apple asks. */
const WAIT_AFTER_5XX = 15 * 60;

/**
 * Sends by the Apple Push Notification service, to its production or its sandbox as `origin` says: a background
 * notification with the message under `data`. Answers are read by Apple's "Handling notification responses from APNs",
 * provider tokens are those of "Establishing a token-based connection to APNs".
 */
export const apnsSender = (
  credentials: ApnsCredentials,
  origin: string,
  { limits = SEND_LIMITS, now = () => new Date(), apnsCa }: SenderOptions = {},
): KeptSender => {
  const connection = new ApnsConnection(origin, { limits, now, ca: apnsCa });
  const providerToken = providerTokens(credentials, now);
  const send = neverThrowing(SERVICE, async (token, message) => {
    if (!/^[0-9a-f]+$/i.test(token)) return { kind: 'GONE' };
    const headers = {
      ':path': `/3/device/${token}`,
      authorization: `bearer ${await providerToken()}`,
      'apns-topic': credentials.topic,
      'apns-push-type': 'background',
      // What wakes an app without showing anything must have 5.
      'apns-priority': '5',
      'apns-expiration': String(secondsOf(now()) + MESSAGE_LIFETIME_SECONDS),
    };
    return toOutcome(await connection.post(headers, bodyOf(message)));
  });
  return { send, close: () => connection.close() };
};

const secondsOf = (time: Date): number => Math.floor(time.getTime() / 1000);

const bodyOf = (message: PushMessage): string =>
  JSON.stringify({ aps: { 'content-available': 1 }, data: message });

/** One provider token for many messages. A clock that was set back makes a new one: the old would seem to come from the future. */
const providerTokens = (credentials: ApnsCredentials, now: () => Date): (() => Promise<string>) => {
  let kept: { issuedAt: number; token: Promise<string> } | undefined;
  return () => {
    const time = secondsOf(now());
    if (!kept || time < kept.issuedAt || time - kept.issuedAt >= PROVIDER_TOKEN_SECONDS)
      kept = { issuedAt: time, token: sign(credentials, time) };
    return kept.token;
  };
};

const sign = async ({ teamId, keyId, privateKey }: ApnsCredentials, issuedAt: number): Promise<string> =>
  new SignJWT({})
    .setProtectedHeader({ alg: 'ES256', kid: keyId })
    .setIssuer(teamId)
    .setIssuedAt(issuedAt)
    .sign(await importPKCS8(privateKey, 'ES256'));

const toOutcome = (answer: Answer): SendOutcome => {
  const { status } = answer;
  const word = codeWord(((answer.body ?? {}) as { reason?: unknown }).reason);
  if (status === 410 || (status === 400 && GONE_REASONS.includes(word ?? ''))) return { kind: 'GONE' };
  // Said of the connection, not of the message.
  if (word === 'IdleTimeout') return { kind: 'RETRY', reason: `${SERVICE} closed an idle connection.` };
  const patience = WAITS.get(word ?? '') ?? (status >= 500 ? WAIT_AFTER_5XX : undefined);
  return outcomeOf(SERVICE, { ...answer, retryAfterSeconds: answer.retryAfterSeconds ?? patience }, word);
};
