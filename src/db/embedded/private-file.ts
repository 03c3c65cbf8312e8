import { randomUUID } from 'node:crypto';
import { link, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Puts the names in a directory on disk, so that what was made or renamed there outlives a power failure. */
export const syncDirectory = async (directory: string): Promise<void> => {
  // Windows cannot open a directory, and needs no such call.
  if (process.platform === 'win32') return;
  const handle = await open(directory, 'r');
  await handle.sync().finally(() => handle.close());
};

const writeBeside = async (path: string, text: string): Promise<string> => {
  const temporary = `${path}.${randomUUID()}.tmp`;
  const handle = await open(temporary, 'wx', 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  return temporary;
};

/** Writes a whole file with mode 0600, or leaves the old one: a crash never shows a half of it. */
export const replacePrivateFile = async (path: string, text: string): Promise<void> => {
  await rename(await writeBeside(path, text), path);
  await syncDirectory(dirname(path));
};

/** Makes a file with mode 0600 and all of its text at once. False when it was already there, which is then left alone. */
export const createPrivateFile = async (path: string, text: string): Promise<boolean> => {
  const temporary = await writeBeside(path, text);
  try {
    await link(temporary, path);
    await syncDirectory(dirname(path));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(temporary, { force: true });
  }
};

/** The text of a file, or undefined when there is no such file. Other failures throw. */
export const readFileIfAny = async (path: string): Promise<string | undefined> => {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
};
