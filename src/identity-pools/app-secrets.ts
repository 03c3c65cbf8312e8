import type { Context } from '../context';
import { open, seal } from '../tokens/seal';
import type { IdentityPool, SupportedLoginProvider } from './identity-pool.entity';

/** What stands before a sealed secret; no app's own id has a colon. */
const SEALED = 'sealed:';

/** The pool as it is stored: the secrets of its apps (Twitter's `consumerKey;consumerSecret`) are sealed. */
export const withSealedSecrets = (ctx: Context, pool: IdentityPool): IdentityPool => ({
  ...pool,
  supportedLoginProviders: pool.supportedLoginProviders.map((app) => sealed(ctx, app)),
});

const sealed = (ctx: Context, { provider, appId }: SupportedLoginProvider): SupportedLoginProvider => {
  const at = appId.indexOf(';');
  if (at < 0) return { provider, appId };
  const secret = seal(ctx.config.secret, 'app-secret', appId.slice(at + 1));
  return { provider, appId: `${appId.slice(0, at)};${SEALED}${secret}` };
};

/** A stored pool with the secrets of its apps as they were given. */
export const withOpenSecrets = (ctx: Context, pool: IdentityPool): IdentityPool => ({
  ...pool,
  supportedLoginProviders: pool.supportedLoginProviders.map((app) => opened(ctx, app)),
});

const opened = (ctx: Context, { provider, appId }: SupportedLoginProvider): SupportedLoginProvider => {
  const [key, secret] = appId.split(`;${SEALED}`);
  if (secret === undefined) return { provider, appId };
  const text = open(ctx.config.secret, 'app-secret', secret);
  if (text === undefined)
    throw new Error(`the secret of ${provider} was sealed under another master secret than this node's`);
  return { provider, appId: `${key};${text}` };
};
