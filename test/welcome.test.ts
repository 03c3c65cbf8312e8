import { execFile, spawnSync } from 'node:child_process';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { welcome } from '../src/welcome';
import { TEST_ADMIN, startTestServer, type TestServer } from './support/server';

const run = promisify(execFile);

/** For machines without curl: the few options that the block uses. */
const CURL = `#!${process.execPath}
const [, , ...given] = process.argv;
const options = { method: 'POST', headers: {} };
let url;
while (given.length > 0) {
  const word = given.shift();
  if (word === '-H') options.headers[given[0].split(': ')[0]] = given.shift().split(': ')[1];
  else if (word === '-d') options.body = given.shift();
  else if (!word.startsWith('-')) url = word;
}
fetch(url, options).then(async (response) => process.stdout.write(await response.text()));
`;

let server: TestServer;
let bin: string;

beforeAll(async () => {
  server = await startTestServer({ config: { administratorKey: undefined } });
  bin = await mkdtemp(join(tmpdir(), 'rockpool-welcome-'));
  if (spawnSync('curl', ['--version']).status === 0) return;
  await writeFile(join(bin, 'curl'), CURL);
  await chmod(join(bin, 'curl'), 0o755);
});
afterAll(async () => {
  await server.close();
  await rm(bin, { recursive: true });
});

const shell = (script: string) =>
  run('sh', ['-c', script], { env: { ...process.env, PATH: `${bin}:${process.env.PATH}` } });

describe('the first welcome', () => {
  it('shows the address and the key', () => {
    const { accessKeyId, secretAccessKey } = server.newAdministratorKey!;
    const text = welcome(server);

    expect(text).toContain(`${server.config.publicUrl}/graphql`);
    expect(text).toContain(`Administrator key  ${accessKeyId}.${secretAccessKey}\n`);
    expect(text).toContain(`AWS SDKs           ${server.config.publicUrl}  (as the endpoint)\n`);
    expect(text).toContain('Shown this once');
    expect(text).toMatch(/\nnpm run demo\n/);
  });

  it('has calls that work as they stand, one after the other', async () => {
    const [, calls = ''] = /for a shell:\n\n([\s\S]+?)\n\nThe whole story/.exec(welcome(server)) ?? [];
    const { stdout, stderr } = await shell(calls);
    const [pool, guest, credentials] = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).data);
    const id = expect.stringMatching(/^us-east-1:[0-9a-f-]{36}$/);

    expect(stderr).toBe('');
    expect(pool).toEqual({ createIdentityPool: { identityPool: { id } } });
    expect(guest).toEqual({ getId: { identityId: id } });
    expect(credentials.getCredentialsForIdentity.credentials).toEqual({
      accessToken: expect.stringMatching(/^ey/),
      expiration: expect.any(String),
    });
  });

  it('is plain text that fits a terminal of 140 columns', () => {
    // eslint-disable-next-line no-control-regex
    expect(welcome(server)).not.toMatch(/\x1b/);
    expect(
      Math.max(
        ...welcome(server)
          .split('\n')
          .map((line) => line.length),
      ),
    ).toBeLessThanOrEqual(140);
  });
});

describe('a later welcome', () => {
  const later = (administratorKey?: typeof TEST_ADMIN): string =>
    welcome({ ...server, newAdministratorKey: undefined, config: { ...server.config, administratorKey } });

  it('says how to get a key when the first one was lost', () => {
    expect(later()).toContain('npm run admin-key makes a new one');
  });

  it('names the configured key without its secret', () => {
    expect(later(TEST_ADMIN)).toContain('the key in ROCKPOOL_ADMIN_ACCESS_KEY_ID');
    expect(later(TEST_ADMIN)).not.toContain(TEST_ADMIN.secretAccessKey);
  });
});
