import { readFileSync } from 'node:fs';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { loadConfig } from '../../config';
import { regionalId } from '../../validate';
import { LoginsFileError, parseLogins, type KnownLogin } from './logins-file';
import { ROLE_MODES, type RoleMode } from './run';

/** The options as they are given. */
export interface GivenOptions {
  region?: string;
  profile?: string;
  endpoint?: string;
  identityEndpoint?: string;
  syncEndpoint?: string;
  iamEndpoint?: string;
  pool: string[];
  to: string;
  key?: string;
  keyFile?: string;
  rate: number;
  concurrency: number;
  roles?: RoleMode;
  logins?: string;
  claimLogins: boolean;
  delete: boolean;
  overwrite: boolean;
  state?: string;
  dryRun: boolean;
  json: boolean;
}

/** An option that is missing or does not fit, in a sentence. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

const between =
  (low: number, high: number) =>
  (text: string): number => {
    const number = Number(text);
    if (/^\d+$/.test(text) && number >= low && number <= high) return number;
    throw new InvalidArgumentError(`It must be a whole number from ${low} to ${high}.`);
  };

const address = (text: string): string => {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url && /^https?:$/.test(url.protocol)) {
    if (url.username + url.password === '') return text;
    throw new InvalidArgumentError('It must name no user and no password, which would be shown.');
  }
  throw new InvalidArgumentError('It must be an address that starts with http:// or https://.');
};

const roleMode = (text: string): RoleMode => {
  const mode = ROLE_MODES.find((each) => each === text);
  if (mode) return mode;
  throw new InvalidArgumentError(`It must be one of ${ROLE_MODES.join(', ')}.`);
};

const poolId = (text: string, before: string[]): string[] => {
  if (regionalId.safeParse(text).success) return [...before, text];
  throw new InvalidArgumentError('It must look like us-east-1:01234567-89ab-cdef-0123-456789abcdef.');
};

const AFTER = `
Example:
  rockpool import cognito --region eu-central-1 --to https://sync.example.com --dry-run

It ends with 0 when everything came over, with 1 when something is left, which it lists, or when it broke off,
and with 2 when it was not called as it should be. docs/import.md has the rest.
`;

/** What an option that is not given means; Commander would print a default of its own beside each. */
const NOT_GIVEN = { claimLogins: false, delete: false, overwrite: false, dryRun: false, json: false };

/** The options as Commander has them, with those that were left out. */
export const givenOptions = (
  options: Omit<GivenOptions, keyof typeof NOT_GIVEN> & Partial<GivenOptions>,
): GivenOptions => ({ ...NOT_GIVEN, ...options });

/** Adds the options of `rockpool import cognito`. */
export const withOptions = (command: Command): Command =>
  command
    .option('--region <region>', 'of the source; else that of the profile or the environment')
    .option('--profile <name>', "of the AWS configuration; else the SDK's default credentials")
    .option('--endpoint <url>', 'of both services, for a source that is not AWS', address)
    .option('--identity-endpoint <url>', 'of Cognito Identity alone', address)
    .option('--sync-endpoint <url>', 'of Cognito Sync alone', address)
    .option('--iam-endpoint <url>', 'of IAM', address)
    .addOption(
      new Option('--pool <id>', 'an identity pool; may be given again').argParser(poolId).default([], 'all'),
    )
    .option('--to <url>', 'the Rockpool to import into', address, 'http://localhost:4000')
    .option(
      '--key-file <file>',
      'holds an administrator key, ID.SECRET; else ROCKPOOL_ADMIN_ACCESS_KEY_ID and ROCKPOOL_ADMIN_SECRET_ACCESS_KEY',
    )
    .option('--key <key>', 'the same on the command line, where others may see it')
    .option('--rate <n>', 'calls a second of ListIdentities and the like', between(1, 1000), 5)
    .option('--concurrency <n>', 'identities whose datasets are read at a time', between(1, 64), 8)
    .option(
      '--roles <mode>',
      'iam: as they are there; default: own-data roles under their ARNs; none',
      roleMode,
    )
    .option('--logins <file>', 'CSV or NDJSON of identityId, provider, subject: logins known for certain')
    .option('--claim-logins', 'the first login of a provider with an identity’s id becomes its own')
    .option('--delete', 'deletes datasets here that are gone at the source')
    .option('--overwrite', 'replaces settings of pools that were changed here')
    .option('--state <file>', 'where a run that breaks off goes on')
    .option('--dry-run', 'reads and counts, and writes nothing')
    .option('--json', 'prints the report as JSON')
    .addHelpText('after', AFTER);

/** @throws UsageError when a server would be imported into itself. */
export const requireTwoPlaces = ({ endpoint, identityEndpoint, syncEndpoint, to }: GivenOptions): void => {
  const { origin } = new URL(to);
  const sources = [endpoint, identityEndpoint, syncEndpoint].filter((url) => url !== undefined);
  if (sources.some((url) => new URL(url).origin === origin))
    throw new UsageError(`The source and the target are the same: ${origin}.`);
};

/** The administrator's key as a bearer. @throws UsageError when there is none. */
export const bearerOf = ({ key, keyFile }: GivenOptions): string => {
  const given = key ?? (keyFile === undefined ? bearerOfEnvironment() : readText(keyFile).trim());
  if (given === undefined)
    throw new UsageError(
      'An administrator key is needed: --key-file, or ROCKPOOL_ADMIN_ACCESS_KEY_ID and ROCKPOOL_ADMIN_SECRET_ACCESS_KEY in the environment.',
    );
  if (/^\w{3,128}\.[!-~]{8,128}$/.test(given)) return given;
  throw new UsageError('The administrator key must look like ID.SECRET.');
};

const bearerOfEnvironment = (): string | undefined => {
  const { administratorKey } = loadConfig();
  return administratorKey && `${administratorKey.accessKeyId}.${administratorKey.secretAccessKey}`;
};

/** The logins of --logins; none without it. @throws UsageError */
export const loginsOf = ({ logins }: GivenOptions): Map<string, KnownLogin[]> => {
  if (logins === undefined) return new Map();
  try {
    return parseLogins(readText(logins));
  } catch (error) {
    if (!(error instanceof LoginsFileError)) throw error;
    throw new UsageError(`${logins}: ${error.message}`);
  }
};

const readText = (file: string): string => {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError(`${file} cannot be read: ${(error as Error).message}`);
  }
};
