import { createHash, timingSafeEqual } from 'node:crypto';
import { ANONYMOUS, type Actor, type AdministratorActor, type IdentityActor } from '../actor';
import type { Context } from '../context';
import { ServiceError, badCredentials } from '../errors';
import { verifyAccessToken } from '../tokens/access-token';
import { apiKeyHolder } from './access-key-holder';
import { sessionActor } from './session-actor';

/**
 * Who is calling, from the `Authorization` header. Credentials that do not hold make an anonymous caller who is told
 * why as soon as an operation needs more than that: the public ones go on working, so that a client whose token has
 * expired can get a new one.
 */
export const authenticate = async (ctx: Context, header: string | undefined): Promise<Actor> => {
  if (header === undefined || header === '') return ANONYMOUS;
  try {
    return await actorOf(ctx, bearerOf(header));
  } catch (error) {
    if (error instanceof ServiceError) return { kind: 'anonymous', problem: error };
    throw error;
  }
};

const bearerOf = (header: string): string => {
  const [scheme = '', token = '', ...rest] = header.trim().split(/ +/);
  if (scheme.toLowerCase() === 'bearer' && token !== '' && rest.length === 0) return token;
  throw badCredentials(
    'INVALID',
    'The Authorization header must be "Bearer <accessToken>" or "Bearer <accessKeyId>.<secretAccessKey>".',
  );
};

/** Access tokens are JWTs, whose first part is the base64url of `{"`; no key id starts with it. */
const actorOf = (ctx: Context, bearer: string): Promise<Actor> =>
  /^[^.]+\.[^.]+\.[^.]*$/.test(bearer) && bearer.startsWith('ey')
    ? identityActor(ctx, bearer)
    : administratorActor(ctx, bearer);

const identityActor = async (ctx: Context, token: string): Promise<IdentityActor> =>
  sessionActor(ctx, await verifyAccessToken(ctx.config, ctx.now(), token));

const administratorActor = async (ctx: Context, bearer: string): Promise<AdministratorActor> => {
  const dot = bearer.indexOf('.');
  if (dot < 1 || bearer.length > 300) throw wrongKey();
  const holder = await apiKeyHolder(ctx, bearer.slice(0, dot));
  if (!holder || !sameSecret(holder.secretAccessKey, bearer.slice(dot + 1))) throw wrongKey();
  return holder.actor();
};

const sameSecret = (a: string, b: string): boolean => timingSafeEqual(sha256(a), sha256(b));

const sha256 = (value: string): Buffer => createHash('sha256').update(value).digest();

const wrongKey = (): ServiceError =>
  badCredentials(
    'INVALID',
    'The bearer is neither an access token nor an API key of this server. An API key is sent as <accessKeyId>.<secretAccessKey>.',
  );
