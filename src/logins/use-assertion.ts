import { createHash } from 'node:crypto';
import { LessThanOrEqual } from 'typeorm';
import type { Context } from '../context';
import { invalidLogin } from './invalid-login';
import type { SamlAssertion } from './saml-assertion';
import { UsedSamlAssertion } from './used-saml-assertion.entity';

/** Where an assertion is used. */
interface Use {
  providerArn: string;
  identityPoolId: string;
}

const hashOf = (...parts: string[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('base64url');

/**
 * Notes that an assertion was used for a user in a pool. From then on it is good for that user in that pool only,
 * until it expires: a client sends the same one to getId and then for credentials.
 * @throws NOT_AUTHORIZED when it was used otherwise before. See docs/decisions/0003-logins-of-every-provider.md.
 */
export const useAssertion = async (
  ctx: Context,
  { providerArn, identityPoolId }: Use,
  { id, subject, expiresAt }: SamlAssertion,
): Promise<void> => {
  const key = hashOf(providerArn, id);
  const boundTo = hashOf(identityPoolId, subject);
  await ctx.db
    .createQueryBuilder()
    .insert()
    .into(UsedSamlAssertion)
    .values({ key, boundTo, expiresAt })
    .orIgnore()
    .execute();
  const used = await ctx.db.findOneBy(UsedSamlAssertion, { key });
  if (used?.boundTo === boundTo) return;
  throw invalidLogin(
    'The SAML assertion was used before.',
    'It is bound to the user and the identity pool of its first use: sign in at the provider again.',
  );
};

/** Forgets used assertions that hold no longer. Answers how many. */
export const sweepUsedSamlAssertions = async (ctx: Context): Promise<number> => {
  const { affected } = await ctx.db.delete(UsedSamlAssertion, { expiresAt: LessThanOrEqual(ctx.now()) });
  return affected ?? 0;
};
