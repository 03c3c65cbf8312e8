import { createServer } from 'node:net';
import { join } from 'node:path';
import { readFileIfAny, replacePrivateFile } from './private-file';

const POSTGRES_DEFAULT = 5432;

const listenOnce = (port: number): Promise<number | undefined> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' ? address?.port : undefined));
    });
  });

const freePort = async (): Promise<number> => {
  const port = await listenOnce(0);
  return port === undefined || port === POSTGRES_DEFAULT ? freePort() : port;
};

/** The loopback port that this data directory's server had before, if it is still free, else another. Never 5432. */
export const choosePort = async (dataDir: string): Promise<number> => {
  const remembered = Number(await readFileIfAny(join(dataDir, 'port')));
  const usable = Number.isInteger(remembered) && remembered > 1023 && remembered < 65536;
  return (usable ? await listenOnce(remembered) : undefined) ?? freePort();
};

/** Keeps the port for the next start. */
export const rememberPort = (dataDir: string, port: number): Promise<void> =>
  replacePrivateFile(join(dataDir, 'port'), `${port}\n`);
