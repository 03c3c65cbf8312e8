import { randomUUID } from 'node:crypto';
import { ConfigError } from '../../config';
import { CheckpointError, openCheckpoint } from './checkpoint';
import { sendTo } from './graphql-target';
import { bearerOf, loginsOf, requireTwoPlaces, UsageError, type GivenOptions } from './options';
import { printable } from './printable';
import { progressOn, type Output } from './progress';
import { Report, reportText } from './report';
import { Interrupted, type Choices, type Run } from './run';
import { openSource, type SourceSettings } from './source';
import { liveTarget, rehearsal } from './target';
import { walkCognito } from './walk';
import { whyItBrokeOff } from './why-it-broke-off';

/** Where a command writes to and when it ends. */
export interface Terminal {
  /** The report. */
  out: Output;
  /** Progress and errors. */
  err: Output;
  /** Set when the operator wants it to end. */
  signal: AbortSignal;
}

/** 0: everything came over. 1: something is left, and listed. 2: it was not called as it should be. */
export type ExitCode = 0 | 1 | 2;

/** Runs `rockpool import cognito`. Never throws; says on `err` what is wrong. */
export const importCognito = async (given: GivenOptions, terminal: Terminal): Promise<ExitCode> => {
  let run: Run;
  try {
    run = openRun(given, terminal);
  } catch (error) {
    if (!isUsage(error)) throw error;
    terminal.err.write(`${error.message}\n`);
    return 2;
  }
  const isDone = await carryOut(run, given, terminal);
  terminal.out.write(given.json ? `${jsonOf(run, given, isDone)}\n` : textOf(run, given, isDone));
  return isDone && run.report.isComplete ? 0 : 1;
};

const isUsage = (error: unknown): error is Error =>
  error instanceof UsageError || error instanceof CheckpointError || error instanceof ConfigError;

const openRun = (given: GivenOptions, { err, signal }: Terminal): Run => {
  requireTwoPlaces(given);
  const send = sendTo({ url: given.to, bearer: bearerOf(given) });
  const logins = loginsOf(given);
  const startedAt = new Date();
  const subject = subjectOf(given);
  const checkpoint = openCheckpoint(given.dryRun ? undefined : given.state, {
    runId: `${startedAt.toISOString()} ${randomUUID()}`,
    subject,
    startedAt,
  });
  const report = new Report(checkpoint.report);
  report.forget(['roles', 'providers', 'pools']);
  return {
    id: checkpoint.runId,
    choices: choicesOf(given),
    source: openSource(settingsOf(given)),
    target: given.dryRun ? rehearsal(send, checkpoint.runId) : liveTarget(send),
    report,
    progress: progressOn(err),
    checkpoint,
    logins,
    signal,
  };
};

/** What a checkpoint holds for. */
const subjectOf = (given: GivenOptions): string => {
  const { region, profile, pool } = given;
  const { identityEndpoint, syncEndpoint } = settingsOf(given);
  const from = [profile, region, identityEndpoint, syncEndpoint].filter((part) => part !== undefined);
  return `${from.join(' ') || 'AWS'}, ${pool.join(' ') || 'all pools'}, to ${given.to}`;
};

const choicesOf = (given: GivenOptions): Choices => {
  const hasIam = settingsOf(given).identityEndpoint === undefined || given.iamEndpoint !== undefined;
  return {
    pools: given.pool,
    concurrency: given.concurrency,
    roles: given.roles ?? (hasIam ? 'iam' : 'default'),
    claimLogins: given.claimLogins,
    deletes: given.delete,
    overwrite: given.overwrite,
  };
};

const settingsOf = (given: GivenOptions): SourceSettings => ({
  region: given.region,
  profile: given.profile,
  identityEndpoint: given.identityEndpoint ?? given.endpoint,
  syncEndpoint: given.syncEndpoint ?? given.endpoint,
  iamEndpoint: given.iamEndpoint,
  rate: given.rate,
});

/** Whether it came to its end. */
const carryOut = async (run: Run, given: GivenOptions, { err }: Terminal): Promise<boolean> => {
  try {
    await walkCognito(run);
    if (run.checkpoint.isDone()) run.checkpoint.finish();
    return true;
  } catch (error) {
    run.progress.stop();
    const why =
      error instanceof Interrupted
        ? error.message
        : `The import broke off. ${whyItBrokeOff(error, given.to)}`;
    err.write(`${printable(why)}${howItGoesOn(run, given)}\n`);
    return false;
  } finally {
    run.progress.stop();
    run.source.close();
  }
};

const howItGoesOn = ({ report }: Run, { dryRun, state }: GivenOptions): string => {
  if (dryRun) return '';
  if (state !== undefined) return ` With --state ${state} it goes on from here.`;
  return report.isEmpty ? '' : ' What came over stays: the same command finds it unchanged, and goes on.';
};

const textOf = ({ report }: Run, { dryRun }: GivenOptions, isDone: boolean): string => {
  const nothing = dryRun ? 'A dry run: nothing was written.' : 'Nothing was written.';
  if (!isDone && report.isEmpty) return `${nothing}\n`;
  const head = dryRun ? `${nothing} ${isDone ? 'An import would do this' : 'It came as far as this'}:\n` : '';
  return `${head}${reportText(report.data)}`;
};

const jsonOf = ({ report }: Run, { dryRun }: GivenOptions, isFinished: boolean): string =>
  JSON.stringify({ dryRun, finished: isFinished, ...report.data }, null, 2);
