import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rockpool } from '../../src/cli/main';
import { openCheckpoint } from '../../src/cli/import-cognito/checkpoint';
import { eachAtOnce } from '../../src/cli/import-cognito/each-at-once';
import { sendTo } from '../../src/cli/import-cognito/graphql-target';
import { allPages } from '../../src/cli/import-cognito/pages';
import { Report } from '../../src/cli/import-cognito/report';
import { listDatasets, openSource } from '../../src/cli/import-cognito/source';
import { stopsEverything } from '../../src/cli/import-cognito/stops-everything';

let folder: string;
const servers: Server[] = [];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'rockpool-import-'));
  process.env.AWS_ACCESS_KEY_ID = 'AKIASTANDIN';
  process.env.AWS_SECRET_ACCESS_KEY = 'not-a-real-secret';
});
afterAll(() => {
  rmSync(folder, { recursive: true });
  delete process.env.AWS_ACCESS_KEY_ID;
  delete process.env.AWS_SECRET_ACCESS_KEY;
});
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});

const serve = async (listener: RequestListener): Promise<string> => {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
};
const errorOf = (call: Promise<unknown>): Promise<any> =>
  call.then(
    () => undefined,
    (error: unknown) => error,
  );

describe('a source', () => {
  test.each<[string, RequestListener]>([
    ['that never answers', () => undefined],
    ['that stops within an answer', (_, response) => void response.writeHead(200).write('{"Datasets": [')],
  ])('%s is given up, and ends the run', async (_name, listener) => {
    const url = await serve(listener);
    const endpoints = { region: 'us-east-1', identityEndpoint: url, syncEndpoint: url };
    const source = openSource({ ...endpoints, rate: 1000, answerWithin: 100, attempts: 1 });

    const error = await errorOf(listDatasets(source, { IdentityPoolId: 'p', IdentityId: 'i' }));
    source.close();

    expect(stopsEverything(error)).toBe(true);
  });

  test.each<[string, (at: number) => string]>([
    ['the same page token again and again', () => 't'],
    ['page tokens in a circle', (at) => `t${at % 3}`],
    ['page tokens without end', (at) => `t${at}`],
  ])('that answers %s is read to no end', async (_name, tokenOf) => {
    let calls = 0;

    const error = await errorOf(allPages(async () => ({ NextToken: tokenOf((calls += 1)) })));

    expect(error).toMatchObject({ name: 'EndlessListing' });
    expect(calls).toBeLessThanOrEqual(10_001);
  });
});

describe('a target', () => {
  const TARGET = { bearer: 'ID.a-secret-for-one' };

  test('that leads elsewhere is not followed: neither the key nor the data go there', async () => {
    const strangers: string[] = [];
    const stranger = await serve((request, response) => {
      strangers.push(request.url ?? '');
      response.end('{"data": {}}');
    });
    const url = await serve((_, response) => response.writeHead(307, { location: stranger }).end());

    const error = await errorOf(sendTo({ ...TARGET, url })('mutation { m }', {}));

    expect(strangers).toEqual([]);
    expect(error).toMatchObject({ code: 'REDIRECTED', message: expect.stringContaining(stranger) });
    expect(stopsEverything(error)).toBe(true);
  });

  test.each<[string, string, RequestListener]>([
    ['more than it takes, unsent', 'x'.repeat(8 * 1024 * 1024), (_, response) => response.end()],
    ['more than a proxy takes', 'x', (_, response) => response.writeHead(413).end('<html></html>')],
  ])('is sent %s: this fails alone', async (_name, value, listener) => {
    const error = await errorOf(
      sendTo({ ...TARGET, url: await serve(listener) })('mutation { m }', { value }),
    );

    expect(error).toMatchObject({ name: 'TargetError', code: 'LIMIT_EXCEEDED', field: 'requestBytes' });
    expect(stopsEverything(error)).toBe(false);
  });

  test.each(['http://user@example.com', 'https://user:secret@example.com/graphql'])(
    'is not %s: that would be shown',
    async (url) => {
      let said = '';
      const code = await rockpool(['import', 'cognito', '--to', url], {
        out: { write: (text) => (said += text) },
        err: { write: (text) => (said += text) },
        signal: new AbortController().signal,
      });

      expect([code, said]).toEqual([2, expect.stringContaining('no user and no password')]);
    },
  );
});

describe('a report', () => {
  test('takes up no more memory than what it lists', () => {
    const report = new Report();
    const seen = report as unknown as { said: Set<string> };
    for (let at = 0; at < 10_100; at += 1) report.problem(`identity ${at}`, 'no');

    expect(report.data.problems).toHaveLength(10_000);
    expect(report.data.moreProblems).toBe(100);
    expect(seen.said.size).toBe(10_000);
  });

  test('says of each thing so much as can be read, without what moves a terminal’s cursor', () => {
    const report = new Report();
    report.problem('a\u001b[2J\u202eb\n  c', 'x'.repeat(100_000));
    report.leave('pool', 'stream\u0007', 'm');

    expect(report.data.problems).toEqual([{ what: 'a\uFFFD[2J\uFFFDb c', reason: 'x'.repeat(1000) }]);
    expect(report.data.left).toMatchObject([{ what: 'stream\uFFFD' }]);
  });
});

describe('a checkpoint', () => {
  const run = { runId: 'r', startedAt: new Date(0), subject: 's' };
  const place = { pass: 'enabled' as const, nextToken: 't', failed: [] };

  test('is written for its owner alone, and never where a link leads', () => {
    const [file, other] = [join(folder, 'state'), join(folder, 'other')];
    writeFileSync(other, 'precious');
    symlinkSync(other, `${file}.new`);

    openCheckpoint(file, run).reached('pool', place);

    expect(readFileSync(other, 'utf8')).toBe('precious');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(existsSync(`${file}.new`)).toBe(false);
    expect(openCheckpoint(file, run).placeOf('pool')).toEqual(place);
  });

  test('with a beginning that is no time is refused, since nobody would be found to be disabled', () => {
    const file = join(folder, 'changed');
    openCheckpoint(file, run).reached('pool', place);
    writeFileSync(file, readFileSync(file, 'utf8').replace('1970-01-01', 'yesterday'));

    expect(() => openCheckpoint(file, run)).toThrow('no state of an import');
  });
});

test('nothing goes on behind an error: what is under way is waited for, and nothing else begins', async () => {
  const done: number[] = [];

  const error = await errorOf(
    eachAtOnce([1, 2, 3], 2, async (item) => {
      if (item === 1) throw new Error('one');
      await new Promise((resolve) => setTimeout(resolve, 20));
      done.push(item);
    }),
  );

  expect(error).toMatchObject({ message: 'one' });
  expect(done).toEqual([2]);
});
