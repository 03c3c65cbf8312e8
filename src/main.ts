import 'reflect-metadata';
import { ConfigError, isWeakSecret, loadConfig, type Config } from './config';
import { welcome } from './welcome';
import { start, type RunningServer } from './start';

/** The process entry: configuration, start, signals. The only file that may exit. */
const main = async (): Promise<void> => {
  const config = readConfig();
  warnOfWeakSecrets(config);
  const server = await start(config);
  stopOnSignals(server);
  process.stdout.write(welcome(server));
};

const readConfig = (): Config => {
  try {
    return loadConfig();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    console.error(error.message);
    process.exit(1);
  }
};

const warnOfWeakSecrets = ({ administratorKey, secret }: Config): void => {
  if (administratorKey && isWeakSecret(administratorKey.secretAccessKey))
    console.warn('Warning: ROCKPOOL_ADMIN_SECRET_ACCESS_KEY is easy to guess. Use: openssl rand -hex 20');
  if (secret && isWeakSecret(secret))
    console.warn('Warning: ROCKPOOL_SECRET is easy to guess. Use: openssl rand -hex 32');
};

const stopOnSignals = (server: RunningServer): void => {
  let stopping = false;
  const stop = (): void => {
    if (stopping) process.exit(1);
    stopping = true;
    server.stop().then(
      () => process.exit(0),
      (error: unknown) => {
        console.error(error);
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
};

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
});
