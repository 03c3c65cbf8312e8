import { readFile } from 'node:fs/promises';
import { run } from './run';

const exists = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
};

const startTicks = async (pid: number): Promise<string | undefined> => {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // The command name in brackets may hold spaces and brackets of its own, so fields count from the last one.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' ? undefined : fields[19];
};

const askPs = async (pid: number, column: string): Promise<string | undefined> => {
  const { output } = await run('/bin/ps', ['-ww', '-p', String(pid), '-o', `${column}=`], undefined);
  return output === '' ? undefined : output;
};

/**
 * A text that names one running process, and stays different when the system gives its pid to another; undefined when
 * no such process runs. A zombie does not run. Windows does not tell the start, so there the pid alone has to do.
 */
export const identifyProcess = async (pid: number): Promise<string | undefined> => {
  if (process.platform === 'win32') return exists(pid) ? String(pid) : undefined;
  const start = process.platform === 'linux' ? await startTicks(pid) : await askPs(pid, 'lstart');
  return start === undefined ? undefined : `${pid}@${start}`;
};

/** Whether the process runs and has the text in its command line. Windows does not tell, so there whether it runs. */
export const commandLineHas = async (pid: number, text: string): Promise<boolean> => {
  if (process.platform === 'win32') return exists(pid);
  const commandLine =
    process.platform === 'linux'
      ? await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => undefined)
      : await askPs(pid, 'command');
  return commandLine?.includes(text) ?? false;
};
