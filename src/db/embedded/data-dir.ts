import { randomBytes } from 'node:crypto';
import { chmod, mkdir, realpath } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { createPrivateFile, readFileIfAny } from './private-file';

const chmodUpTo = async (first: string, directory: string, mode: number): Promise<void> => {
  await chmod(directory, mode);
  if (directory !== first) await chmodUpTo(first, dirname(directory), mode);
};

/**
 * Makes the data directory when there is none and returns its real path. Its own files are private; root's can be
 * passed through, not listed, because root's database server runs under another user.
 */
export const openDataDir = async (dataDir: string): Promise<string> => {
  const directory = resolve(dataDir);
  const first = await mkdir(directory, { recursive: true });
  // mkdir's own mode is cut down by the umask, which may be 077.
  if (first !== undefined) await chmodUpTo(first, directory, process.getuid?.() === 0 ? 0o711 : 0o700);
  return realpath(directory);
};

/**
 * A secret of 32 random bytes in hex, made on first use, kept under `secrets/` with mode 0600, the same for all that
 * ask at once.
 */
export const loadSecret = async (dataDir: string, name: string): Promise<string> => {
  const directory = join(await openDataDir(dataDir), 'secrets');
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const path = join(directory, name);
  const known = await readFileIfAny(path);
  if (known === undefined) await createPrivateFile(path, `${randomBytes(32).toString('hex')}\n`);
  const secret = (known ?? (await readFileIfAny(path)) ?? '').trim();
  if (!/^[0-9a-f]{64}$/.test(secret))
    throw new Error(`${path} is damaged: it must hold 64 hexadecimal digits`);
  return secret;
};
