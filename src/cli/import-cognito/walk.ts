import { bringIdentities } from './bring-identities';
import { bringPool } from './bring-pool';
import { bringRolesAndProviders } from './bring-roles';
import { reportUnlinked } from './report-unlinked';
import { Interrupted, requireGoingOn, type Run } from './run';
import { poolIds, readPool, rolesOf, sentenceOf, type SourcePool } from './source-pools';
import { stopsEverything } from './stops-everything';

/**
 * Brings everything over: roles and providers, pools, identities with their datasets. What fails is reported and does not
 * stop the rest, but for a source or a target that cannot be reached.
 * @throws Interrupted; whatever makes it senseless to go on.
 */
export const walkCognito = async (run: Run): Promise<void> => {
  run.progress.step('Reading identity pools');
  const pools = await readPools(run);
  const isWarned = await warnOfOtherAccount(run, pools);
  run.progress.step('Bringing roles and providers');
  await bringRolesAndProviders(run, pools);
  const brought: string[] = [];
  for (const pool of pools) {
    requireGoingOn(run);
    run.progress.step(`Bringing ${pool.pool.IdentityPoolName ?? ''} (${pool.pool.IdentityPoolId ?? ''})`);
    if (!(await bringPool(run, pool))) continue;
    if (!isWarned) await warnOfOtherAccount(run, pools);
    await bringAllOf(run, pool);
    brought.push(pool.pool.IdentityPoolId ?? '');
  }
  await reportUnlinked(run, brought);
};

/** What the source refuses of one pool stops this pool alone; its place stays in the checkpoint. */
const bringAllOf = async (run: Run, pool: SourcePool): Promise<void> => {
  try {
    await bringIdentities(run, pool);
  } catch (error) {
    if (error instanceof Interrupted || stopsEverything(error)) throw error;
    run.report.problem(`identities of ${pool.pool.IdentityPoolId ?? ''}`, sentenceOf(error));
  }
};

const readPools = async (run: Run): Promise<SourcePool[]> => {
  const pools: SourcePool[] = [];
  for (const id of await poolIds(run.source, run.choices.pools)) {
    requireGoingOn(run);
    try {
      pools.push(await readPool(run.source, id));
    } catch (error) {
      if (stopsEverything(error)) throw error;
      run.report.count('pools', 'failed');
      run.report.problem(id, sentenceOf(error));
    }
  }
  return pools;
};

/** Policies name data by account and region: under others they let nobody at it. Answers whether it could be told. */
const warnOfOtherAccount = async (
  { target, report, progress }: Run,
  pools: SourcePool[],
): Promise<boolean> => {
  const [, , , region, account] = (await target.anyPoolArn())?.split(':') ?? [];
  if (region === undefined || account === undefined) return false;
  const accounts = new Set(pools.flatMap((pool) => arnsOf(pool).map((arn) => arn.split(':')[4] ?? '')));
  const regions = new Set(pools.map(({ pool }) => pool.IdentityPoolId?.split(':')[0] ?? ''));
  const wrong = [
    ...[...accounts].filter((each) => each !== account).map((each) => `ROCKPOOL_ACCOUNT_ID=${each}`),
    ...[...regions].filter((each) => each !== region).map((each) => `ROCKPOOL_REGION=${each}`),
  ];
  if (wrong.length === 0) return true;
  const sentence = `Rockpool runs with the account ${account} in ${region}: start it with ${wrong.join(' and ')}, as the source has it, or policies and providers will not match.`;
  report.problem('the whole import', sentence);
  progress.step(sentence);
  return true;
};

const arnsOf = (source: SourcePool): string[] => [
  ...rolesOf(source).map(({ arn }) => arn),
  ...(source.pool.OpenIdConnectProviderARNs ?? []),
  ...(source.pool.SamlProviderARNs ?? []),
];
