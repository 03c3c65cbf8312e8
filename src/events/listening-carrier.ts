import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import { GatheringCarrier, type ChangeCarrier } from './change-carrier';
import type { ChangeHub } from './change-hub';
import { fromPayload } from './payload';

/** A carrier with what has to be done with the payloads that come in. */
export interface ListeningCarrier extends ChangeCarrier {
  receive(payload: string): void;
}

/** A carrier by whatever publishes to all nodes, this one included. */
export const carrierOf = (
  hub: ChangeHub,
  publish: (payloads: string[]) => Promise<unknown>,
  log: Logger,
): ListeningCarrier => {
  const nodeId = randomUUID();
  const carrier = new GatheringCarrier({ publish, nodeId, log });
  return {
    send: (change) => carrier.send(change),
    close: () => carrier.close(),
    receive: (text) => {
      const payload = fromPayload(text);
      if (!payload) hub.missed();
      else if (payload.node !== nodeId) hub.receive(payload.changes);
    },
  };
};
