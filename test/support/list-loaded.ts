import { targetFor } from '../../src/streams/targets/target-for';
import type { StreamTargetSettings } from '../../src/streams/targets/target-settings';
import { targetOptions } from './stream-puts';

/** A process of its own: prints the clients that are loaded when there is a target of each kind, but nothing was put yet. */
const main = (): void => {
  const maxBytes = 1_000_000;
  const kinds: StreamTargetSettings[] = [
    { type: 'webhook', url: 'https://hooks.example', secret: 'whsec_', maxBytes },
    { type: 'nats', servers: ['tls://nats.example'], subject: 'events', maxBytes },
    { type: 'redis', url: 'rediss://redis.example', key: 'events', maxLength: 10, maxBytes },
    { type: 'kinesis', streamName: 'events', region: 'us-east-1', accessKeyId: 'A', secretAccessKey: 's' },
  ];
  for (const settings of kinds) targetFor(settings, targetOptions());
  const packages = /node_modules[\\/](@aws-sdk|@nats-io|ioredis|standardwebhooks)[\\/]/;
  const loaded = Object.keys(require.cache).flatMap((path) => packages.exec(path)?.[1] ?? []);
  console.log(JSON.stringify([...new Set(loaded)]));
};

main();
