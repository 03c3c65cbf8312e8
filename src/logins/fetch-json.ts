/** How long to wait and how much to read; defaults for identity providers. */
export interface FetchLimits {
  /** Milliseconds for the whole answer. */
  timeout: number;
  /** Bytes after decompression. */
  maxBytes: number;
}

/** What one request to an issuer may take. */
export const FETCH_LIMITS: FetchLimits = { timeout: 5_000, maxBytes: 1_048_576 };

const MAX_REDIRECTS = 3;

/** Another server did not answer as it should; the message is a plain clause such as "it answered with status 500". */
export class UpstreamError extends Error {
  override readonly name = 'UpstreamError';
}

/**
 * Reads a JSON document over HTTP. Redirects are followed on the same origin only, so that a server which an
 * administrator trusts cannot send us elsewhere.
 * @throws UpstreamError for whatever goes wrong.
 */
export const fetchJson = async (url: URL, limits: FetchLimits = FETCH_LIMITS): Promise<unknown> => {
  const signal = AbortSignal.timeout(limits.timeout);
  try {
    const response = await follow(url, signal);
    return JSON.parse(await readBounded(response, limits.maxBytes)) as unknown;
  } catch (error) {
    throw toUpstreamError(error, limits);
  }
};

/** What a server answered, whatever it thought of the question. */
export interface Answer {
  status: number;
  body: unknown;
}

/** A question that carries more than an address. Nothing of it stands in an error. */
export interface Question {
  headers?: Record<string, string>;
  /** Sent by POST as a form; without it the question is a GET. */
  form?: Record<string, string>;
}

/**
 * Asks for a JSON document and answers it with its status, for servers that say in it what is wrong. Redirects are
 * not followed: the question may carry a secret.
 * @throws UpstreamError when there is no answer, it redirects, it is not JSON, or the server is not up to it (status 5xx).
 */
export const askJson = async (
  url: URL,
  { headers, form }: Question = {},
  limits: FetchLimits = FETCH_LIMITS,
): Promise<Answer> => {
  try {
    const response = await fetch(url, {
      ...(form ? { method: 'POST', body: new URLSearchParams(form) } : {}),
      redirect: 'manual',
      signal: AbortSignal.timeout(limits.timeout),
      headers: { accept: 'application/json', ...headers },
    });
    const { status } = response;
    if (status >= 200 && (status < 300 || status >= 400) && status < 500)
      return { status, body: JSON.parse(await readBounded(response, limits.maxBytes)) as unknown };
    await response.body?.cancel();
    throw new UpstreamError(`it answered with status ${status}`);
  } catch (error) {
    throw toUpstreamError(error, limits);
  }
};

const follow = async (start: URL, signal: AbortSignal): Promise<Response> => {
  let url = start;
  for (let hops = 0; hops <= MAX_REDIRECTS; hops += 1) {
    const response = await fetch(url, {
      redirect: 'manual',
      signal,
      headers: { accept: 'application/json' },
    });
    if (response.ok) return response;
    await response.body?.cancel();
    url = redirectTarget(response, url);
  }
  throw new UpstreamError('it redirects too often');
};

const redirectTarget = ({ status, headers }: Response, from: URL): URL => {
  const location = headers.get('location');
  if (status < 300 || status > 399 || location === null || !URL.canParse(location, from.href))
    throw new UpstreamError(`it answered with status ${status}`);
  const target = new URL(location, from);
  if (target.origin !== from.origin) throw new UpstreamError('it redirects to another origin');
  return target;
};

const readBounded = async ({ body }: Response, maxBytes: number): Promise<string> => {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body ?? []) {
    size += chunk.byteLength;
    if (size > maxBytes) throw new UpstreamError(`its answer is larger than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
};

const toUpstreamError = (error: unknown, { timeout }: FetchLimits): UpstreamError => {
  if (error instanceof UpstreamError) return error;
  if (error instanceof SyntaxError) return new UpstreamError('its answer is not JSON');
  const { name, cause } = error as { name?: string; cause?: { code?: string } };
  if (name === 'TimeoutError') return new UpstreamError(`it did not answer within ${timeout / 1000} seconds`);
  const code = cause?.code === undefined ? '' : ` (${cause.code})`;
  return new UpstreamError(`it cannot be reached${code}`);
};
