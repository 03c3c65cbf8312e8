import { Command, CommanderError } from 'commander';
import { importCognito, type ExitCode, type Terminal } from './import-cognito/command';
import { givenOptions, withOptions } from './import-cognito/options';

/** Runs `rockpool` with these arguments; answers its exit code. Never throws for what the caller did wrong. */
export const rockpool = async (args: string[], terminal: Terminal): Promise<ExitCode> => {
  let code: ExitCode = 0;
  const program = new Command('rockpool').description('Tools for a Rockpool that runs elsewhere');
  const cognito = program
    .command('import')
    .description('brings identities and their data over from another service')
    .command('cognito')
    .description('Amazon Cognito identity pools and Cognito Sync, or anything that speaks as they do');
  withOptions(cognito).action(async (options: Parameters<typeof givenOptions>[0]) => {
    code = await importCognito(givenOptions(options), terminal);
  });
  for (const command of [program, ...program.commands, cognito]) silence(command, terminal);
  try {
    await program.parseAsync(args, { from: 'user' });
    return code;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? 0 : 2;
  }
};

/** Commander would end the process itself. */
const silence = (command: Command, { out, err }: Terminal): void => {
  command.exitOverride().configureOutput({
    writeOut: (text) => {
      out.write(text);
    },
    writeErr: (text) => {
      err.write(text);
    },
  });
};

/** The first Ctrl+C ends what runs between two steps; a second one ends the process at once. */
const abortOnSignals = (): AbortSignal => {
  const controller = new AbortController();
  const abort = (): void => controller.abort();
  process.once('SIGINT', abort);
  process.once('SIGTERM', abort);
  return controller.signal;
};

/** The entry of the `rockpool` command. */
export const main = async (): Promise<void> => {
  const terminal = { out: process.stdout, err: process.stderr, signal: abortOnSignals() };
  process.exitCode = await rockpool(process.argv.slice(2), terminal);
};
