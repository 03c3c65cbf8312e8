import { z } from 'zod';
import { inTransaction, type Context } from '../../context';
import { invalidParameter } from '../../errors';
import type { IdentityPool } from '../../identity-pools/identity-pool.entity';
import { identityPoolIdInput } from '../../identity-pools/identity-pool.input';
import { authorizedPool, recordPoolChange } from '../../identity-pools/identity-pool.service';
import { seal } from '../../tokens/seal';
import { hasEachKeyOnce, parse, regionalId, text } from '../../validate';
import { HTTP, problemOfUrl } from '../../webhooks/address-rules';
import { newWebhookSecret } from '../../webhooks/webhook-secret';
import { changeSyncConfiguration } from '../change-configuration';
import { findSyncConfiguration } from '../sync-configuration';
import type { SyncTrigger } from './sync-trigger';

/** The one event that Cognito knows. */
const SYNC_TRIGGER = 'SyncTrigger';

const MAX_URL_LENGTH = 2048;

const cognitoEvent = z.object({
  key: z.string('must be a string').refine((key) => key === SYNC_TRIGGER, `must be "${SYNC_TRIGGER}"`),
  value: text(0, MAX_URL_LENGTH),
});

const setCognitoEventsInput = z.object({
  identityPoolId: regionalId,
  events: z.array(cognitoEvent).refine(hasEachKeyOnce, 'must not have the same key twice'),
  rotateSecret: z.boolean().nullish(),
});

export type SetCognitoEventsInput = z.input<typeof setCognitoEventsInput>;

/** An event of a pool and the address that is asked about it. */
export interface CognitoEvent {
  key: string;
  value: string;
}

/** What `setCognitoEvents` did. */
export interface CognitoEventsSet {
  pool: IdentityPool;
  /** `whsec_…` when one was made by this call, which is the only one that tells it. */
  signingSecret: string | null;
}

/**
 * Sets or, by an empty value, removes the pool's sync trigger; what is not named stays: cognito-sync:SetCognitoEvents.
 * The secret that its requests are signed with is made with the trigger, or anew with `rotateSecret`, and told once.
 * @throws RESOURCE_NOT_FOUND, INVALID_PARAMETER also for an address that this server may not send to
 */
export const setCognitoEvents = async (
  ctx: Context,
  input: SetCognitoEventsInput,
): Promise<CognitoEventsSet> => {
  const { identityPoolId, events, rotateSecret } = parse(setCognitoEventsInput, input);
  const pool = await authorizedPool(ctx, 'cognito-sync:SetCognitoEvents', identityPoolId);
  const url = events[0]?.value;
  if (url) requireAddress(ctx, url);
  const signingSecret = newWebhookSecret();
  const sealedSecret = seal(ctx.config.secret, 'sync-trigger-secret', signingSecret);
  return inTransaction(ctx, async (tx) => {
    const change = { url, sealedSecret, rotateSecret: rotateSecret ?? false };
    const { syncTrigger } = await changeSyncConfiguration(tx, identityPoolId, (current) => ({
      syncTrigger: nextTrigger(current.syncTrigger, change),
    }));
    const hasNewSecret = syncTrigger?.sealedSecret === sealedSecret;
    await recordPoolChange(tx, 'cognito-sync:SetCognitoEvents', pool, {
      events: events.map(({ key, value }) => ({ key, value: withoutQuery(value) })),
      hasNewSecret,
    });
    return { pool, signingSecret: hasNewSecret ? signingSecret : null };
  });
};

const requireAddress = (ctx: Context, url: string): void => {
  const field = 'events[0].value';
  if (url.startsWith('arn:'))
    throw invalidParameter(
      `${field} must be the address of an HTTP endpoint: this server calls no Lambda functions. ` +
        'Give the https address of a server that answers as the function does, or of the function behind its function URL.',
      { field },
    );
  const problem = problemOfUrl(url, HTTP, ctx.config.outgoing);
  if (problem !== undefined) throw invalidParameter(`${field} ${problem}`, { field });
};

interface TriggerChange {
  /** Empty: removed; undefined: left alone. */
  url: string | undefined;
  /** For a trigger that has none yet, or is to have another one. */
  sealedSecret: string;
  rotateSecret: boolean;
}

const nextTrigger = (
  current: SyncTrigger | null,
  { url, sealedSecret, rotateSecret }: TriggerChange,
): SyncTrigger | null => {
  const address = url ?? current?.url ?? '';
  if (address !== '')
    return { url: address, sealedSecret: rotateSecret || !current ? sealedSecret : current.sealedSecret };
  if (!rotateSecret) return null;
  throw invalidParameter('rotateSecret needs a sync trigger, and this pool has none', {
    field: 'rotateSecret',
  });
};

/** A query may hold a token, which the audit log must not. */
const withoutQuery = (value: string): string => value.replace(/[?#].*$/s, '');

/** The events of a pool, none or one: cognito-sync:GetCognitoEvents. @throws RESOURCE_NOT_FOUND */
export const getCognitoEvents = async (
  ctx: Context,
  input: { identityPoolId: string },
): Promise<CognitoEvent[]> => {
  const { identityPoolId } = parse(identityPoolIdInput, input);
  await authorizedPool(ctx, 'cognito-sync:GetCognitoEvents', identityPoolId);
  const { syncTrigger } = await findSyncConfiguration(ctx, identityPoolId);
  return syncTrigger ? [{ key: SYNC_TRIGGER, value: syncTrigger.url }] : [];
};
