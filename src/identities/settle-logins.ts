import { recordAudit } from '../audit/record-audit';
import { inTransaction, type Context } from '../context';
import { identityPoolArn } from '../ids';
import { identityNotFound } from '../sync/dataset-owner';
import {
  ownersOf,
  problemsOf,
  requireNoProblems,
  type IdentityState,
  type LoginDecision,
  type LoginWorld,
  type OwnedLogin,
} from './decide-logins';
import { recordCounts } from './count-identities';
import { Identity } from './identity.entity';
import {
  findIdentity,
  identityGone,
  lockIdentities,
  loginsOf,
  insertIdentity,
  newIdentity,
  stateOf,
} from './identity-state';
import {
  LoginRaceLost,
  keyed,
  linkRows,
  lockLogins,
  ownedBy,
  withOwners,
  type LoginScope,
  type ProvenLogin,
} from './login-rows';
import { mergeInto, recordMerge } from './merge-identities';
import { settleUnproven } from './unproven-logins';

/** A call that presents logins. */
export interface LoginCall extends LoginScope {
  identityId: string | null;
  proven: ProvenLogin[];
  decide: (world: LoginWorld) => LoginDecision;
}

/**
 * Brings identities and logins to what the rule decides, in one transaction: links, merges, or makes an identity. The
 * rule is asked twice, before and under lock, and must be pure. Most calls change nothing and take no lock.
 * @returns the id of the identity to go on as.
 * @throws what the rule throws; RESOURCE_NOT_FOUND; RESOURCE_CONFLICT and LIMIT_EXCEEDED from `requireNoProblems`.
 */
export const settleLogins = async (ctx: Context, call: LoginCall): Promise<string> => {
  const { identityId, merge, link } = call.decide(await readWorld(ctx, call));
  if (identityId !== null && merge.length === 0 && link.length === 0) return identityId;
  return inTransaction(ctx, async (tx) => {
    const world = await lockWorld(tx, call);
    return carryOut(tx, call, world, call.decide(world));
  });
};

/**
 * What the rules decide by, as it is at this moment; an identity of another pool counts as unknown. An owner that is
 * deleted between two reads owns nothing any more: the caller did not name it, and must not be told of it.
 */
export const readWorld = async (ctx: Context, call: Omit<LoginCall, 'decide'>): Promise<LoginWorld> => {
  const named = call.identityId === null ? undefined : await findIdentity(ctx, call.identityId);
  if (named && named.identityPoolId !== call.identityPoolId) throw identityNotFound(named.id);
  const logins = await withOwners(ctx, call, call.proven);
  const owners: IdentityState[] = [];
  for (const id of ownersOf(logins)) {
    const owner = await ctx.db.findOneBy(Identity, { id });
    if (owner) owners.push(await stateOf(ctx, owner, call.developerProvider));
  }
  const isThere = ({ ownerId }: OwnedLogin): boolean => owners.some(({ id }) => id === ownerId);
  // A caller who signed in before names the identity that its login belongs to: it was just read.
  const known = owners.find(({ id }) => id === named?.id);
  return {
    named: known ?? (named && (await stateOf(ctx, named, call.developerProvider))),
    logins: logins.map((login) => (isThere(login) ? login : { ...login, ownerId: null })),
    owners,
  };
};

/** All logins of all identities that may take part are locked, then the identities, then everything is read again. */
const lockWorld = async (tx: Context, call: LoginCall): Promise<LoginWorld> => {
  const seen = keyed(call, call.proven);
  const seenOwners = ownersOf(await withOwners(tx, call, call.proven));
  const ids = [...new Set([...(call.identityId === null ? [] : [call.identityId]), ...seenOwners])];
  const keys = new Set(seen.map((login) => login.key));
  for (const id of ids) for (const login of await loginsOf(tx, id)) keys.add(login.loginKey);
  const logins = ownedBy(seen, await lockLogins(tx, [...keys]));
  const states = await statesUnderLock(tx, ids, call.developerProvider);
  requireUnchanged({ logins, states, ids, keys });
  const named = states.find((state) => state.id === call.identityId);
  if (call.identityId !== null && !named) throw await identityGone(tx, call.identityId);
  return { named, logins, owners: states.filter((state) => ownersOf(logins).includes(state.id)) };
};

const statesUnderLock = async (
  tx: Context,
  ids: string[],
  developerProvider: string | null,
): Promise<IdentityState[]> => {
  const states: IdentityState[] = [];
  for (const identity of await lockIdentities(tx, ids))
    states.push(await stateOf(tx, identity, developerProvider));
  return states;
};

interface Locked {
  logins: OwnedLogin[];
  states: IdentityState[];
  ids: string[];
  keys: Set<string>;
}

const requireUnchanged = ({ logins, states, ids, keys }: Locked): void => {
  const strangers = ownersOf(logins).some((id) => !ids.includes(id));
  const newcomers = states.some((state) => state.logins.some((login) => !keys.has(login.key)));
  if (strangers || newcomers) throw new LoginRaceLost();
};

const carryOut = async (
  tx: Context,
  call: LoginCall,
  world: LoginWorld,
  { identityId, merge, link, claimed = [] }: LoginDecision,
): Promise<string> => {
  if (identityId === null) return createLinked(tx, call, link);
  const involved = [...new Set([world.named, ...world.owners])].filter(
    (state) => state !== undefined && (state.id === identityId || merge.includes(state.id)),
  ) as IdentityState[];
  requireNoProblems(problemsOf(involved, link));
  const { identityPoolId } = call;
  await recordMerge(tx, identityPoolId, await mergeInto(tx, identityPoolId, identityId, merge));
  await linkRows(tx, await findIdentity(tx, identityId), link);
  await settleUnproven(
    tx,
    identityId,
    link.map(({ provider }) => provider),
  );
  await recordClaim(tx, identityPoolId, identityId, claimed);
  await tx.db.update(Identity, { id: identityId }, { isAuthenticated: true, lastModifiedAt: tx.now() });
  const logins = [...involved.flatMap((state) => state.logins), ...link];
  const unproven = involved.flatMap((state) => state.unproven);
  await recordCounts(tx, call.identityPoolId, involved, [{ isDisabled: false, logins, unproven }]);
  return identityId;
};

/** Nothing but the identity's id spoke for it, so the audit log has who took it. */
const recordClaim = async (
  tx: Context,
  identityPoolId: string,
  identityId: string,
  claimed: OwnedLogin[],
): Promise<void> => {
  if (claimed.length === 0) return;
  await recordAudit(tx, {
    action: 'cognito-identity:ClaimLogin',
    resource: identityPoolArn(tx.config, identityPoolId),
    identityId,
    details: { identityId, providers: claimed.map(({ provider }) => provider) },
  });
};

/** Whoever loses the race for one of the logins leaves no identity behind: all of it is rolled back. */
const createLinked = async (tx: Context, call: LoginCall, link: OwnedLogin[]): Promise<string> => {
  const identity = newIdentity(tx, call.identityPoolId, link.length > 0);
  requireNoProblems(problemsOf([], link));
  await insertIdentity(tx, identity);
  await linkRows(tx, identity, link);
  await recordCounts(tx, call.identityPoolId, [], [{ isDisabled: false, logins: link }]);
  return identity.id;
};
