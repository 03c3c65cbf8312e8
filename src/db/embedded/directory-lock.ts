import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createPrivateFile, readFileIfAny, replacePrivateFile } from './private-file';
import { identifyProcess } from './processes';

const RETRY_MS = 20;
const GIVE_UP_MS = 360_000;
const RELEASED = 'released';

/*
 * The lock is a directory of numbered files; the highest number has it. A file says which process holds it, or that it
 * was released. Taking the lock is making the next number, which only one can do, once the highest is released or its
 * process is gone. The highest is never deleted, so a slow contender who acts on an old listing makes a number that
 * is not the highest, sees so, and tries again: breaking a dead process's lock has no window in which two succeed.
 */

const highest = async (directory: string): Promise<number> => {
  const numbers = (await readdir(directory)).filter((name) => /^\d+$/.test(name)).map(Number);
  return Math.max(0, ...numbers);
};

const isFree = async (directory: string, number: number): Promise<boolean> => {
  if (number === 0) return true;
  const holder = await readFileIfAny(join(directory, String(number)));
  // It vanished: somebody took a higher number since.
  if (holder === undefined) return false;
  return holder === RELEASED || (await identifyProcess(parseInt(holder, 10))) !== holder;
};

const removeBelow = async (directory: string, number: number): Promise<void> => {
  const old = (await readdir(directory)).filter((name) => /^\d+$/.test(name) && Number(name) < number);
  await Promise.all(old.map((name) => rm(join(directory, name), { force: true })));
};

const tryTake = async (directory: string, holder: string): Promise<string | undefined> => {
  const top = await highest(directory);
  if (!(await isFree(directory, top))) return undefined;
  const mine = join(directory, String(top + 1));
  if (!(await createPrivateFile(mine, holder))) return undefined;
  if ((await highest(directory)) !== top + 1) {
    await rm(mine, { force: true });
    return undefined;
  }
  await removeBelow(directory, top + 1);
  return mine;
};

const take = async (directory: string): Promise<string> => {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const holder = (await identifyProcess(process.pid)) ?? String(process.pid);
  for (const deadline = Date.now() + GIVE_UP_MS; Date.now() < deadline; await sleep(RETRY_MS)) {
    const mine = await tryTake(directory, holder);
    if (mine !== undefined) return mine;
  }
  throw new Error(`Another process has kept the lock ${directory} for ${GIVE_UP_MS / 1000} seconds`);
};

/** Runs the work while no other process, nor another caller in this one, runs work under the same directory's lock. */
export const withDirectoryLock = async <T>(directory: string, work: () => Promise<T>): Promise<T> => {
  const mine = await take(directory);
  try {
    return await work();
  } finally {
    await replacePrivateFile(mine, RELEASED);
  }
};
