import { kinesisTarget } from './kinesis';
import { natsTarget } from './nats';
import { redisTarget } from './redis-stream';
import type { StreamTarget, TargetOptions } from './stream-target';
import type { StreamTargetSettings } from './target-settings';
import { webhookTarget } from './webhook';

/**
 * The target of these settings. It connects, and loads the client that it needs, when something is put for the first
 * time; close it in the end.
 */
export const targetFor = (settings: StreamTargetSettings, options: TargetOptions): StreamTarget => {
  switch (settings.type) {
    case 'webhook':
      return webhookTarget(settings, options);
    case 'nats':
      return natsTarget(settings, options);
    case 'redis':
      return redisTarget(settings, options);
    case 'kinesis':
      return kinesisTarget(settings, options);
  }
};
