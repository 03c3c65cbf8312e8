import 'reflect-metadata';
import { loadConfig } from '../../src/config';
import { start } from '../../src/start';

/*
 * A node as `src/main.ts` starts it, but that what it was delivering when it was killed is free again after 5 seconds: its
 * test would wait for half a minute otherwise.
 */
void start(loadConfig(), { timings: { streamLease: 5000 } }).then((server) => {
  process.once('SIGTERM', () => void server.stop().then(() => process.exit(0)));
});
