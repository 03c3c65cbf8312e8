import { createHash } from 'node:crypto';

/**
 * What a device is told when a dataset changed elsewhere: the five keys of Cognito's push sync. It carries no data; a
 * device whose own last sync count is lower than `syncCount` synchronizes.
 */
export interface PushMessage {
  source: 'cognito-sync';
  identityPoolId: string;
  identityId: string;
  datasetName: string;
  syncCount: number;
}

/**
 * What became of one message to one token.
 *
 * - `SENT`: the platform took it; whether the device ever gets it is not known. `newToken` is the token to use from now
 *   on, where the platform says so (ADM).
 * - `GONE`: nothing will ever reach this token. Drop it.
 * - `RETRY`: not now; the same message may be sent again, not before `retryAfterSeconds` where it is given.
 * - `REFUSED`: credentials or configuration are wrong, and sending again is of no use before somebody mends them. Keep
 *   the token. Not proof that other tokens are refused too: who answers for `WEB_PUSH` is chosen by the device.
 *
 * A `reason` is a sentence for an administrator, without any secret, token or endpoint.
 */
export type SendOutcome =
  | { kind: 'SENT'; newToken?: string }
  | { kind: 'GONE' }
  | { kind: 'RETRY'; reason: string; retryAfterSeconds?: number }
  | { kind: 'REFUSED'; reason: string };

/** Sends a message to a device's token. Never throws, and settles within the time limit of each request it needs. */
export type Sender = (token: string, message: PushMessage) => Promise<SendOutcome>;

/** A sender that keeps connections and access tokens: one for each platform and credentials, used for many messages. */
export interface KeptSender {
  send: Sender;
  /** Ends the connections, and whatever is still being sent becomes `RETRY`. */
  close(): void;
}

/** How long to wait for a platform and how much of its answer to read. */
export interface SendLimits {
  /** Milliseconds for one request and its whole answer. */
  timeout: number;
  /** Bytes of an answer's body; what comes after them is not read. */
  maxBytes: number;
}

/** What one request to a platform may take. */
export const SEND_LIMITS: SendLimits = { timeout: 10_000, maxBytes: 65_536 };

/** What a sender can be given beside credentials. */
export interface SenderOptions {
  /** Default `SEND_LIMITS`. */
  limits?: SendLimits;
  /** Default: the system's clock. */
  now?: () => Date;
  /** Whether Web Push endpoints may be on this machine and in private networks, over http on this machine. Default false. */
  allowPrivateEndpoints?: boolean;
  /** All IP addresses of the host of a Web Push endpoint. The system's resolver when left out. */
  resolve?: (hostname: string) => Promise<string[]>;
  /** The certificate authority of APNs, PEM, in place of the system's: for a stand-in. */
  apnsCa?: string;
}

/** Seconds that a platform keeps a message for a device which is not there: a week, ADM's own default. */
export const MESSAGE_LIFETIME_SECONDS = 7 * 86_400;

/** A message for platforms that carry text alone: Android hands them to the app as string extras. */
export const stringExtras = (message: PushMessage): Record<string, string> => ({
  ...message,
  syncCount: String(message.syncCount),
});

/**
 * Names what a message is about, so that a platform keeps only the newest of those waiting for a device that is away:
 * 32 characters, which fit the `Topic` of Web Push (RFC 8030 section 5.4), and tell nobody whose dataset it is.
 */
export const replacementKey = ({ identityId, datasetName }: PushMessage): string =>
  createHash('sha256').update(`${identityId}\n${datasetName}`).digest('base64url').slice(0, 32);
