import { z } from 'zod';
import { authorize } from '../authorize';
import type { Context } from '../context';
import { tooManyRequests } from '../errors';
import { parse } from '../validate';
import { DAY_MS } from '../utc-day';
import { currentKey, rotate, verificationKeys, type VerificationKey } from './key-ring';
import type { SigningKey } from './signing-key.entity';

/** Seconds between two rotations: verifiers keep a key set for minutes, and must have seen a key before it signs. */
export const ROTATION_SPACING = 3600;

const rotateInput = z.object({
  evenIfRecent: z.boolean().nullish(),
  withdrawRetired: z.boolean().nullish(),
});

export type RotateSigningKeyInput = z.input<typeof rotateInput>;

/**
 * Puts the next signing key in place of the current one, on all nodes within seconds; what the old one signed stays
 * valid for 24 h, or with `withdrawRetired`, as after a leak, for no longer.
 * @throws TOO_MANY_REQUESTS within an hour of the last rotation, unless `evenIfRecent`: verifiers may not know the next
 *   key yet.
 */
export const rotateSigningKey = async (
  ctx: Context,
  input: RotateSigningKeyInput,
): Promise<VerificationKey[]> => {
  const { evenIfRecent, withdrawRetired } = parse(rotateInput, input);
  authorize(ctx, 'cognito-identity:RotateSigningKey', { arn: '*' });
  const isDue = (current: SigningKey | null): boolean => {
    if (!evenIfRecent) requireSpacing(ctx, current);
    return true;
  };
  await rotate(ctx, isDue, withdrawRetired ?? false);
  return verificationKeys(ctx);
};

const requireSpacing = (ctx: Context, current: SigningKey | null): void => {
  const elapsed = (ctx.now().getTime() - (current?.activatedAt?.getTime() ?? 0)) / 1000;
  if (elapsed >= ROTATION_SPACING) return;
  throw tooManyRequests(
    'The current signing key is younger than an hour, so verifiers may not know the next one yet. Wait, or say evenIfRecent.',
    Math.ceil(ROTATION_SPACING - elapsed),
  );
};

/** The keys that tokens are or may have been signed with, by age; never their private parts. */
export const listSigningKeys = async (ctx: Context): Promise<VerificationKey[]> => {
  authorize(ctx, 'cognito-identity:ListSigningKeys', { arn: '*' });
  return verificationKeys(ctx);
};

/**
 * Rotates when the current key is older than the configuration lets it become. Any number of nodes may do this at
 * once: one of them rotates.
 */
export const rotateAgedKey = async (ctx: Context): Promise<void> => {
  const isDue = (current: SigningKey | null): boolean => {
    const since = current?.activatedAt?.getTime();
    return since !== undefined && ctx.now().getTime() - since >= ctx.config.signingKeyDays * DAY_MS;
  };
  if (isDue(await currentKey(ctx))) await rotate(ctx, isDue);
};
