import type { IdentityDescription } from '@aws-sdk/client-cognito-identity';
import type { ImportIdentitiesInput } from '../../cognito-import/import-identities.input';
import { bringDatasets } from './bring-datasets';
import type { Place } from './checkpoint';
import { regionalId } from '../../validate';
import { eachAtOnce } from './each-at-once';
import { TargetError } from './graphql-target';
import { noteToken } from './pages';
import { requireGoingOn, type Run } from './run';
import { developerUsersOf, listIdentities, type IdentityPage } from './source';
import { sentenceOf, type SourcePool } from './source-pools';
import { stopsEverything } from './stops-everything';
import type { IdentityOutcome } from './target';

type Imported = ImportIdentitiesInput['identities'][number];

/** A pool and what of its identities is to be looked at again when all are there. */
interface PoolWalk {
  run: Run;
  id: string;
  developerProvider: string | undefined;
  again: Imported[];
  /** Tokens of pages of the pass that is under way. */
  tokens: Set<string>;
}

/**
 * Brings all identities of a pool with their datasets, from where the checkpoint says. ListIdentities does not tell who is
 * disabled: the first pass has all others, and who is in the second alone, and was made before the first, is disabled.
 */
export const bringIdentities = async (run: Run, { pool }: SourcePool): Promise<void> => {
  const id = pool.IdentityPoolId ?? '';
  const walk: PoolWalk = {
    run,
    id,
    developerProvider: pool.DeveloperProviderName,
    again: [],
    tokens: new Set(),
  };
  let place = run.checkpoint.placeOf(id);
  while (place.pass !== 'done') {
    requireGoingOn(run);
    place = await bringPage(walk, place);
    run.checkpoint.reached(id, place);
    run.progress.tick(run.report.data);
  }
  await bringAgain(walk);
};

const bringPage = async (walk: PoolWalk, place: Place): Promise<Place> => {
  const page = await pageAt(walk, place);
  if (!page) return { ...place, nextToken: null };
  noteToken(walk.tokens, page.nextToken);
  const identities = usable(walk, page.identities);
  const failed =
    place.pass === 'enabled'
      ? [...place.failed, ...(await bringEnabled(walk, identities))]
      : await bringDisabled(walk, identities, place.failed);
  if (page.nextToken !== undefined) return { ...place, nextToken: page.nextToken, failed };
  walk.tokens.clear();
  return { pass: place.pass === 'enabled' ? 'disabled' : 'done', nextToken: null, failed };
};

/** Each identity once, without those whose ids are none: by them nothing more can be asked, of the source or the target. */
const usable = ({ run }: PoolWalk, identities: IdentityDescription[]): IdentityDescription[] => {
  const byId = new Map(identities.map((identity) => [identity.IdentityId ?? '', identity]));
  return [...byId].flatMap(([id, identity]) => {
    if (regionalId.safeParse(id).success) return [identity];
    run.report.problem(id, 'it is no id of an identity.');
    return [];
  });
};

/** Undefined where a token of an earlier day does not hold any more: the pass begins anew, and finds all unchanged. */
const pageAt = async ({ run, id, tokens }: PoolWalk, place: Place): Promise<IdentityPage | undefined> => {
  try {
    return await listIdentities(run.source, id, place.pass === 'enabled', place.nextToken ?? undefined);
  } catch (error) {
    if (place.nextToken === null || (error as Error).name !== 'InvalidParameterException') throw error;
    tokens.clear();
    return undefined;
  }
};

/** Answers the ids of those that did not come over. */
const bringEnabled = async (walk: PoolWalk, identities: IdentityDescription[]): Promise<string[]> => {
  const { run, id } = walk;
  run.report.count('identities', 'read', identities.length);
  const failed: string[] = [];
  const found = await eachAtOnce(identities, run.choices.concurrency, (identity) =>
    readIdentity(walk, identity),
  );
  const read = found.flatMap((identity, at) => {
    if (!identity) failed.push(identities[at]?.IdentityId ?? '');
    return identity ? [identity] : [];
  });
  const outcomes = await importPage(walk, read);
  for (const outcome of outcomes) if (!noteOutcome(walk, read, outcome)) failed.push(outcome.identityId);
  const there = read.map(({ identityId }) => identityId).filter((each) => !failed.includes(each));
  await bringData(run, id, there);
  return failed;
};

const bringData = async (run: Run, id: string, identityIds: string[]): Promise<void> => {
  if (identityIds.length === 0) return;
  const known = await run.target.known(id, identityIds);
  await eachAtOnce(identityIds, run.choices.concurrency, async (identityId) => {
    const datasets = known.find((each) => each.identityId === identityId)?.datasets ?? [];
    await bringDatasets(run, { IdentityPoolId: id, IdentityId: identityId }, datasets);
    run.progress.tick(run.report.data);
  });
};

const readIdentity = async (walk: PoolWalk, identity: IdentityDescription): Promise<Imported | undefined> => {
  const { run, id, developerProvider } = walk;
  const identityId = identity.IdentityId ?? '';
  const logins = [...new Set(identity.Logins ?? [])];
  try {
    const isDeveloper = developerProvider !== undefined && logins.includes(developerProvider);
    return {
      ...describe(identity),
      logins,
      developerUserIdentifiers: isDeveloper ? await developerUsersOf(run.source, id, identityId) : [],
      linkedLogins: run.logins.get(identityId) ?? [],
    };
  } catch (error) {
    if (stopsEverything(error)) throw error;
    run.report.count('identities', 'failed');
    run.report.problem(identityId, `its developer users cannot be read: ${sentenceOf(error)}`);
    return undefined;
  }
};

const describe = ({ IdentityId, CreationDate, LastModifiedDate }: IdentityDescription): Imported => ({
  identityId: IdentityId ?? '',
  creationDate: CreationDate ?? new Date(0),
  lastModifiedDate: LastModifiedDate ?? CreationDate ?? new Date(0),
});

/** What one identity is refused for, or all of a page together for their size. */
const OF_ONE = ['INVALID_PARAMETER', 'LIMIT_EXCEEDED'];

/** A page that is refused for one identity is sent one by one, so that the others come over. */
const importPage = async (walk: PoolWalk, identities: Imported[]): Promise<IdentityOutcome[]> => {
  if (identities.length === 0) return [];
  const { run, id } = walk;
  const input = { identityPoolId: id, identities, claimLogins: run.choices.claimLogins, runId: run.id };
  try {
    return await run.target.importIdentities(input);
  } catch (error) {
    if (!(error instanceof TargetError) || !OF_ONE.includes(error.code)) throw error;
    const [only, ...more] = identities;
    if (only && more.length === 0)
      return [{ identityId: only.identityId, status: 'FAILED', takenLogins: [], error }];
    const outcomes: IdentityOutcome[] = [];
    for (const identity of identities) outcomes.push(...(await importPage(walk, [identity])));
    return outcomes;
  }
};

const REASONS: Record<string, string> = {
  DELETED_HERE: 'it was deleted here, and is not brought back.',
  DIVERGED: 'it is disabled at one of the two places and in use at the other; it stays as it is here.',
};

/** Whether the identity is there, and as it is at the source. */
const noteOutcome = (walk: PoolWalk, read: Imported[], outcome: IdentityOutcome): boolean => {
  const { report } = walk.run;
  const { identityId, status, takenLogins, error } = outcome;
  const reason = error ? `${error.code}: ${error.message}` : REASONS[status];
  if (reason !== undefined) {
    report.count('identities', status === 'FAILED' ? 'failed' : 'diverged');
    report.problem(identityId, reason);
    return false;
  }
  report.count('identities', status === 'UNCHANGED' ? 'unchanged' : 'written');
  // Whoever has the login may be disabled in the second pass.
  if (takenLogins.length > 0) walk.again.push(...read.filter((each) => each.identityId === identityId));
  return true;
};

const bringDisabled = async (
  walk: PoolWalk,
  identities: IdentityDescription[],
  failed: string[],
): Promise<string[]> => {
  const { run, id } = walk;
  const candidates = identities.filter(
    ({ IdentityId, CreationDate }) =>
      !failed.includes(IdentityId ?? '') &&
      (CreationDate?.getTime() ?? 0) < run.checkpoint.startedAt.getTime(),
  );
  if (candidates.length === 0) return failed;
  const ids = candidates.flatMap(({ IdentityId }) => IdentityId ?? []);
  const seen = (await run.target.known(id, ids)).filter(({ runId }) => isSeenBy(run, runId));
  const disabled = candidates
    .filter(({ IdentityId }) => !seen.some(({ identityId }) => identityId === IdentityId))
    .map((identity) => ({ ...describe(identity), isDisabled: true }));
  run.report.count('identities', 'read', disabled.length);
  for (const outcome of await importPage(walk, disabled)) noteOutcome(walk, disabled, outcome);
  return failed;
};

/** In its first pass, or that of a run which began later and goes on at the same time. */
const isSeenBy = (run: Run, runId: string | null): boolean => runId !== null && runId >= run.id;

/** Logins that another identity had may be free now; what is still taken is reported. */
const bringAgain = async ({ run, id, again, ...walk }: PoolWalk): Promise<void> => {
  for (const identity of again) {
    const [outcome] = await importPage({ run, id, again: [], ...walk }, [identity]);
    for (const provider of outcome?.takenLogins ?? [])
      run.report.problem(
        identity.identityId,
        `its login of ${provider} belongs to another identity here, and was not linked.`,
      );
  }
};
