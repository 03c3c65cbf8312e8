import type { AddressRules } from '../../webhooks/address-rules';
import { guardedRequest, type RawResult } from '../../webhooks/guarded-request';

/** Far beyond an answer to 500 records. */
const MAX_ANSWER_BYTES = 1_048_576;

/** No answer came to a request of the SDK. The SDK does not know the name, and so leaves it to us to try again. */
export class NoAnswerError extends Error {
  override readonly name = 'NoAnswerError';

  constructor(
    message: string,
    /** Whether nothing was sent, because the address is not allowed. */
    readonly isRefused: boolean,
  ) {
    super(message);
  }
}

/** What the SDK hands over, as far as Kinesis needs it. */
export interface SdkRequest {
  protocol: string;
  hostname: string;
  port?: number;
  path: string;
  method: string;
  headers: Record<string, string>;
  body?: string | Uint8Array;
}

/** What it wants back. */
export interface SdkResponse {
  statusCode: number;
  headers: Record<string, string>;
  body: Uint8Array;
}

/**
 * How the AWS SDK sends its requests: through `guardedRequest`, since an administrator may choose the endpoint and the
 * SDK's own handlers take no resolver. Rejects with NoAnswerError.
 */
export const kinesisHttp = (timeoutMs: number, rules: AddressRules) => ({
  metadata: { handlerProtocol: 'http/1.1' },
  handle: async ({
    method,
    headers,
    body = '',
    ...where
  }: SdkRequest): Promise<{ response: SdkResponse }> => {
    const request = { url: urlOf(where), method, headers, body };
    const result = await guardedRequest({ ...request, timeoutMs, maxAnswerBytes: MAX_ANSWER_BYTES, rules });
    return { response: responseOf(result, timeoutMs) };
  },
});

const urlOf = ({ protocol, hostname, port, path }: Omit<SdkRequest, 'method' | 'headers' | 'body'>): string =>
  `${protocol}//${hostname}${port === undefined ? '' : `:${port}`}${path}`;

const responseOf = (result: RawResult, timeoutMs: number): SdkResponse => {
  switch (result.outcome) {
    case 'ANSWERED':
      return { statusCode: result.status, headers: singleHeaders(result.headers), body: result.body };
    case 'TIMED_OUT':
      throw new NoAnswerError(`it did not answer within ${timeoutMs / 1000} seconds`, false);
    case 'ANSWER_TOO_LARGE':
      throw new NoAnswerError(`its answer is larger than ${MAX_ANSWER_BYTES} bytes`, false);
    default:
      throw new NoAnswerError(result.reason, result.outcome === 'REFUSED');
  }
};

const singleHeaders = (headers: NodeJS.Dict<string | string[]>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
