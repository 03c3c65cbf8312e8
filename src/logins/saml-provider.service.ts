import { MoreThan } from 'typeorm';
import { z } from 'zod';
import { recordAudit } from '../audit/record-audit';
import { authorize } from '../authorize';
import { inTransaction, type Context } from '../context';
import { violatedConstraint } from '../db/constraints';
import { cached, changed } from '../db/reference-cache';
import { ServiceError, invalidParameter, resourceNotFound } from '../errors';
import { samlProviderArn as arnOf } from '../ids';
import { decodeCursor, pageRequest, toPage, type Page } from '../page';
import { LIMITS } from '../protocol/limits';
import { parse, text } from '../validate';
import type { KnownSamlProvider } from './saml';
import { readSamlMetadata } from './saml-metadata';
import { SamlProvider } from './saml-provider.entity';
import { requireUnused } from './require-unused';

const samlProviderArn = text(20, 2048);

/** As in IAM, where a document has 10,000,000 characters at most; ours is as large as a request may be. */
const samlMetadataDocument = text(1000, 4_000_000);

const createInput = z.object({
  name: text(1, 128).regex(/^[\w._-]+$/, 'must be letters, digits or any of . _ -'),
  samlMetadataDocument,
});
const updateInput = z.object({ samlProviderArn, samlMetadataDocument });
const arnInput = z.object({ samlProviderArn });

export type CreateSAMLProviderInput = z.input<typeof createInput>;
export type UpdateSAMLProviderInput = z.input<typeof updateInput>;
export type SAMLProviderInput = z.input<typeof arnInput>;

/**
 * Registers a SAML 2.0 identity provider by its metadata document (IAM CreateSAMLProvider).
 * @throws INVALID_PARAMETER, also when its ARN would be too long for a key of logins; ENTITY_ALREADY_EXISTS.
 */
export const createSAMLProvider = async (
  ctx: Context,
  input: CreateSAMLProviderInput,
): Promise<SamlProvider> => {
  const { name, samlMetadataDocument: metadataDocument } = parse(createInput, input);
  const arn = arnOf(ctx.config, name);
  authorize(ctx, 'iam:CreateSAMLProvider', { arn });
  requireKeyLength(arn);
  await readSamlMetadata(metadataDocument);
  const provider = { arn, name, metadataDocument, createdAt: ctx.now(), lastModifiedAt: ctx.now() };
  await inTransaction(ctx, async (tx) => {
    await changed(tx, 'saml-provider', arn);
    await tx.db.insert(SamlProvider, provider).catch((error: unknown) => {
      throw violatedConstraint(error) === 'saml_providers__primary_key' ? alreadyExists(name) : error;
    });
    await recordAudit(tx, { action: 'iam:CreateSAMLProvider', resource: arn });
  });
  return provider;
};

const requireKeyLength = (arn: string): void => {
  if (arn.length <= LIMITS.providerNameLength) return;
  throw invalidParameter(
    `name is too long: the ARN ${arn} must have at most ${LIMITS.providerNameLength} characters, since it is the key of logins`,
    { field: 'name', limit: LIMITS.providerNameLength },
  );
};

const alreadyExists = (name: string): ServiceError =>
  new ServiceError('ENTITY_ALREADY_EXISTS', `SAMLProvider with name ${name} already exists.`, {
    field: 'name',
  });

/** Replaces the metadata document of a provider (IAM UpdateSAMLProvider). @throws RESOURCE_NOT_FOUND, INVALID_PARAMETER */
export const updateSAMLProvider = async (
  ctx: Context,
  input: UpdateSAMLProviderInput,
): Promise<SamlProvider> => {
  const { samlProviderArn: arn, samlMetadataDocument: metadataDocument } = parse(updateInput, input);
  authorize(ctx, 'iam:UpdateSAMLProvider', { arn });
  await readSamlMetadata(metadataDocument);
  return inTransaction(ctx, async (tx) => {
    const provider = await lockProvider(tx, arn);
    Object.assign(provider, { metadataDocument, lastModifiedAt: tx.now() });
    await changed(tx, 'saml-provider', arn);
    await tx.db.update(SamlProvider, { arn }, provider);
    await recordAudit(tx, { action: 'iam:UpdateSAMLProvider', resource: arn });
    return provider;
  });
};

/**
 * Removes a provider, and with it the trust in its assertions, within seconds on all nodes.
 * @throws RESOURCE_NOT_FOUND, DELETE_CONFLICT with `identityPoolIds` while pools name it.
 */
export const deleteSAMLProvider = async (ctx: Context, input: SAMLProviderInput): Promise<SamlProvider> => {
  const { samlProviderArn: arn } = parse(arnInput, input);
  authorize(ctx, 'iam:DeleteSAMLProvider', { arn });
  return inTransaction(ctx, async (tx) => {
    const provider = await lockProvider(tx, arn);
    await requireUnused(tx, 'saml_provider_arns', arn);
    await changed(tx, 'saml-provider', arn);
    await tx.db.delete(SamlProvider, { arn });
    await recordAudit(tx, { action: 'iam:DeleteSAMLProvider', resource: arn });
    return provider;
  });
};

/** One provider (IAM GetSAMLProvider). @throws RESOURCE_NOT_FOUND */
export const getSAMLProvider = async (ctx: Context, input: SAMLProviderInput): Promise<SamlProvider> => {
  const { samlProviderArn: arn } = parse(arnInput, input);
  authorize(ctx, 'iam:GetSAMLProvider', { arn });
  const provider = await ctx.db.findOneBy(SamlProvider, { arn });
  if (!provider) throw notFound(arn);
  return provider;
};

/** Providers in the order of their ARNs. */
export const listSAMLProviders = async (
  ctx: Context,
  input: z.input<typeof pageRequest>,
): Promise<Page<SamlProvider>> => {
  const { first, after } = parse(pageRequest, input);
  authorize(ctx, 'iam:ListSAMLProviders', { arn: '*' });
  const rows = await ctx.db.find(SamlProvider, {
    where: { arn: MoreThan(decodeCursor(after)) },
    order: { arn: 'ASC' },
    take: first + 1,
  });
  return toPage(rows, first, ({ arn }) => arn);
};

/** The provider with that ARN and its metadata, from the cache; null when there is none. Authorizes nothing: for services only. */
export const findSAMLProvider = (ctx: Context, arn: string): Promise<KnownSamlProvider | null> =>
  cached(ctx, 'saml-provider', arn, async (inner) => {
    const provider = await inner.db.findOneBy(SamlProvider, { arn });
    return provider && { arn, metadata: await readSamlMetadata(provider.metadataDocument) };
  });

const lockProvider = async (tx: Context, arn: string): Promise<SamlProvider> => {
  const provider = await tx.db.findOne(SamlProvider, { where: { arn }, lock: { mode: 'pessimistic_write' } });
  if (!provider) throw notFound(arn);
  return provider;
};

const notFound = (arn: string): ServiceError =>
  resourceNotFound(`SAMLProvider not found for arn ${arn}`, { field: 'samlProviderArn' });
