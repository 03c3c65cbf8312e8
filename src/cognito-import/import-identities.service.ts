import { createHash } from 'node:crypto';
import { In } from 'typeorm';
import { inTransaction, type Context } from '../context';
import { ServiceError, resourceConflict } from '../errors';
import { recordCounts } from '../identities/count-identities';
import { wasDeleted } from '../identities/deleted-identities';
import { Identity } from '../identities/identity.entity';
import type { IdentityState } from '../identities/decide-logins';
import { insertIdentity, lockIdentities, loginsOf, newIdentity, stateOf } from '../identities/identity-state';
import { lockLogins, unlinkRows } from '../identities/login-rows';
import { ACTIVITY_PRECISION_MS } from '../identities/mark-active';
import { replaceUnproven, type UnprovenName } from '../identities/unproven-logins';
import type { IdentityPool } from '../identity-pools/identity-pool.entity';
import { authorizedPool, recordPoolChange } from '../identity-pools/identity-pool.service';
import { parse } from '../validate';
import {
  importIdentitiesInput,
  type ImportIdentitiesInput,
  type SourceIdentity,
} from './import-identities.input';
import { ImportedIdentity } from './imported-identity.entity';
import { linkKnownLogins, requireKnownProviders } from './link-known-logins';
import { orRunAgain } from './run-again';

/**
 * What an import did to an identity. DELETED_HERE: it was deleted here since, and is not brought back. DIVERGED: it was
 * disabled or merged at one of the two places, and is in use at the other.
 */
export type ImportedIdentityStatus =
  'CREATED' | 'UPDATED' | 'UNCHANGED' | 'DELETED_HERE' | 'DIVERGED' | 'FAILED';

/** An identity after its import. */
export interface IdentityImport {
  identityId: string;
  status: ImportedIdentityStatus;
  /** Providers whose logins could not be linked, since another identity has them. */
  takenLogins: string[];
  /** Why it failed: an error's code and sentence. */
  error: { code: string; message: string } | null;
}

const ACTION = 'cognito-identity:ImportIdentities';

/**
 * Makes up to 60 identities with the ids and dates that they have elsewhere, or brings them to what these are now.
 * Users of the developer provider and `linkedLogins` are linked for certain. Of the other names in `logins` no user is
 * known: they stay unproven, and with `claimLogins` the first valid login of such a provider that comes with the
 * identity's id takes the place of one. Each identity is a transaction of its own, and fails alone.
 * @throws RESOURCE_NOT_FOUND for the pool, INVALID_PARAMETER.
 */
export const importIdentities = async (
  ctx: Context,
  request: ImportIdentitiesInput,
): Promise<IdentityImport[]> => {
  const { identityPoolId, identities, claimLogins, ...given } = parse(importIdentitiesInput, request);
  const runId = given.runId ?? null;
  const pool = await authorizedPool(ctx, ACTION, identityPoolId);
  const seen = await readHashes(ctx, identities);
  const outcomes: IdentityImport[] = [];
  for (const source of identities) {
    const hash = hashOf(pool.id, source, claimLogins);
    if (seen.get(source.identityId) === hash) outcomes.push(outcomeOf(source, 'UNCHANGED'));
    else outcomes.push(await importOne(ctx, { pool, source, claimLogins, hash, runId }));
  }
  await noteRun(ctx, outcomes, runId);
  await recordImport(ctx, pool, outcomes);
  return outcomes;
};

const readHashes = async (ctx: Context, identities: SourceIdentity[]): Promise<Map<string, string>> => {
  const ids = identities.map(({ identityId }) => identityId);
  const rows = await ctx.db.findBy(ImportedIdentity, { identityId: In(ids) });
  return new Map(rows.map((row) => [row.identityId, row.sourceHash]));
};

/** Those that did not change were come across, too. */
const noteRun = async (ctx: Context, outcomes: IdentityImport[], runId: string | null): Promise<void> => {
  const unchanged = outcomes
    .filter(({ status }) => status === 'UNCHANGED')
    .map(({ identityId }) => identityId);
  if (runId !== null && unchanged.length > 0) await noteSeen(ctx, unchanged, runId);
};

const hashOf = (poolId: string, source: SourceIdentity, claimLogins: boolean): string =>
  createHash('sha256')
    .update(
      JSON.stringify([
        poolId,
        source.creationDate,
        source.lastModifiedDate,
        source.isDisabled,
        [...source.logins].sort(),
        [...source.developerUserIdentifiers].sort(),
        source.linkedLogins.map((login) => [login.provider, login.subject]).sort(),
        claimLogins,
      ]),
    )
    .digest('hex');

const outcomeOf = (
  { identityId }: SourceIdentity,
  status: ImportedIdentityStatus,
  rest: Partial<IdentityImport> = {},
): IdentityImport => ({ identityId, status, takenLogins: [], error: null, ...rest });

interface IdentityToImport {
  pool: IdentityPool;
  source: SourceIdentity;
  claimLogins: boolean;
  hash: string;
  runId: string | null;
}

const importOne = async (ctx: Context, item: IdentityToImport): Promise<IdentityImport> => {
  const { source, pool } = item;
  try {
    requireKnownProviders(pool, source);
    const status = await inTransaction(ctx, (tx) => writeIdentity(tx, item));
    if (status === 'DELETED_HERE' || status === 'DIVERGED') return outcomeOf(source, status);
    const takenLogins = source.isDisabled ? [] : await linkKnownLogins(ctx, pool, source);
    // Looked at again, when whoever has the logins may have lost them.
    await remember(ctx, takenLogins.length > 0 ? { ...item, hash: NOT_DONE } : item);
    return outcomeOf(source, status, { takenLogins });
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    return outcomeOf(source, 'FAILED', { error: { code: error.code, message: error.message } });
  }
};

/** The identity without its logins, which are linked afterwards: whoever links locks logins first. */
const writeIdentity = async (tx: Context, item: IdentityToImport): Promise<ImportedIdentityStatus> => {
  const { source, pool } = item;
  const known = await lockWithLogins(tx, source.identityId);
  if (!known) return makeIdentity(tx, item);
  const imported = await requireImported(tx, pool, known);
  if (isDiverged(known, imported, source)) return 'DIVERGED';
  const before = await stateOf(tx, known, pool.developerProviderName);
  const disabledAt = source.isDisabled ? (known.disabledAt ?? source.lastModifiedDate) : null;
  const isAuthenticated = known.isAuthenticated || isSignedIn(source);
  const lastModifiedAt = new Date(Math.max(+known.lastModifiedAt, +source.lastModifiedDate));
  await tx.db.update(Identity, { id: known.id }, { disabledAt, isAuthenticated, lastModifiedAt });
  // Its survivor has them, at the source.
  if (source.isDisabled)
    await unlinkRows(
      tx,
      known.id,
      before.logins.map(({ key }) => key),
    );
  await replaceUnproven(tx, known.id, namesBeside(item, known, before), publicProvidersOf(before));
  const after = await stateOf(tx, { ...known, isAuthenticated, disabledAt }, pool.developerProviderName);
  await recordCounts(tx, pool.id, [before], [after]);
  return 'UPDATED';
};

/** Logins before identities, as everywhere. */
const lockWithLogins = async (tx: Context, identityId: string): Promise<Identity | undefined> => {
  const linked = await loginsOf(tx, identityId);
  await lockLogins(
    tx,
    linked.map(({ loginKey }) => loginKey),
  );
  return (await lockIdentities(tx, [identityId]))[0];
};

/**
 * An identity that was made here is not the source's, whatever the source says of its id.
 * @throws RESOURCE_CONFLICT
 */
const requireImported = async (
  tx: Context,
  pool: IdentityPool,
  { id, identityPoolId }: Identity,
): Promise<ImportedIdentity> => {
  const field = { field: 'identityId' };
  if (identityPoolId !== pool.id)
    throw resourceConflict(`Identity '${id}' is in another identity pool here.`, field);
  const imported = await tx.db.findOneBy(ImportedIdentity, { identityId: id });
  if (!imported)
    throw resourceConflict(`Identity '${id}' was made here, and does not come from an import.`, field);
  return imported;
};

/** In use here since it came over and disabled there; or disabled here, which cannot be undone. */
const isDiverged = (known: Identity, { importedAt }: ImportedIdentity, source: SourceIdentity): boolean => {
  if (source.isDisabled === (known.disabledAt !== null)) return false;
  return !source.isDisabled || known.lastActiveAt > importedAt;
};

const makeIdentity = async (tx: Context, item: IdentityToImport): Promise<ImportedIdentityStatus> => {
  const { source, pool } = item;
  if (await wasDeleted(tx, source.identityId)) return 'DELETED_HERE';
  const identity: Identity = {
    ...newIdentity(tx, pool.id, isSignedIn(source)),
    id: source.identityId,
    disabledAt: source.isDisabled ? source.lastModifiedDate : null,
    // Old enough for the first use here to be noted, and new enough to be no idle guest.
    lastActiveAt: new Date(tx.now().getTime() - ACTIVITY_PRECISION_MS),
    createdAt: source.creationDate,
    lastModifiedAt: source.lastModifiedDate,
  };
  await insertIdentity(tx, identity).catch(orRunAgain('identities__primary_key'));
  await tx.db.insert(ImportedIdentity, {
    identityId: identity.id,
    sourceHash: NOT_DONE,
    runId: item.runId,
    importedAt: tx.now(),
  });
  await replaceUnproven(tx, identity.id, namesOf(item));
  const state = await stateOf(tx, identity, pool.developerProviderName);
  // Analytics show it on the day it was made.
  await recordCounts({ ...tx, now: () => source.creationDate }, pool.id, [], [state]);
  return 'CREATED';
};

/** Without any login it was a guest, or its last login was unlinked: Cognito does not tell which. */
const isSignedIn = (source: SourceIdentity): boolean =>
  source.logins.length + source.developerUserIdentifiers.length + source.linkedLogins.length > 0;

/** Who has an identity is known where a login of a file says so: nobody can claim it, by any of its providers. */
const namesOf = ({ source, pool, claimLogins }: IdentityToImport): UnprovenName[] => {
  const isClaimable = claimLogins && source.linkedLogins.length === 0;
  return source.logins
    .filter((name) => name !== pool.developerProviderName || source.developerUserIdentifiers.length === 0)
    .map((provider) => ({ provider, isClaimable }));
};

/** Beside what it has here. Where it was signed in to and has nothing left, its user took that off it: nobody claims it then. */
const namesBeside = (
  item: IdentityToImport,
  { isAuthenticated }: Identity,
  { logins, unproven }: IdentityState,
): UnprovenName[] => {
  const isEmptied = isAuthenticated && logins.length + unproven.length === 0;
  return namesOf(isEmptied ? { ...item, claimLogins: false } : item).filter(
    (name) => !logins.some(({ provider }) => provider === name.provider),
  );
};

const publicProvidersOf = ({ logins }: IdentityState): string[] =>
  logins.filter(({ isDeveloper }) => !isDeveloper).map(({ provider }) => provider);

/** The hash of an identity that an import has not finished. */
const NOT_DONE = '';

const remember = async (ctx: Context, { source, hash, runId }: IdentityToImport): Promise<void> => {
  await ctx.db.update(ImportedIdentity, { identityId: source.identityId }, { sourceHash: hash });
  if (runId !== null) await noteSeen(ctx, [source.identityId], runId);
};

/** Of two runs at the same time both see that an identity was come across since they began: the later one's id stays. */
const noteSeen = async (ctx: Context, identityIds: string[], runId: string): Promise<void> => {
  await ctx.db.query(
    `UPDATE imported_identities SET run_id = greatest(run_id COLLATE "C", $2) WHERE identity_id = ANY ($1)`,
    [identityIds, runId],
  );
};

const recordImport = async (ctx: Context, pool: IdentityPool, outcomes: IdentityImport[]): Promise<void> => {
  const written = outcomes.filter(({ status }) => status === 'CREATED' || status === 'UPDATED');
  if (written.length === 0) return;
  await recordPoolChange(ctx, ACTION, pool, { identityIds: written.map(({ identityId }) => identityId) });
};
