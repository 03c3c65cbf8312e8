import { z } from 'zod';
import { authorize } from '../authorize';
import type { Context } from '../context';
import { invalidParameter } from '../errors';
import { identityPoolArn } from '../ids';
import type { IdentityPool } from '../identity-pools/identity-pool.entity';
import { authorizedPool } from '../identity-pools/identity-pool.service';
import { verifyLogins } from '../logins/verify-logins';
import { LIMITS } from '../protocol/limits';
import { parse, regionalId, text } from '../validate';
import { loginKey } from './login-rows';
import { Login } from './login.entity';

const lookupInput = z
  .object({
    identityPoolId: regionalId,
    provider: text(1, LIMITS.providerNameLength),
    subject: text(1, LIMITS.developerUserIdentifierLength).nullish(),
    token: text(1, LIMITS.loginTokenLength).nullish(),
  })
  .superRefine(({ subject, token }, problems) => {
    if (!subject !== !token) return;
    // Who sent null for a token has to look at that, not at a subject that was never there.
    const [member, other] = token === null ? ['token', 'subject'] : ['subject', 'token'];
    const message = `or ${other} must be given, and not both`;
    problems.addIssue({ code: 'custom', path: [member], message });
  });

export type LookupLoginInput = z.input<typeof lookupInput>;

/** A login and the identity that has it. */
export interface FoundLogin {
  provider: string;
  subject: string;
  /** Null when no identity of the pool has it. */
  identityId: string | null;
  linkedDate: Date | null;
}

/**
 * The identity that has a login, for administrators; makes none, links nothing. The login is named by its provider and
 * the subject that the provider knows the user by, or by a token that the provider issued.
 * @throws RESOURCE_NOT_FOUND for the pool, NOT_AUTHORIZED for a token that does not hold, INVALID_PARAMETER.
 */
export const lookupLogin = async (ctx: Context, input: LookupLoginInput): Promise<FoundLogin> => {
  const given = parse(lookupInput, input);
  const pool = await authorizedPool(ctx, 'cognito-identity:LookupLogin', given.identityPoolId);
  const { provider } = given;
  const subject = given.subject ?? (await subjectOf(ctx, pool, { provider, token: given.token ?? '' }));
  const row = await ctx.db.findOneBy(Login, { key: loginKey(pool.id, provider, subject) });
  return { provider, subject, identityId: row?.identityId ?? null, linkedDate: row?.createdAt ?? null };
};

const subjectOf = async (
  ctx: Context,
  pool: IdentityPool,
  login: { provider: string; token: string },
): Promise<string> => {
  const [verified] = await verifyLogins(ctx, pool, [login]);
  if (verified && !verified.developer) return verified.subject;
  throw invalidParameter(
    `This token names an identity and no user. Look the user up by the provider ${pool.developerProviderName} and its identifier as subject.`,
    { field: 'token' },
  );
};

/** A login of an identity. */
export interface LinkedLogin {
  provider: string;
  subject: string;
  linkedDate: Date;
}

const listInput = z.object({ identityPoolId: regionalId, identityId: regionalId });

/**
 * The logins of an identity in the order they were linked, at most 20: any for an administrator, its own for an identity
 * whose role allows it. An identity of another pool has none.
 * @throws NOT_AUTHORIZED for another's, ACCESS_DENIED.
 */
export const listLogins = async (ctx: Context, input: z.input<typeof listInput>): Promise<LinkedLogin[]> => {
  const owner = parse(listInput, input);
  authorize(ctx, 'cognito-identity:ListLogins', {
    arn: identityPoolArn(ctx.config, owner.identityPoolId),
    owner,
  });
  const rows = (await ctx.db.query(
    `SELECT l.provider, l.subject, l.created_at FROM identity_logins l
     JOIN identities i ON i.identity_id = l.identity_id
     WHERE l.identity_id = $1 AND i.identity_pool_id = $2 ORDER BY l.created_at, l.provider, l.subject`,
    [owner.identityId, owner.identityPoolId],
  )) as { provider: string; subject: string; created_at: Date }[];
  return rows.map(({ provider, subject, created_at }) => ({ provider, subject, linkedDate: created_at }));
};
