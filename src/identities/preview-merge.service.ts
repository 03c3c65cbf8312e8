import { z } from 'zod';
import type { Context } from '../context';
import { verifyLogins } from '../logins/verify-logins';
import { LIMITS } from '../protocol/limits';
import { baseOf } from '../sync/fold-moved-datasets';
import { datasetNames, planMoves, type DatasetMove } from '../sync/move-datasets';
import { findSyncConfiguration } from '../sync/sync-configuration';
import { limitCaller, limitPool } from '../rate-limits/rate-limits';
import { parse, regionalId } from '../validate';
import { problemsOf, type IdentityState, type LoginDecision, type LoginWorld } from './decide-logins';
import { loginCall, loginList, requirePool, requirePublicProviders } from './login-call';
import { readWorld } from './settle-logins';

const previewInput = z.object({
  identityPoolId: regionalId,
  identityId: regionalId.nullish(),
  logins: loginList.refine((logins) => logins.length > 0, 'must have 1 to 10 logins'),
});

export type PreviewMergeInput = z.input<typeof previewInput>;

/** Where a dataset would go. */
export interface PlannedMove extends DatasetMove {
  /** What it would be folded into unless that became too large; null where the pool folds none. */
  foldedInto: string | null;
}

/** An identity that would be merged, and where its data would go. */
export interface PlannedMerge {
  identityId: string;
  logins: string[];
  datasets: PlannedMove[];
}

/** What a call with these logins would do. */
export interface MergePreview {
  /** The identity to go on as; null when a new one would be made. */
  identityId: string | null;
  merges: PlannedMerge[];
  /** Providers whose logins would be linked. */
  linkedProviders: string[];
  /** Providers that the result would have two users of: the call would be refused. */
  conflictingProviders: string[];
  loginCount: number;
  exceedsLoginLimit: boolean;
  /** Of different names, when all is folded that the pool folds. */
  datasetCount: number;
  /** The merge goes through all the same; no new dataset can be made until there are fewer than 20. */
  exceedsDatasetLimit: boolean;
}

/**
 * What getId (without `identityId`) or getCredentialsForIdentity (with it) would do with these logins, without doing it.
 * Open to whoever proves them, as those are.
 * @throws what those would throw, except for two users of one provider and too many logins, which the answer tells.
 */
export const previewMerge = async (ctx: Context, input: PreviewMergeInput): Promise<MergePreview> => {
  const given = parse(previewInput, input);
  await limitCaller(ctx, 'previewMerge');
  const pool = await requirePool(ctx, given.identityPoolId);
  await limitPool(ctx, pool.id, 'previewMerge');
  requirePublicProviders(pool, given.logins);
  const verified = await verifyLogins(ctx, pool, given.logins);
  const call = loginCall(pool, given.identityId ?? null, verified);
  const world = await readWorld(ctx, call);
  const { foldStrategy } = await findSyncConfiguration(ctx, pool.id);
  return describeDecision(ctx, world, call.decide(world), foldStrategy !== null);
};

const describeDecision = async (
  ctx: Context,
  { named, owners }: LoginWorld,
  { identityId, merge, link }: LoginDecision,
  isFolding: boolean,
): Promise<MergePreview> => {
  const states = [...(named ? [named] : []), ...owners];
  const involved = [identityId, ...merge].flatMap((id) => states.find((state) => state.id === id) ?? []);
  const { conflictingProviders, loginCount } = problemsOf(involved, link);
  const own = identityId === null ? [] : await datasetNames(ctx, identityId);
  const merges: PlannedMerge[] = [];
  for (const state of involved.slice(1)) merges.push(await plan(ctx, state, new Set(own), isFolding));
  const moves = merges.flatMap(({ datasets }) => datasets);
  const datasetCount = new Set([...own, ...moves.map(({ to, foldedInto }) => foldedInto ?? to)]).size;
  return {
    identityId,
    merges,
    linkedProviders: link.map((login) => login.provider),
    conflictingProviders,
    loginCount,
    exceedsLoginLimit: loginCount > LIMITS.loginsPerIdentity,
    datasetCount,
    exceedsDatasetLimit: datasetCount > LIMITS.datasetsPerIdentity,
  };
};

const plan = async (
  ctx: Context,
  state: IdentityState,
  taken: ReadonlySet<string>,
  isFolding: boolean,
): Promise<PlannedMerge> => ({
  identityId: state.id,
  logins: [...state.logins, ...state.unproven].map((login) => login.provider),
  datasets: planMoves(await datasetNames(ctx, state.id), state.id, taken).map((move) => ({
    ...move,
    foldedInto: isFolding ? baseOf(move) : null,
  })),
});
