import 'reflect-metadata';
import { loadConfig, type Config } from '../config';
import { GraphqlError } from './graphql';
import { narrator, type Narrator } from './print';
import { addressOf, isRockpool, joinServer, startThrowAway, type Playground } from './server';
import { playStory } from './story';

// The entry of `npm run demo`.

const main = async (): Promise<void> => {
  const tell = narrator((line) => process.stdout.write(`${line}\n`));
  const interrupted = abortOnSignals();
  const playground = await findPlayground(loadConfig(), tell);
  try {
    await playStory(playground.admin, tell, interrupted);
  } finally {
    await playground.close();
  }
  tell.note('The demo has deleted its pool with everything in it, its roles and its issuer.');
};

/** The first Ctrl+C ends the story between two parts and cleans up; a second one ends the process at once. */
const abortOnSignals = (): AbortSignal => {
  const controller = new AbortController();
  const abort = (): void => controller.abort(new Error('It was interrupted.'));
  process.once('SIGINT', abort);
  process.once('SIGTERM', abort);
  return controller.signal;
};

const findPlayground = async (config: Config, tell: Narrator): Promise<Playground> => {
  const url = addressOf(config);
  if (await isRockpool(url)) {
    tell.note(`Playing on the server at ${url}.`);
    return joinServer(config, url);
  }
  tell.note(`No Rockpool answers at ${url} (npm start starts one there).`);
  tell.note('Starting a server for this demo alone; it goes away with all of its data at the end.');
  return startThrowAway(config);
};

const inPlainWords = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  const isUnreachable = error instanceof GraphqlError && error.extensions.code === 'EXTERNAL_SERVICE';
  return isUnreachable
    ? `${error.message} The demo’s issuer runs on this machine, and so must the server.`
    : error.message;
};

main().catch((error: unknown) => {
  console.error(`\nThe demo failed. ${inPlainWords(error)}`);
  process.exitCode = 1;
});
