import { z } from 'zod';
import type { AddressRules } from '../../webhooks/address-rules';
import { newWebhookSecret } from '../../webhooks/webhook-secret';
import { streamTargetSettings, type StreamTargetSettings } from './target-settings';

/** The kinds of target, as members of the input that names one of them. */
export const TARGET_KINDS = ['webhook', 'nats', 'redis', 'kinesis'] as const;

type TargetKind = (typeof TARGET_KINDS)[number];

/** A target as a caller gives it: exactly one kind with its settings. */
export type TargetInput = Partial<Record<TargetKind, object | null>>;

/** The settings of a target that a caller gave. */
export interface GivenTarget {
  settings: StreamTargetSettings;
  /** Whether the secret of the webhook was made here, since none was given. */
  hasNewSecret: boolean;
}

/** Takes a target as GraphQL has it, `{ webhook: { url } }`, with the rules of `streamTargetSettings`. */
export const targetInput = (rules: AddressRules) => {
  const settingsOf = streamTargetSettings(rules);
  return z
    .object(Object.fromEntries(TARGET_KINDS.map((kind) => [kind, z.looseObject({}).nullish()])))
    .transform((given, context): GivenTarget => {
      const kinds = TARGET_KINDS.filter((kind) => given[kind]);
      const [kind] = kinds;
      if (kind === undefined || kinds.length > 1) {
        const message = `must have exactly one of ${TARGET_KINDS.join(', ')}`;
        context.issues.push({ code: 'custom', message, input: undefined });
        return z.NEVER;
      }
      const members = withoutNulls(given[kind] ?? {});
      const hasNewSecret = kind === 'webhook' && members.secret === undefined;
      if (hasNewSecret) members.secret = newWebhookSecret();
      const parsed = settingsOf.safeParse({ ...members, type: kind });
      if (parsed.success) return { settings: parsed.data, hasNewSecret };
      for (const issue of parsed.error.issues)
        context.issues.push({ ...issue, path: [kind, ...issue.path], input: undefined } as never);
      return z.NEVER;
    });
};

/** GraphQL sends null for a member that is left empty. */
const withoutNulls = (members: object): Record<string, unknown> =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== null && value !== undefined));
