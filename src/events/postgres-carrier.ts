import type { Logger } from 'pino';
import type { DataSource } from 'typeorm';
import type { Notices } from '../db/open-database';
import { hubOf } from './change-hub';
import { carrierOf } from './listening-carrier';

/** The LISTEN channel on which nodes tell each other of changed datasets. */
const CHANGES_CHANNEL = 'rockpool_changes';

/** For this transaction alone, nobody waits for the disk: a notice is not kept there. */
const NOTIFY = `SELECT set_config('synchronous_commit', 'off', true), pg_notify($1, payload)
  FROM unnest($2::text[]) AS payload`;

/**
 * Has the hub's changes carried by NOTIFY, gathered, on a connection of the pool and never inside a transaction of a
 * caller's: a transaction with a NOTIFY takes a lock of the whole server when it commits, so writes would wait for
 * each other. Answers what has to be listened to.
 */
export const carryByPostgres = (dataSource: DataSource, log: Logger): Notices => {
  const hub = hubOf(dataSource);
  const publish = (payloads: string[]): Promise<unknown> =>
    dataSource.query(NOTIFY, [CHANGES_CHANNEL, payloads]);
  const carrier = carrierOf(hub, publish, log);
  hub.carryWith(carrier);
  return {
    handlers: { [CHANGES_CHANNEL]: (payload) => carrier.receive(payload) },
    onReconnect: () => hub.missed(),
    close: () => carrier.close(),
  };
};
