import { MoreThan } from 'typeorm';
import { z } from 'zod';
import { recordAudit } from '../audit/record-audit';
import { authorize } from '../authorize';
import { inTransaction, type Context } from '../context';
import { violatedConstraint } from '../db/constraints';
import { cached, changed } from '../db/reference-cache';
import { ServiceError, limitExceeded, resourceNotFound } from '../errors';
import { openIdConnectProviderArn } from '../ids';
import { decodeCursor, pageRequest, toPage, type Page } from '../page';
import { parse, text } from '../validate';
import { normalizeIssuer } from './issuer-url';
import { OpenIdConnectProvider } from './open-id-connect-provider.entity';
import { requireUnused } from './require-unused';

/** Client IDs of one provider, as in IAM. */
const MAX_CLIENT_IDS = 100;

const clientID = text(1, 255);
const openIDConnectProviderArn = text(20, 2048);

const createInput = z.object({
  url: text(1, 255),
  clientIDList: z.array(clientID).max(MAX_CLIENT_IDS).nullish(),
});
const arnInput = z.object({ openIDConnectProviderArn });
const clientIDInput = z.object({ openIDConnectProviderArn, clientID });

export type CreateOpenIDConnectProviderInput = z.input<typeof createInput>;
export type OpenIDConnectProviderInput = z.input<typeof arnInput>;
export type OpenIDConnectProviderClientIDInput = z.input<typeof clientIDInput>;

/**
 * Registers an issuer whose ID tokens pools may take (IAM CreateOpenIDConnectProvider). Certificates are checked
 * against the well-known authorities, so there are no thumbprints.
 * @throws INVALID_PARAMETER, ENTITY_ALREADY_EXISTS.
 */
export const createOpenIDConnectProvider = async (
  ctx: Context,
  input: CreateOpenIDConnectProviderInput,
): Promise<OpenIdConnectProvider> => {
  const given = parse(createInput, input);
  const url = normalizeIssuer(given.url);
  const arn = openIdConnectProviderArn(ctx.config, url);
  authorize(ctx, 'iam:CreateOpenIDConnectProvider', { arn });
  const clientIds = [...new Set(given.clientIDList ?? [])];
  const provider = { arn, url, clientIds, createdAt: ctx.now(), lastModifiedAt: ctx.now() };
  await inTransaction(ctx, async (tx) => {
    await changed(tx, 'open-id-connect-provider', arn);
    await tx.db.insert(OpenIdConnectProvider, provider).catch((error: unknown) => {
      throw violatedConstraint(error) === 'open_id_connect_providers__primary_key'
        ? alreadyExists(url)
        : error;
    });
    const action = 'iam:CreateOpenIDConnectProvider';
    await recordAudit(tx, { action, resource: arn, details: { url, clientIDList: clientIds } });
  });
  return provider;
};

const alreadyExists = (url: string): ServiceError =>
  new ServiceError('ENTITY_ALREADY_EXISTS', `Provider with url ${url} already exists.`, { field: 'url' });

/** One provider. @throws RESOURCE_NOT_FOUND */
export const getOpenIDConnectProvider = async (
  ctx: Context,
  input: OpenIDConnectProviderInput,
): Promise<OpenIdConnectProvider> => {
  const { openIDConnectProviderArn: arn } = parse(arnInput, input);
  authorize(ctx, 'iam:GetOpenIDConnectProvider', { arn });
  const provider = await ctx.db.findOneBy(OpenIdConnectProvider, { arn });
  if (!provider) throw notFound(arn);
  return provider;
};

/** Providers in the order of their ARNs. */
export const listOpenIDConnectProviders = async (
  ctx: Context,
  input: z.input<typeof pageRequest>,
): Promise<Page<OpenIdConnectProvider>> => {
  const { first, after } = parse(pageRequest, input);
  authorize(ctx, 'iam:ListOpenIDConnectProviders', { arn: '*' });
  const rows = await ctx.db.find(OpenIdConnectProvider, {
    where: { arn: MoreThan(decodeCursor(after)) },
    order: { arn: 'ASC' },
    take: first + 1,
  });
  return toPage(rows, first, ({ arn }) => arn);
};

/** The provider with that ARN, from the cache; null when there is none. Authorizes nothing: for services only. */
export const findOpenIDConnectProvider = (ctx: Context, arn: string): Promise<OpenIdConnectProvider | null> =>
  cached(ctx, 'open-id-connect-provider', arn, (inner) => inner.db.findOneBy(OpenIdConnectProvider, { arn }));

/** Accepts one more audience; one that is accepted already stays so. @throws RESOURCE_NOT_FOUND, LIMIT_EXCEEDED */
export const addClientIDToOpenIDConnectProvider = (
  ctx: Context,
  input: OpenIDConnectProviderClientIDInput,
): Promise<OpenIdConnectProvider> =>
  changeClientIds(ctx, 'iam:AddClientIDToOpenIDConnectProvider', input, (ids, id) =>
    ids.includes(id) ? ids : [...ids, id],
  );

/** Accepts an audience no longer; one that was not accepted changes nothing. @throws RESOURCE_NOT_FOUND */
export const removeClientIDFromOpenIDConnectProvider = (
  ctx: Context,
  input: OpenIDConnectProviderClientIDInput,
): Promise<OpenIdConnectProvider> =>
  changeClientIds(ctx, 'iam:RemoveClientIDFromOpenIDConnectProvider', input, (ids, id) =>
    ids.filter((known) => known !== id),
  );

const changeClientIds = async (
  ctx: Context,
  action: string,
  input: OpenIDConnectProviderClientIDInput,
  change: (clientIds: string[], clientId: string) => string[],
): Promise<OpenIdConnectProvider> => {
  const { openIDConnectProviderArn: arn, clientID: id } = parse(clientIDInput, input);
  authorize(ctx, action, { arn });
  return inTransaction(ctx, async (tx) => {
    const provider = await lockProvider(tx, arn);
    provider.clientIds = change(provider.clientIds, id);
    if (provider.clientIds.length > MAX_CLIENT_IDS) throw tooManyClientIds(provider.clientIds.length);
    provider.lastModifiedAt = tx.now();
    await changed(tx, 'open-id-connect-provider', arn);
    await tx.db.update(OpenIdConnectProvider, { arn }, provider);
    await recordAudit(tx, { action, resource: arn, details: { clientID: id } });
    return provider;
  });
};

const tooManyClientIds = (value: number): ServiceError =>
  limitExceeded(`A provider has at most ${MAX_CLIENT_IDS} client IDs.`, {
    limit: 'clientIDsPerOpenIDConnectProvider',
    maximum: MAX_CLIENT_IDS,
    value,
  });

/**
 * Removes a provider, and with it the trust in its tokens, within seconds on all nodes.
 * @throws RESOURCE_NOT_FOUND, DELETE_CONFLICT with `identityPoolIds` while pools name it.
 */
export const deleteOpenIDConnectProvider = async (
  ctx: Context,
  input: OpenIDConnectProviderInput,
): Promise<OpenIdConnectProvider> => {
  const { openIDConnectProviderArn: arn } = parse(arnInput, input);
  authorize(ctx, 'iam:DeleteOpenIDConnectProvider', { arn });
  return inTransaction(ctx, async (tx) => {
    const provider = await lockProvider(tx, arn);
    await requireUnused(tx, 'open_id_connect_provider_arns', arn);
    await changed(tx, 'open-id-connect-provider', arn);
    await tx.db.delete(OpenIdConnectProvider, { arn });
    await recordAudit(tx, { action: 'iam:DeleteOpenIDConnectProvider', resource: arn });
    return provider;
  });
};

const lockProvider = async (tx: Context, arn: string): Promise<OpenIdConnectProvider> => {
  const provider = await tx.db.findOne(OpenIdConnectProvider, {
    where: { arn },
    lock: { mode: 'pessimistic_write' },
  });
  if (!provider) throw notFound(arn);
  return provider;
};

const notFound = (arn: string): ServiceError =>
  resourceNotFound(`OpenIDConnect Provider not found for arn ${arn}`, { field: 'openIDConnectProviderArn' });
