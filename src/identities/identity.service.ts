import { IsNull, MoreThan } from 'typeorm';
import { z } from 'zod';
import { authorize } from '../authorize';
import type { Context } from '../context';
import { identityForbidden } from '../errors';
import { identityPoolArn } from '../ids';
import { authorizedPool, findPool } from '../identity-pools/identity-pool.service';
import { decodeCursor, pageRequest, toPage, type Page } from '../page';
import { parse, regionalId } from '../validate';
import { ownerNotFound } from '../sync/dataset-owner';
import { Identity } from './identity.entity';
import { loginsOf, survivorOf } from './identity-state';
import { unprovenProviders } from './unproven-logins';

const identityInput = z.object({ identityId: regionalId });

/** An identity as DescribeIdentity answers it. */
export interface IdentityDescription {
  identity: Identity;
  /** Provider names in the order they were linked; then those of unproven logins, which an imported identity may have. */
  logins: string[];
}

/**
 * One identity: its own for an identity, any for an administrator.
 * @throws NOT_AUTHORIZED for another's, whether it exists or not; RESOURCE_NOT_FOUND.
 */
export const describeIdentity = async (
  ctx: Context,
  input: z.input<typeof identityInput>,
): Promise<IdentityDescription> => {
  const { identityId } = parse(identityInput, input);
  const identity = await authorizedIdentity(ctx, 'cognito-identity:DescribeIdentity', identityId);
  return describe(ctx, identity);
};

/** The identity with its logins; for services that authorized it themselves. */
export const describe = async (ctx: Context, identity: Identity): Promise<IdentityDescription> => ({
  identity,
  logins: [
    ...(await loginsOf(ctx, identity.id)).map((login) => login.provider),
    ...(await unprovenProviders(ctx, identity.id)),
  ],
});

/**
 * The caller's own identity; null for administrators and callers without credentials.
 * @throws NOT_AUTHORIZED with `reason` for credentials that do not hold: "nobody" would be the wrong answer to them.
 */
export const viewer = async (ctx: Context): Promise<IdentityDescription | null> => {
  if (ctx.actor.kind === 'anonymous' && ctx.actor.problem) throw ctx.actor.problem;
  return ctx.actor.kind === 'identity' ? describeIdentity(ctx, { identityId: ctx.actor.identityId }) : null;
};

/** Where the merges of an identity end, for a caller that may see that one; null when there is none (any more). */
export const describeSurvivor = async (
  ctx: Context,
  mergedInto: string | null,
): Promise<IdentityDescription | null> => {
  const id = await survivorOf(ctx, { mergedInto });
  const isThere = id !== null && (await ctx.db.existsBy(Identity, { id }));
  return isThere ? describeIdentity(ctx, { identityId: id }) : null;
};

/** The identity, for a caller that may do `action` on it. @throws NOT_AUTHORIZED, ACCESS_DENIED, RESOURCE_NOT_FOUND */
const authorizedIdentity = async (ctx: Context, action: string, identityId: string): Promise<Identity> => {
  if (ctx.actor.kind !== 'administrator') authorizeOn(ctx, action, identityId, ctxPoolId(ctx));
  const identity = await ctx.db.findOneBy(Identity, { id: identityId });
  const pool = identity ? await findPool(ctx, identity.identityPoolId) : null;
  if (ctx.actor.kind === 'administrator')
    authorizeOn(ctx, action, identityId, identity?.identityPoolId ?? '');
  if (!identity || !pool) throw ownerNotFound(ctx, identityId);
  // An access token outlives the merge of its identity; an administrator may still look at what was merged.
  if (identity.disabledAt !== null && ctx.actor.kind === 'identity') throw identityForbidden(identityId);
  return identity;
};

const ctxPoolId = (ctx: Context): string => (ctx.actor.kind === 'identity' ? ctx.actor.identityPoolId : '');

/** These actions have no resource in IAM; the pool is a condition key. */
const authorizeOn = (ctx: Context, action: string, identityId: string, identityPoolId: string): void =>
  authorize(ctx, action, {
    arn: '*',
    owner: { identityId, identityPoolId },
    conditionKeys: { 'cognito-identity:IdentityPoolArn': identityPoolArn(ctx.config, identityPoolId) },
  });

const listInput = pageRequest.extend({ identityPoolId: regionalId, hideDisabled: z.boolean().nullish() });

export type ListIdentitiesInput = z.input<typeof listInput>;

/** The identities of a pool by id, with their logins. @throws RESOURCE_NOT_FOUND */
export const listIdentities = async (
  ctx: Context,
  input: ListIdentitiesInput,
): Promise<Page<IdentityDescription>> => {
  const { identityPoolId, first, after, hideDisabled } = parse(listInput, input);
  await authorizedPool(ctx, 'cognito-identity:ListIdentities', identityPoolId);
  const rows = await ctx.db.find(Identity, {
    where: {
      identityPoolId,
      id: MoreThan(decodeCursor(after)),
      ...(hideDisabled ? { disabledAt: IsNull() } : {}),
    },
    order: { id: 'ASC' },
    take: first + 1,
  });
  return toPage(await withProviders(ctx, rows), first, ({ identity }) => identity.id);
};

const withProviders = async (ctx: Context, identities: Identity[]): Promise<IdentityDescription[]> => {
  const rows = (await ctx.db.query(
    `SELECT identity_id, provider FROM (
       SELECT identity_id, provider, created_at, 0 AS place FROM identity_logins WHERE identity_id = ANY($1)
       UNION ALL
       SELECT identity_id, provider, created_at, 1 FROM unproven_logins
         WHERE identity_id = ANY($1) AND settled_at IS NULL) AS login
     ORDER BY place, CASE WHEN place = 0 THEN created_at END, provider`,
    [identities.map((identity) => identity.id)],
  )) as { identity_id: string; provider: string }[];
  return identities.map((identity) => ({
    identity,
    logins: rows.filter((row) => row.identity_id === identity.id).map((row) => row.provider),
  }));
};
