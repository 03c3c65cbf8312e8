import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { StreamTargetSettings } from '../../src/streams/targets/target-settings';
import { newWebhookSecret } from '../../src/webhooks/webhook-secret';
import { startFakeNats, type FakeNats } from '../support/fake-nats';
import { startFakeRedis, type FakeRedis } from '../support/fake-redis';
import { answerWith, startReceiver, type Receiver } from '../support/receiver';
import { makeTlsCertificate } from '../support/tls-certificate';

/** Runs a file of test/support in a process of its own; answers the JSON that it prints. */
const run = async (file: string, argument: object, env: NodeJS.ProcessEnv = {}): Promise<any> => {
  const args = ['-r', '@swc-node/register', join(__dirname, '../support', file), JSON.stringify(argument)];
  const cwd = join(__dirname, '../..');
  const { stdout } = await promisify(execFile)(process.execPath, args, {
    cwd,
    env: { ...process.env, ...env },
  });
  return JSON.parse(stdout);
};

test('A target loads its client when something is put, not before', async () => {
  expect(await run('list-loaded.ts', {})).toEqual(['standardwebhooks']);
});

describe('over TLS', () => {
  const certificate = makeTlsCertificate('secure.example');
  let directory: string;
  let receiver: Receiver;
  let nats: FakeNats;
  let redis: FakeRedis;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'rockpool-tls-'));
    await writeFile(join(directory, 'ca.pem'), certificate.cert);
    receiver = await startReceiver(certificate);
    receiver.answer = answerWith(200, {}, '{"Records":[{"SequenceNumber":"1","ShardId":"s"}]}');
    nats = await startFakeNats(certificate);
    redis = await startFakeRedis(certificate);
  });

  afterAll(async () => {
    await Promise.all([receiver.close(), nats.close(), redis.close()]);
    await rm(directory, { recursive: true });
  });

  const settingsAt = (host: string): StreamTargetSettings[] => [
    { type: 'webhook', url: `https://${host}:${receiver.port}`, secret: newWebhookSecret(), maxBytes: 1000 },
    { type: 'nats', servers: [`tls://${host}:${nats.port}`], subject: 'events', maxBytes: 1000 },
    { type: 'redis', url: `rediss://${host}:${redis.port}`, key: 'events', maxLength: 10, maxBytes: 1000 },
    {
      type: 'kinesis',
      streamName: 'events',
      region: 'us-east-1',
      accessKeyId: 'AKIA',
      secretAccessKey: 'secret',
      endpoint: `https://${host}:${receiver.port}`,
    },
  ];

  const outcomesAt = async (host: string, env: NodeJS.ProcessEnv): Promise<string[]> => {
    const outcomes = (await run('put-over-tls.ts', settingsAt(host), env)) as { outcome: string }[];
    return outcomes.map(({ outcome }) => outcome);
  };

  test('every target takes a server whose certificate is trusted and for its host', async () => {
    const trusted = { NODE_EXTRA_CA_CERTS: join(directory, 'ca.pem') };

    expect(await outcomesAt('secure.example', trusted)).toEqual(Array(4).fill('DELIVERED'));
  });

  test('no target takes one whose certificate is for another host', async () => {
    const trusted = { NODE_EXTRA_CA_CERTS: join(directory, 'ca.pem') };

    expect(await outcomesAt('other.example', trusted)).toEqual(Array(4).fill('RETRY'));
  });

  test('no target takes one whose certificate is not trusted', async () => {
    expect(await outcomesAt('secure.example', {})).toEqual(Array(4).fill('RETRY'));
  });
});
