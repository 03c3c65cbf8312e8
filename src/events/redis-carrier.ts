import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import type { ChangeCarrier } from './change-carrier';
import { reasonOf } from '../redis/connection';
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
 * Has the hub's changes carried by Redis's publish and subscribe, for nodes that have a Redis: writes then put no load
 * on the database beside their own. The subscription is made anew whenever the connection is, and what may have been
 * missed in between is said to the hub.
 */
export const carryByRedis = (
  { publisher, subscriber }: RedisConnections,
  hub: ChangeHub,
  log: Logger,
): ChangeCarrier => {
  const carrier = carrierOf(hub, (payloads) => publish(publisher, payloads), log);
  const subscribe = (): void =>
    void subscriber.subscribe(CHANNEL).then(
      () => hub.missed(),
      (error: unknown) =>
        log.warn({ reason: reasonOf(error) }, 'changes at other nodes cannot be listened to'),
    );
  subscriber.on('message', (_channel, payload) => carrier.receive(payload));
  subscriber.on('ready', subscribe);
  if (subscriber.status === 'ready') subscribe();
  const probe = setInterval(() => void subscriber.ping().catch(() => undefined), PROBE_EVERY).unref();
  hub.carryWith(carrier);
  return {
    send: (change) => carrier.send(change),
    close: async () => {
      clearInterval(probe);
      subscriber.off('ready', subscribe);
      await carrier.close();
    },
  };
};

const publish = async (redis: Redis, payloads: string[]): Promise<void> => {
  try {
    await Promise.all(payloads.map((payload) => redis.publish(CHANNEL, payload)));
  } catch (error) {
    throw new Error(reasonOf(error), { cause: error });
  }
};
