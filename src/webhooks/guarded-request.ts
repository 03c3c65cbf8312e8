import http, { type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import https from 'node:https';
import { ForbiddenAddressError, guardedLookup, HTTP, problemOfUrl, type AddressRules } from './address-rules';

/** One HTTP request to an address that an administrator chose. */
export interface GuardedRequest {
  url: string;
  method: string;
  headers: Record<string, string>;
  body: string | Uint8Array;
  /** Milliseconds for everything: name, connection, question and answer. */
  timeoutMs: number;
  /** Bytes of the answer's body. */
  maxAnswerBytes: number;
  rules: AddressRules;
}

/** What became of a request when no answer to the end came. A reason is a clause such as "it cannot be reached (ECONNREFUSED)". */
export type NoAnswer =
  | { outcome: 'TIMED_OUT' }
  | { outcome: 'UNREACHABLE'; reason: string }
  /** The rules do not allow the address, or nothing can be sent there: trying again does not help. */
  | { outcome: 'REFUSED'; reason: string };

/** An answer, whatever its status; a redirect is one like another. */
export type RawResult =
  | { outcome: 'ANSWERED'; status: number; headers: IncomingHttpHeaders; body: Buffer }
  /** Its body was not read to the end. */
  | { outcome: 'ANSWER_TOO_LARGE'; status: number; headers: IncomingHttpHeaders }
  | NoAnswer;

/**
 * Sends one request, each over a connection of its own whose address was checked as it was made. Redirects are not
 * followed and answers not decompressed. Never throws; nothing that was sent is in a reason.
 */
export const guardedRequest = async (request: GuardedRequest): Promise<RawResult> => {
  const problem = problemOfUrl(request.url, HTTP, request.rules);
  if (problem !== undefined) return { outcome: 'REFUSED', reason: `its address ${problem}` };
  const signal = AbortSignal.timeout(request.timeoutMs);
  try {
    return await readAnswer(await send(request, signal), request.maxAnswerBytes);
  } catch (error) {
    return signal.aborted ? { outcome: 'TIMED_OUT' } : failureOf(error);
  }
};

// Not fetch: the one in Node takes no resolver, and would look the name up again after a check.
const send = ({ url, method, headers, body, rules }: GuardedRequest, signal: AbortSignal) =>
  new Promise<IncomingMessage>((resolve, reject) => {
    const { request } = url.startsWith('https:') ? https : http;
    request(new URL(url), {
      method,
      headers: { 'user-agent': 'Rockpool', 'accept-encoding': 'identity', ...headers },
      agent: false, // A connection that other rules allowed is not used again.
      lookup: guardedLookup(rules),
      signal,
    })
      .once('response', resolve)
      .on('error', reject)
      // Without an answer: Node says no more about a server that switches protocols.
      .once('close', () => reject(Object.assign(new Error('closed'), { code: 'ECONNRESET' })))
      .end(body);
  });

const readAnswer = async (response: IncomingMessage, maxBytes: number): Promise<RawResult> => {
  const { statusCode: status = 0, headers } = response;
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBytes) return { outcome: 'ANSWER_TOO_LARGE', status, headers };
    chunks.push(chunk);
  }
  return { outcome: 'ANSWERED', status, headers, body: Buffer.concat(chunks) };
};

const failureOf = (error: unknown): NoAnswer => {
  if (error instanceof ForbiddenAddressError) return { outcome: 'REFUSED', reason: error.message };
  const { code } = error as NodeJS.ErrnoException;
  return { outcome: 'UNREACHABLE', reason: `it cannot be reached${code === undefined ? '' : ` (${code})`}` };
};
