import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';
import { awsDoor } from '../../scenarios/doors/aws';
import type { Caller } from '../../scenarios/door';
import { openStage, type Stage } from '../../scenarios/stage';

/* The aws command line (botocore), where there is one: Debian's package `awscli`, or the one that AWS_CLI names. */

const AWS_CLI = process.env.AWS_CLI ?? '/usr/bin/aws';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage(awsDoor);
});
afterAll(() => stage?.close());

/** Runs one command as somebody and answers its JSON. */
const aws = async (caller: Caller | undefined, ...command: string[]): Promise<any> => {
  const keys = caller && {
    AWS_ACCESS_KEY_ID: caller.accessKeyId,
    AWS_SECRET_ACCESS_KEY: caller.secretAccessKey,
    ...(caller.sessionToken === undefined ? {} : { AWS_SESSION_TOKEN: caller.sessionToken }),
  };
  const args = [...command, '--endpoint-url', stage.server.url, '--region', 'us-east-1', '--output', 'json'];
  const env = {
    PATH: process.env.PATH,
    HOME: '/nonexistent',
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_PAGER: '',
    LC_ALL: 'C.UTF-8',
    ...keys,
  };
  const { stdout } = await promisify(execFile)(AWS_CLI, caller ? args : [...args, '--no-sign-request'], {
    env,
  });
  return stdout.trim() === '' ? undefined : JSON.parse(stdout);
};

const withCli = existsSync(AWS_CLI) ? test : test.skip;

withCli(
  // Each command is a start of Python, of seconds on a small machine: one of each kind of call, and no more.
  'an administrator makes a pool, somebody becomes a guest without keys, and a guest writes what the server answers',
  async () => {
    const ofPool = ['--identity-pool-id', await stage.newPool()];
    const { identityId, credentials } = await stage.newGuest(ofPool[1]!);
    const dataset = [...ofPool, '--identity-id', identityId, '--dataset-name', 'a:b.c'];
    const patches = JSON.stringify([{ Op: 'replace', Key: 'größe', Value: '✓', SyncCount: 0 }]);

    const pool = await aws(
      stage.administrator,
      ...['cognito-identity', 'create-identity-pool', '--identity-pool-name', 'by the command line'],
      '--allow-unauthenticated-identities',
    );
    const other = await aws(undefined, 'cognito-identity', 'get-id', ...ofPool);
    const { SyncSessionToken } = await aws(credentials, 'cognito-sync', 'list-records', ...dataset);
    const { Records } = await aws(
      credentials,
      ...['cognito-sync', 'update-records', ...dataset, '--sync-session-token', SyncSessionToken],
      ...['--record-patches', patches],
    );

    expect(pool).toMatchObject({
      IdentityPoolName: 'by the command line',
      AllowUnauthenticatedIdentities: true,
    });
    expect(other.IdentityId).toMatch(/^us-east-1:/);
    expect(Records).toMatchObject([{ Key: 'größe', Value: '✓', SyncCount: 1 }]);
  },
  120_000,
);

withCli(
  'what is refused is told by its exception',
  async () => {
    const refused = aws(
      { ...stage.administrator, secretAccessKey: 'another' },
      ...['cognito-identity', 'list-identity-pools', '--max-results', '1'],
    );

    await expect(refused).rejects.toMatchObject({
      stderr: expect.stringContaining('(InvalidSignatureException)'),
    });
  },
  60_000,
);
