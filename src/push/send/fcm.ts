import { importPKCS8, SignJWT } from 'jose';
import { z } from 'zod';
import { AccessTokens } from './access-tokens';
import { codeWord, neverThrowing, outcomeOf, type Answer } from './answer';
import { HttpClient } from './http-client';
import type { GcmCredentials } from './platform-credentials';
import type { PushServiceUrls } from '../../service-urls';
import {
  MESSAGE_LIFETIME_SECONDS,
  SEND_LIMITS,
  stringExtras,
  type KeptSender,
  type PushMessage,
  type SenderOptions,
  type SendOutcome,
} from './sender';

const SERVICE = 'FCM';

const SCOPE = 'https://www.googleapis.com/auth/firebase.messaging';

/** Whom the assertion is for, also when it goes there through a proxy. */
const AUDIENCE = 'https://oauth2.googleapis.com/token';

const GRANT = 'urn:ietf:params:oauth:grant-type:jwt-bearer';

/** Seconds to wait after a 429 that does not say how long, by FCM's guide on scaling. */
const WAIT_WITHOUT_RETRY_AFTER = 60;

/**
 * Sends by Firebase Cloud Messaging's HTTP v1 API, as a data message of normal priority. The access token comes by the
 * JWT bearer grant (RFC 7523) for the service account. Answers are read by
 * https://firebase.google.com/docs/reference/fcm/rest/v1/ErrorCode.
 */
export const fcmSender = (
  credentials: GcmCredentials,
  urls: Pick<PushServiceUrls, 'fcm' | 'googleToken'>,
  { limits = SEND_LIMITS, now = () => new Date() }: SenderOptions = {},
): KeptSender => {
  const client = new HttpClient({ limits, now });
  const tokens = new AccessTokens(
    'Google’s token endpoint',
    async () => client.post(new URL(urls.googleToken), formOf(await assertionOf(credentials, now()))),
    now,
  );
  const url = new URL(`${urls.fcm}/v1/projects/${encodeURIComponent(credentials.project_id)}/messages:send`);
  const send = neverThrowing(SERVICE, async (token, message) => {
    const body = bodyOf(token, message);
    const headers = { 'content-type': 'application/json' };
    return toOutcome(
      await tokens.use((accessToken) =>
        client.post(url, { headers: { ...headers, authorization: `Bearer ${accessToken}` }, body }),
      ),
    );
  });
  return { send, close: () => client.close() };
};

const assertionOf = async (credentials: GcmCredentials, now: Date): Promise<string> => {
  const issuedAt = Math.floor(now.getTime() / 1000);
  return new SignJWT({ scope: SCOPE })
    .setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid: credentials.private_key_id })
    .setIssuer(credentials.client_email)
    .setAudience(AUDIENCE)
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + 3600)
    .sign(await importPKCS8(credentials.private_key, 'RS256'));
};

const formOf = (assertion: string) => ({
  headers: { 'content-type': 'application/x-www-form-urlencoded' },
  body: new URLSearchParams({ grant_type: GRANT, assertion }).toString(),
});

/**
 * No collapse key: FCM keeps four for a device and drops the messages of the others, and an identity has more datasets
 * than that. Priority stays normal: FCM lowers it by itself for apps that show nothing for high ones.
 */
const bodyOf = (token: string, message: PushMessage): string =>
  JSON.stringify({
    message: {
      token,
      data: stringExtras(message),
      android: { priority: 'NORMAL', ttl: `${MESSAGE_LIFETIME_SECONDS}s` },
    },
  });

const failures = z.object({
  error: z.object({
    status: z.string().optional(),
    details: z
      .array(
        z.object({
          errorCode: z.string().optional(),
          fieldViolations: z.array(z.object({ field: z.string().optional() })).optional(),
        }),
      )
      .default([]),
  }),
});

type Failure = z.infer<typeof failures>['error'];

const toOutcome = (answer: Answer): SendOutcome => {
  const failure = failures.safeParse(answer.body).data?.error;
  if (failure && isOfToken(answer.status, failure)) return { kind: 'GONE' };
  // FCM says in JSON that a token is unknown. Other pages come from what is in front of it, and pass.
  if (answer.status === 404 && !failure)
    return { kind: 'RETRY', reason: `${SERVICE} answered with status 404 and no reason.` };
  const patience = answer.status === 429 ? WAIT_WITHOUT_RETRY_AFTER : undefined;
  const retryAfterSeconds = answer.retryAfterSeconds ?? patience;
  return outcomeOf(
    SERVICE,
    { ...answer, retryAfterSeconds },
    codeWord(fcmCodeOf(failure) ?? failure?.status),
  );
};

const fcmCodeOf = (failure: Failure | undefined): string | undefined =>
  failure?.details.find(({ errorCode }) => errorCode !== undefined)?.errorCode;

/**
 * `INVALID_ARGUMENT` is said of tokens and of messages. It is the token when FCM names the field, or no field at all:
 * what else it could mean (size, keys, lifetime) is the same in all our messages.
 */
const isOfToken = (status: number, failure: Failure): boolean => {
  const code = fcmCodeOf(failure);
  if (code === 'UNREGISTERED') return true;
  if (status === 404) return failure.status === 'NOT_FOUND';
  const fields = failure.details.flatMap(({ fieldViolations }) => fieldViolations ?? []);
  return (
    status === 400 &&
    (fields.some(({ field }) => field === 'message.token') ||
      (code === 'INVALID_ARGUMENT' && fields.length === 0))
  );
};
