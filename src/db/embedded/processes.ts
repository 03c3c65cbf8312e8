import { readFile } from 'node:fs/promises';

const exists = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
};

const fromProc = async (pid: number): Promise<string | undefined> => {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // The command name in brackets may hold spaces and brackets of its own, so fields count from the last one.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, startTicks] = [fields[0], fields[19]];
  return startTicks === undefined || state === 'Z' ? undefined : `${pid}@${startTicks}`;
};

/**
 * A text that names one running process and, on Linux, stays different when the system gives its pid to another;
 * undefined when no such process runs. A zombie does not run.
 */
export const identifyProcess = async (pid: number): Promise<string | undefined> => {
  if (process.platform === 'linux') return fromProc(pid);
  return exists(pid) ? String(pid) : undefined;
};

/** Whether the process has the text in its command line. Where the system does not tell, whether it runs. */
export const commandLineHas = async (pid: number, text: string): Promise<boolean> => {
  if (process.platform !== 'linux') return exists(pid);
  const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return commandLine.includes(text);
};
