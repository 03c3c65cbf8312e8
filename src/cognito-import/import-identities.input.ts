import { z } from 'zod';
import { LIMITS } from '../protocol/limits';
import { storedTime } from '../sync/sync.input';
import { isEachOnce, regionalId, text } from '../validate';

const provider = text(1, LIMITS.providerNameLength);

/** A login is known by its provider and the subject that the provider knows the user by. */
const linkedLogin = z.object({ provider, subject: text(1, LIMITS.developerUserIdentifierLength) });

/** Identities are counted by the day that they were made, and a day is written with four digits of the year. */
const madeAt = storedTime.refine(
  (date) => /^\d{4}-/.test(date.toISOString()) && date.getUTCFullYear() >= 1,
  'must be from the year 1 to the year 9999',
);

const importedIdentity = z.object({
  identityId: regionalId,
  creationDate: madeAt,
  lastModifiedDate: storedTime,
  isDisabled: z
    .boolean()
    .nullish()
    .transform((value) => value ?? false),
  logins: z
    .array(provider)
    .max(LIMITS.loginsPerIdentity)
    .nullish()
    .transform((names) => [...new Set(names ?? [])]),
  developerUserIdentifiers: z
    .array(text(1, LIMITS.developerUserIdentifierLength))
    .max(1000)
    .nullish()
    .transform((users) => [...new Set(users ?? [])]),
  linkedLogins: z
    .array(linkedLogin)
    .max(LIMITS.loginsPerIdentity)
    .refine((logins) => isEachOnce(logins.map((login) => login.provider)), 'must not have a provider twice')
    .nullish()
    .transform((logins) => logins ?? []),
});

/** The members of ImportIdentities with their limits. */
export const importIdentitiesInput = z.object({
  identityPoolId: regionalId,
  identities: z
    .array(importedIdentity)
    .min(1)
    .max(LIMITS.listPage)
    .refine(
      (identities) => isEachOnce(identities.map(({ identityId }) => identityId)),
      'must not have an id twice',
    ),
  runId: text(1, 64).nullish(),
  claimLogins: z
    .boolean()
    .nullish()
    .transform((value) => value ?? false),
});

export type ImportIdentitiesInput = z.input<typeof importIdentitiesInput>;

/** One identity as its source has it. */
export type SourceIdentity = z.infer<typeof importedIdentity>;
