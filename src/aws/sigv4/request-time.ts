import { incompleteSignature, invalidSignature } from './signature-error';
import { headerOf, type SignedRequest } from './signed-request';

/** Milliseconds by which the clocks of client and server may differ. */
const MAX_SKEW = 5 * 60_000;

/** When a request was signed, as the client says. */
export interface SigningTime {
  /** The header that says so. */
  header: 'x-amz-date' | 'date';
  /** `YYYYMMDDTHHMMSSZ`, which is what is signed, in whatever form the header had it. */
  timestamp: string;
}

/**
 * The time in `x-amz-date`, else the one in `date`.
 * @throws SignatureError IncompleteSignatureException when there is none or it is malformed.
 */
export const signingTimeOf = (request: SignedRequest): SigningTime => {
  const header = headerOf(request, 'x-amz-date') === undefined ? 'date' : 'x-amz-date';
  const value = headerOf(request, header)?.trim();
  if (value === undefined)
    throw incompleteSignature(
      "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.",
    );
  const timestamp = header === 'date' && HTTP_DATE.test(value) ? fromHttpDate(value) : value;
  if (Number.isNaN(millisecondsOf(timestamp)))
    throw incompleteSignature("Date must be in ISO-8601 'basic format', such as 20260101T000000Z.");
  return { header, timestamp };
};

/** Older clients sign `Date` in the form that RFC 9110 prescribes for it. */
const HTTP_DATE = /^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/;

const fromHttpDate = (value: string): string => {
  const time = Date.parse(value);
  return Number.isNaN(time) ? value : timestampOf(time);
};

const timestampOf = (milliseconds: number): string =>
  new Date(milliseconds).toISOString().replace(/[-:]|\.\d{3}/g, '');

const BASIC_FORMAT = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/;

/** NaN for what is no time; 31 February is none, though Date makes a day in March of it. */
const millisecondsOf = (timestamp: string): number => {
  const time = Date.parse(timestamp.replace(BASIC_FORMAT, '$1-$2-$3T$4:$5:$6Z'));
  return Number.isNaN(time) || timestampOf(time) !== timestamp ? NaN : time;
};

/**
 * Refuses what was signed more than 5 minutes ago or ahead. The sentences are AWS's, by which SDKs see that their clock
 * is wrong, set it right and sign again.
 * @throws SignatureError InvalidSignatureException
 */
export const requireCurrent = ({ timestamp }: SigningTime, now: Date): void => {
  const signedAt = millisecondsOf(timestamp);
  const here = now.getTime();
  const [earliest, latest] = [here - MAX_SKEW, here + MAX_SKEW].map(timestampOf);
  if (signedAt < here - MAX_SKEW)
    throw invalidSignature(
      `Signature expired: ${timestamp} is now earlier than ${earliest} (${timestampOf(here)} - 5 min.)`,
    );
  if (signedAt > here + MAX_SKEW)
    throw invalidSignature(
      `Signature not yet current: ${timestamp} is still later than ${latest} (${timestampOf(here)} + 5 min.)`,
    );
};
