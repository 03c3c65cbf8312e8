import { createHash } from 'node:crypto';
import { In } from 'typeorm';
import type { Context } from '../context';
import type { OwnedLogin } from './decide-logins';
import type { Identity } from './identity.entity';
import { IdentityLogin } from './identity-login.entity';
import { Login } from './login.entity';

/** Another transaction changed one of the logins in the meantime; the whole is run again, as after 40001. */
export class LoginRaceLost extends Error {
  readonly code = '40001';
}

/** A login that is known to hold: by its provider's token, or by the word of the customer's own back end. */
export interface ProvenLogin {
  provider: string;
  subject: string;
}

/** The primary key of a login: SHA-256 of pool, provider and subject, which cannot contain NUL. */
export const loginKey = (identityPoolId: string, provider: string, subject: string): string =>
  createHash('sha256').update(`${identityPoolId}\0${provider}\0${subject}`).digest('hex');

/** What the rows of a pool's logins are read by. */
export interface LoginScope {
  identityPoolId: string;
  /** The pool's developer provider, if it has one. */
  developerProvider: string | null;
}

/** The logins with the identities that have them, in the order of their keys. */
export const withOwners = async (
  ctx: Context,
  scope: LoginScope,
  proven: ProvenLogin[],
): Promise<OwnedLogin[]> => {
  const logins = keyed(scope, proven);
  if (logins.length === 0) return [];
  return ownedBy(logins, await ctx.db.findBy(Login, { key: In(logins.map((login) => login.key)) }));
};

/** The logins with the owners that the rows say. */
export const ownedBy = (logins: OwnedLogin[], rows: Login[]): OwnedLogin[] =>
  logins.map((login) => ({
    ...login,
    ownerId: rows.find((row) => row.key === login.key)?.identityId ?? null,
  }));

/** The logins with their keys, in the order of these, not knowing any owner yet. */
export const keyed = (
  { identityPoolId, developerProvider }: LoginScope,
  proven: ProvenLogin[],
): OwnedLogin[] =>
  proven
    .map(({ provider, subject }) => ({
      key: loginKey(identityPoolId, provider, subject),
      provider,
      subject,
      ownerId: null,
      isDeveloper: provider === developerProvider,
    }))
    .sort((a, b) => (a.key < b.key ? -1 : 1));

/** Locks rows of `logins` in the order of their keys. Logins are locked before identities, everywhere. */
export const lockLogins = (tx: Context, keys: string[]): Promise<Login[]> =>
  tx.db.find(Login, { where: { key: In(keys) }, order: { key: 'ASC' }, lock: { mode: 'pessimistic_write' } });

/** Makes the logins the identity's, both ways. @throws LoginRaceLost when somebody else was faster. */
export const linkRows = async (tx: Context, identity: Identity, link: OwnedLogin[]): Promise<void> => {
  if (link.length === 0) return;
  const createdAt = tx.now();
  const rows = link.map(({ key, provider, subject }) => ({
    key,
    provider,
    subject,
    identityPoolId: identity.identityPoolId,
    identityId: identity.id,
    createdAt,
  }));
  const inserted = await tx.db
    .createQueryBuilder()
    .insert()
    .into(Login)
    .values(rows)
    .orIgnore()
    .returning('login_key')
    .execute();
  if ((inserted.raw as unknown[]).length < rows.length) throw new LoginRaceLost();
  await tx.db.insert(
    IdentityLogin,
    rows.map(({ key, provider, subject }) => ({
      identityId: identity.id,
      provider,
      loginKey: key,
      subject,
      createdAt,
    })),
  );
};

/** Takes logins off an identity, both ways. */
export const unlinkRows = async (tx: Context, identityId: string, keys: string[]): Promise<void> => {
  for (const key of keys) {
    await tx.db.delete(Login, { key, identityId });
    await tx.db.delete(IdentityLogin, { identityId, loginKey: key });
  }
};
