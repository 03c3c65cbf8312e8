import { IsNull, MoreThan } from 'typeorm';
import { z } from 'zod';
import { recordAudit } from '../audit/record-audit';
import { authorize } from '../authorize';
import { inTransaction, type Context } from '../context';
import { cached, changed } from '../db/reference-cache';
import { resourceNotFound } from '../errors';
import { apiKeyArn, newApiKeyId, newSecretAccessKey } from '../ids';
import { decodeCursor, pageRequest, toPage, type Page } from '../page';
import { parsePolicyDocument } from '../policy/document';
import { seal } from '../tokens/seal';
import { parse, text } from '../validate';
import { ApiKey } from './api-key.entity';
import { MANAGED_POLICIES, type ManagedPolicyName } from './managed-policies';

const createInput = z
  .object({
    name: text(1, 128),
    managedPolicies: z
      .array(z.enum(Object.keys(MANAGED_POLICIES) as [ManagedPolicyName, ...ManagedPolicyName[]]))
      .max(10)
      .nullish(),
    policies: z
      .array(z.object({ policyName: text(1, 128).regex(/^[\w+=,.@-]+$/), policyDocument: z.unknown() }))
      .max(10)
      .nullish(),
  })
  .refine((key) => (key.managedPolicies?.length ?? 0) + (key.policies?.length ?? 0) > 0, {
    path: ['managedPolicies'],
    message: 'or policies must be given: a key without any may do nothing',
  });

export type CreateApiKeyInput = z.input<typeof createInput>;

/** A key with its secret, which is shown this once. */
export interface CreatedApiKey {
  apiKey: ApiKey;
  secretAccessKey: string;
}

/**
 * Makes a key for an administrator or a back end. Whoever may do this may hand out any permission, as with IAM's
 * CreateAccessKey and AttachUserPolicy together.
 * @throws INVALID_PARAMETER, MALFORMED_POLICY_DOCUMENT.
 */
export const createApiKey = async (ctx: Context, input: CreateApiKeyInput): Promise<CreatedApiKey> => {
  const given = parse(createInput, input);
  authorize(ctx, 'iam:CreateAccessKey', { arn: '*' });
  const inlinePolicies = (given.policies ?? []).map(({ policyName, policyDocument }, index) => ({
    name: policyName,
    document: parsePolicyDocument(policyDocument, `policies[${index}].policyDocument`),
  }));
  return storeNewKey(ctx, { name: given.name, managedPolicies: given.managedPolicies ?? [], inlinePolicies });
};

type KeyGrant = Pick<ApiKey, 'name' | 'managedPolicies' | 'inlinePolicies'>;

/** Stores a new key; for callers that authorized it themselves, such as the operator's own command line. */
export const storeNewKey = async (ctx: Context, grant: KeyGrant): Promise<CreatedApiKey> => {
  const secretAccessKey = newSecretAccessKey();
  const apiKey: ApiKey = {
    ...grant,
    accessKeyId: newApiKeyId(),
    sealedSecret: seal(ctx.config.secret, 'api-key-secret', secretAccessKey),
    createdAt: ctx.now(),
    revokedAt: null,
  };
  await inTransaction(ctx, async (tx) => {
    await tx.db.insert(ApiKey, apiKey);
    await recordNewKey(tx, apiKey);
  });
  return { apiKey, secretAccessKey };
};

/** Writes into the audit log that a key was made, with what it may do and without its secret. */
export const recordNewKey = (tx: Context, key: ApiKey): Promise<void> =>
  recordAudit(tx, {
    action: 'iam:CreateAccessKey',
    resource: apiKeyArn(tx.config, key.accessKeyId),
    details: { name: key.name, managedPolicies: key.managedPolicies, policies: key.inlinePolicies },
  });

const accessKeyInput = z.object({ accessKeyId: text(3, 128).regex(/^\w+$/) });

/** Revokes a key for good: it stops working on every node within seconds. @throws RESOURCE_NOT_FOUND */
export const revokeApiKey = async (ctx: Context, input: { accessKeyId: string }): Promise<ApiKey> => {
  const { accessKeyId } = parse(accessKeyInput, input);
  const resource = apiKeyArn(ctx.config, accessKeyId);
  authorize(ctx, 'iam:DeleteAccessKey', { arn: resource });
  return inTransaction(ctx, async (tx) => {
    await changed(tx, 'api-key', accessKeyId);
    await tx.db.update(ApiKey, { accessKeyId, revokedAt: IsNull() }, { revokedAt: tx.now() });
    const key = await tx.db.findOneBy(ApiKey, { accessKeyId });
    if (key) {
      await recordAudit(tx, { action: 'iam:DeleteAccessKey', resource });
      return key;
    }
    throw resourceNotFound(`The Access Key with id ${accessKeyId} cannot be found.`, {
      field: 'accessKeyId',
    });
  });
};

/** Keys in the order of their ids, revoked ones too; never their secrets. */
export const listApiKeys = async (
  ctx: Context,
  input: { first?: number | null; after?: string | null },
): Promise<Page<ApiKey>> => {
  const { first, after } = parse(pageRequest, input);
  authorize(ctx, 'iam:ListAccessKeys', { arn: '*' });
  const rows = await ctx.db.find(ApiKey, {
    where: { accessKeyId: MoreThan(decodeCursor(after)) },
    order: { accessKeyId: 'ASC' },
    take: first + 1,
  });
  return toPage(rows, first, (key) => key.accessKeyId);
};

/** The key with that id, from the cache; null when there is none. For services only. */
export const findApiKey = (ctx: Context, accessKeyId: string): Promise<ApiKey | null> =>
  cached(ctx, 'api-key', accessKeyId, (inner) => inner.db.findOneBy(ApiKey, { accessKeyId }));
