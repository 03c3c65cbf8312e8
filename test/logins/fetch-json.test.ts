import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { UpstreamError, fetchJson } from '../../src/logins/fetch-json';

let server: Server | undefined;

const serve = async (listener: RequestListener): Promise<URL> => {
  server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
};

afterEach(() => {
  server?.closeAllConnections();
  server?.close();
  server = undefined;
});

const QUICK = { timeout: 50, maxBytes: 1000 };

test('A document is read, in pieces too', async () => {
  const url = await serve((_, response) => {
    response.write('{"a":"');
    setImmediate(() => response.end('é"}'));
  });

  expect(await fetchJson(url)).toEqual({ a: 'é' });
});

test('A body of exactly the limit is read, and one byte more is refused', async () => {
  const url = await serve((request, response) =>
    response.end(`"${'x'.repeat(request.url === '/?more' ? 999 : 998)}"`),
  );

  expect(await fetchJson(url, { ...QUICK, timeout: 5000 })).toHaveLength(998);
  await expect(fetchJson(new URL('?more', url), { ...QUICK, timeout: 5000 })).rejects.toThrow(
    'its answer is larger than 1000 bytes',
  );
});

test('A body without end is cut off at the limit', async () => {
  let sent = 0;
  const url = await serve((_, response) => {
    const more = () => {
      sent += 1024;
      if (!response.destroyed) response.write('x'.repeat(1024), () => setImmediate(more));
    };
    more();
  });

  await expect(fetchJson(url, { timeout: 5000, maxBytes: 10_000 })).rejects.toThrow(
    'larger than 10000 bytes',
  );
  expect(sent).toBeLessThan(10_000_000);
});

test.each<[string, RequestListener]>([
  ['never begins', () => undefined],
  ['stops after the headers', (_, response) => void response.writeHead(200).flushHeaders()],
  ['stops in the middle', (_, response) => void response.write('{"a":')],
])('An answer that %s is given up after the time limit', async (_, listener) => {
  const url = await serve(listener);

  await expect(fetchJson(url, QUICK)).rejects.toEqual(
    new UpstreamError('it did not answer within 0.05 seconds'),
  );
});

test.each<[string, RequestListener, string]>([
  ['an error', (_, r) => void r.writeHead(503).end('secret'), 'it answered with status 503'],
  ['not found', (_, r) => void r.writeHead(404).end(), 'it answered with status 404'],
  ['a redirect to nowhere', (_, r) => void r.writeHead(302).end(), 'it answered with status 302'],
  [
    'a redirect elsewhere',
    (_, r) => void r.writeHead(302, { location: 'https://elsewhere.example/' }).end(),
    'it redirects to another origin',
  ],
  [
    'a redirect to another scheme',
    (q, r) => void r.writeHead(302, { location: `https://${q.headers.host}/` }).end(),
    'it redirects to another origin',
  ],
  ['a circle', (_, r) => void r.writeHead(302, { location: '/' }).end(), 'it redirects too often'],
  ['a page', (_, r) => void r.end('<html>'), 'its answer is not JSON'],
  ['nothing', (_, r) => void r.end(), 'its answer is not JSON'],
  ['a broken connection', (_, r) => void r.destroy(), 'it cannot be reached (UND_ERR_SOCKET)'],
])('A server that answers with %s is an upstream error', async (_, listener, message) => {
  const url = await serve(listener);

  await expect(fetchJson(url)).rejects.toEqual(new UpstreamError(message));
});

test('A server that is not there is an upstream error', async () => {
  const url = await serve(() => undefined);
  server?.close();

  await expect(fetchJson(url)).rejects.toEqual(new UpstreamError('it cannot be reached (ECONNREFUSED)'));
});
