import {
  connect,
  constants,
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from 'node:http2';
import { retryAfter } from '../../retry-after';
import { jsonOf, noAnswer, readBounded, type Answer } from './answer';
import type { SendLimits } from './sender';

/** How to speak to APNs. */
export interface ApnsConnectionOptions {
  limits: SendLimits;
  now: () => Date;
  /** The certificate authority, PEM, in place of the system's. */
  ca?: string;
}

/**
 * The one HTTP/2 connection to APNs that a sender keeps, since Apple takes many short ones for an attack. It is opened
 * when it is needed, and again when it broke, when Apple said goodbye (GOAWAY) or when it fell silent.
 */
export class ApnsConnection {
  #session: ClientHttp2Session | undefined;
  /** Those that were left for it too, until they end. */
  readonly #sessions = new Set<ClientHttp2Session>();

  constructor(
    private readonly origin: string,
    private readonly options: ApnsConnectionOptions,
  ) {}

  /** @throws NoAnswerError when no whole answer comes in time. */
  async post(headers: OutgoingHttpHeaders, body: string): Promise<Answer> {
    const { limits } = this.options;
    const signal = AbortSignal.timeout(limits.timeout);
    const session = this.#open();
    try {
      const stream = session.request({ ...headers, [constants.HTTP2_HEADER_METHOD]: 'POST' }, { signal });
      stream.end(body);
      return await this.#answerOf(stream);
    } catch (error) {
      if (signal.aborted) this.#leave(session);
      throw noAnswer(error, signal, limits);
    }
  }

  close(): void {
    for (const session of this.#sessions) session.destroy();
  }

  #open(): ClientHttp2Session {
    const kept = this.#session;
    if (kept && !kept.closed && !kept.destroyed) return kept;
    const session = connect(this.origin, { ca: this.options.ca });
    // Each stream fails with it and tells its own sender.
    session.on('error', () => undefined);
    session.on('close', () => this.#sessions.delete(session));
    this.#sessions.add(session);
    this.#session = session;
    return session;
  }

  /** A silent connection may be dead without knowing it. Others who wait on it have as long as they were promised. */
  #leave(session: ClientHttp2Session): void {
    if (this.#session === session) this.#session = undefined;
    if (!session.destroyed) session.close();
    setTimeout(() => session.destroy(), this.options.limits.timeout).unref();
  }

  async #answerOf(stream: ClientHttp2Stream): Promise<Answer> {
    const { limits, now } = this.options;
    const headers = await headersOf(stream);
    return {
      status: headers[constants.HTTP2_HEADER_STATUS] as unknown as number,
      retryAfterSeconds: retryAfter(headers['retry-after'], now()),
      body: jsonOf(await readBounded(stream, limits.maxBytes)),
    };
  }
}

const headersOf = (stream: ClientHttp2Stream): Promise<IncomingHttpHeaders> =>
  new Promise((resolve, reject) => {
    stream.on('response', resolve).on('error', reject);
    // A stream that the other side cancels closes without an error.
    stream.on('close', () => reject(new Error('closed')));
  });
