import { readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/** The system user that PostgreSQL's programs run under; undefined means the one that runs Rockpool. */
export type Account = { uid: number; gid: number } | undefined;

const ownerOf = async (path: string): Promise<Account> => {
  const found = await stat(path).catch(() => undefined);
  return found === undefined || found.uid === 0 ? undefined : { uid: found.uid, gid: found.gid };
};

const findInPasswd = (passwd: string, user: string): Account => {
  const fields = passwd
    .split('\n')
    .map((line) => line.split(':'))
    .find(([name]) => name === user);
  return fields === undefined ? undefined : { uid: Number(fields[2]), gid: Number(fields[3]) };
};

/**
 * The account for a database directory. PostgreSQL refuses to run as root, and initdb needs an account with a name:
 * for root that is the owner of a directory that is already there, else `postgres`, else `nobody`.
 */
export const chooseAccount = async (databaseDirectory: string): Promise<Account> => {
  if (process.getuid?.() !== 0) return undefined;
  const passwd = await readFile('/etc/passwd', 'utf8').catch(() => '');
  const account =
    (await ownerOf(databaseDirectory)) ?? findInPasswd(passwd, 'postgres') ?? findInPasswd(passwd, 'nobody');
  if (account !== undefined) return account;
  throw new Error(
    'PostgreSQL does not run as root, and there is no user named postgres or nobody to run it. ' +
      'Start Rockpool as another user, or set DATABASE_URL to use a PostgreSQL server of your own.',
  );
};

const canPass = async (directory: string, account: NonNullable<Account>): Promise<boolean> => {
  const { mode, uid, gid } = await stat(directory);
  if (uid === account.uid) return (mode & 0o100) !== 0;
  return (mode & (gid === account.gid ? 0o010 : 0o001)) !== 0;
};

/** The uppermost directory on the way to a path that the account may not pass through; undefined when there is none. */
export const findBarrier = async (directory: string, account: Account): Promise<string | undefined> => {
  if (account === undefined) return undefined;
  const parent = dirname(directory);
  const above = parent === directory ? undefined : await findBarrier(parent, account);
  return above ?? ((await canPass(directory, account)) ? undefined : directory);
};
