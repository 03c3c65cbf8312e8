import http, { type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';
import https from 'node:https';
import type { LookupFunction } from 'node:net';
import { retryAfter } from '../../retry-after';
import { jsonOf, noAnswer, readBounded, type Answer } from './answer';
import type { SendLimits } from './sender';

/** What is posted. Nothing of it stands in an error. */
export interface Posting {
  headers: OutgoingHttpHeaders;
  body: string | Buffer;
}

/** How a client posts. */
export interface HttpClientOptions {
  limits: SendLimits;
  now: () => Date;
  /** Finds and vets the addresses of hosts. Not asked when the host is an address already. */
  lookup?: LookupFunction;
}

/** Posts over HTTP/1.1 and keeps its connections for the next time. Redirects are not followed: postings carry secrets. */
export class HttpClient {
  readonly #agents: { 'http:': http.Agent; 'https:': https.Agent };

  constructor(private readonly options: HttpClientOptions) {
    // Idle connections go after 5 seconds, as Node's own agent does it: longer, and servers close them first.
    const settings = { keepAlive: true, timeout: 5_000, lookup: options.lookup };
    this.#agents = { 'http:': new http.Agent(settings), 'https:': new https.Agent(settings) };
  }

  /** @throws NoAnswerError when no whole answer comes in time. */
  async post(url: URL, posting: Posting): Promise<Answer> {
    const { limits, now } = this.options;
    const signal = AbortSignal.timeout(limits.timeout);
    try {
      const response = await this.#ask(url, posting, signal);
      return {
        status: response.statusCode ?? 0,
        retryAfterSeconds: retryAfter(response.headers['retry-after'], now()),
        body: jsonOf(await readBounded(response, limits.maxBytes)),
      };
    } catch (error) {
      throw noAnswer(error, signal, limits);
    }
  }

  close(): void {
    this.#agents['http:'].destroy();
    this.#agents['https:'].destroy();
  }

  #ask(url: URL, { headers, body }: Posting, signal: AbortSignal): Promise<IncomingMessage> {
    const isPlain = url.protocol === 'http:';
    const agent = isPlain ? this.#agents['http:'] : this.#agents['https:'];
    return new Promise((resolve, reject) => {
      const request = (isPlain ? http : https).request(url, { method: 'POST', agent, signal, headers });
      request.on('response', resolve).on('error', reject).end(body);
    });
  }
}
