import type { DataSource } from 'typeorm';
import { loadConfig } from './src/config';
import { createDataSource } from './src/db/data-source';
import { startEmbeddedPostgres } from './src/db/embedded/embedded-postgres';

const connectTo = (url: string): DataSource => createDataSource({ url, poolSize: 1, timeouts: false });

/** The embedded database, of a Rockpool that runs now or started for the command and ended with it. */
const connectToEmbedded = async (dataDir: string): Promise<DataSource> => {
  const embedded = await startEmbeddedPostgres({
    dataDir,
    log: (message) => process.stderr.write(`${message}\n`),
  });
  const dataSource = connectTo(embedded.url);
  const destroy = dataSource.destroy.bind(dataSource);
  dataSource.destroy = async () => {
    await destroy();
    await embedded.stop();
  };
  return dataSource;
};

const { directDatabaseUrl, dataDir } = loadConfig();

/** The database of the TypeORM command line, the same that Rockpool itself would use. */
export default directDatabaseUrl === undefined
  ? connectToEmbedded(dataDir)
  : Promise.resolve(connectTo(directDatabaseUrl));
