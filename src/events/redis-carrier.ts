import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import type { ChangeCarrier } from './change-carrier';
import type { ChangeHub } from './change-hub';
import { carrierOf } from './listening-carrier';

const CHANNEL = 'rockpool:changes';

/** Milliseconds between two questions whether the connection that listens is alive. */
const PROBE_EVERY = 5_000;

/** Two connections: one that subscribes takes no other commands. Whoever opened them ends them. */
export interface RedisConnections {
  publisher: Redis;
  subscriber: Redis;
}

/**
 * Carries changes by Redis's publish and subscribe, for nodes that have a Redis: writes then put no load on the
 * database beside their own. The subscription is made anew whenever the connection is, and what may have been missed
 * in between is said to the hub.
 */
export const redisCarrier = (
  { publisher, subscriber }: RedisConnections,
  hub: ChangeHub,
  log: Logger,
): ChangeCarrier => {
  const publish = (payloads: string[]): Promise<unknown> =>
    Promise.all(payloads.map((payload) => publisher.publish(CHANNEL, payload)));
  const carrier = carrierOf(hub, publish, log);
  const subscribe = (): void =>
    void subscriber.subscribe(CHANNEL).then(
      () => hub.missed(),
      () => undefined,
    );
  subscriber.on('message', (_channel, payload) => carrier.receive(payload));
  subscriber.on('ready', subscribe);
  if (subscriber.status === 'ready') subscribe();
  const probe = setInterval(() => void subscriber.ping().catch(() => undefined), PROBE_EVERY).unref();
  return {
    send: (change) => carrier.send(change),
    close: async () => {
      clearInterval(probe);
      subscriber.off('ready', subscribe);
      await carrier.close();
    },
  };
};
