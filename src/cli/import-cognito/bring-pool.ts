import { TargetError } from './graphql-target';
import type { Run } from './run';
import { stopsEverything } from './stops-everything';
import { noteWhatStays, sentenceOf, toImport, type SourcePool } from './source-pools';

type PoolInput = ReturnType<typeof toImport>;

/** The lists of a pool whose entries may be unusable at the target. */
const PROVIDER_LISTS = [
  'openIdConnectProviderARNs',
  'samlProviderARNs',
  'supportedLoginProviders',
  'cognitoIdentityProviders',
] as const;

/**
 * Brings a pool over, without the providers that the target refuses, which are reported: a pool that is there without one
 * lets nobody in by it, where one that is not there keeps all of its data out. Answers whether it is there.
 */
export const bringPool = async (run: Run, source: SourcePool): Promise<boolean> => {
  const { report } = run;
  const id = source.pool.IdentityPoolId ?? '';
  report.count('pools', 'read');
  try {
    const status = await importWithoutRefused(run, toImport(source, run.choices.overwrite));
    countStatus(run, id, status);
  } catch (error) {
    if (stopsEverything(error)) throw error;
    report.count('pools', 'failed');
    report.problem(id, sentenceOf(error));
    return false;
  }
  await noteWhatStays(run.source, id, report);
  return true;
};

const countStatus = ({ report }: Run, id: string, status: string): void => {
  if (status === 'UNCHANGED') report.count('pools', 'unchanged');
  else if (status !== 'KEPT') report.count('pools', 'written');
  else {
    report.count('pools', 'diverged');
    report.problem(id, 'its settings were changed here, and stay; --overwrite replaces them.');
  }
};

const importWithoutRefused = async (run: Run, given: PoolInput): Promise<string> => {
  let input = given;
  for (;;) {
    try {
      return await run.target.importPool(input);
    } catch (error) {
      const smaller = error instanceof TargetError ? withoutRefused(input, error.field) : undefined;
      if (!smaller) throw error;
      run.report.problem(`${given.identityPoolId} ${smaller.left}`, sentenceOf(error));
      input = smaller.input;
    }
  }
};

/** The pool without the entry that a field such as `samlProviderARNs[1].name` names. */
const withoutRefused = (
  input: PoolInput,
  field: string | undefined,
): { input: PoolInput; left: string } | undefined => {
  const [, name, index] = /^(\w+)\[(\d+)\]/.exec(field ?? '') ?? [];
  const list = PROVIDER_LISTS.find((each) => each === name);
  if (list === undefined) return undefined;
  const entries: unknown[] = input[list] ?? [];
  const entry = entries[Number(index)];
  if (entry === undefined) return undefined;
  const rest = entries.filter((_, at) => at !== Number(index));
  return { input: { ...input, [list]: rest }, left: `without ${labelOf(entry)}` };
};

/** Never an app's id: that of Twitter has its secret. */
const labelOf = (entry: unknown): string => {
  if (typeof entry === 'string') return entry;
  const { provider, providerName } = entry as { provider?: string; providerName?: string };
  return provider ?? providerName ?? 'a provider';
};
