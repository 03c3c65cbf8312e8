import { z } from 'zod';
import type { Context } from '../context';
import { verifyLogins } from '../logins/verify-logins';
import { LIMITS } from '../protocol/limits';
import { datasetNames, planMoves, type DatasetMove } from '../sync/move-datasets';
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

/** An identity that would be merged, and where its data would go. */
export interface PlannedMerge {
  identityId: string;
  logins: string[];
  datasets: DatasetMove[];
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
  return describeDecision(ctx, world, call.decide(world));
};

const describeDecision = async (
  ctx: Context,
  { named, owners }: LoginWorld,
  { identityId, merge, link }: LoginDecision,
): Promise<MergePreview> => {
  const states = [...(named ? [named] : []), ...owners];
  const involved = [identityId, ...merge].flatMap((id) => states.find((state) => state.id === id) ?? []);
  const { conflictingProviders, loginCount } = problemsOf(involved, link);
  const own = identityId === null ? [] : await datasetNames(ctx, identityId);
  const merges: PlannedMerge[] = [];
  for (const state of involved.slice(1)) merges.push(await plan(ctx, state, new Set(own)));
  const datasetCount = own.length + merges.reduce((sum, { datasets }) => sum + datasets.length, 0);
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
): Promise<PlannedMerge> => ({
  identityId: state.id,
  logins: state.logins.map((login) => login.provider),
  datasets: planMoves(await datasetNames(ctx, state.id), state.id, taken),
});
