import { MoreThan } from 'typeorm';
import { z } from 'zod';
import { recordAudit } from '../audit/record-audit';
import { authorize } from '../authorize';
import { inTransaction, type Context } from '../context';
import { violatedConstraint } from '../db/constraints';
import { cached, changed } from '../db/reference-cache';
import { ServiceError, resourceNotFound } from '../errors';
import { roleArn } from '../ids';
import { decodeCursor, pageRequest, toPage, type Page } from '../page';
import { parsePolicyDocument, parseTrustPolicy } from '../policy/document';
import { parse, text } from '../validate';
import { requireAudience } from './require-audience';
import { Role, type NamedPolicy } from './role.entity';

const roleName = text(1, 64).regex(/^[\w+=,.@-]+$/);
const ROLE_ARN = /^arn:aws:iam::\d{1,15}:role\/([\w+=,.@/-]+\/)?[\w+=,.@-]{1,64}$/;

const namedPolicies = z
  .array(z.object({ policyName: text(1, 128).regex(/^[\w+=,.@-]+$/), policyDocument: z.unknown() }))
  .max(10);

const roleMembers = {
  description: text(0, 1000).nullish(),
  maxSessionDuration: z.int().min(3600).max(43_200).nullish(),
};

const createRoleInput = z.object({
  roleName,
  roleArn: text(20, 2048).regex(ROLE_ARN).nullish(),
  assumeRolePolicyDocument: z.unknown(),
  policies: namedPolicies.nullish(),
  ...roleMembers,
});

const updateRoleInput = z.object({
  roleName,
  assumeRolePolicyDocument: z.unknown().optional(),
  policies: namedPolicies.nullish(),
  ...roleMembers,
});

export type CreateRoleInput = z.input<typeof createRoleInput>;
export type UpdateRoleInput = z.input<typeof updateRoleInput>;

const toNamedPolicies = (policies: z.infer<typeof namedPolicies>): NamedPolicy[] =>
  policies.map(({ policyName, policyDocument }, index) => ({
    name: policyName,
    document: parsePolicyDocument(policyDocument, `policies[${index}].policyDocument`),
  }));

const toTrustPolicy = (document: unknown): Role['trustPolicy'] => {
  const policy = parseTrustPolicy(document, 'assumeRolePolicyDocument');
  requireAudience(policy, 'assumeRolePolicyDocument');
  return policy;
};

/**
 * Makes a role (IAM CreateRole with its inline policies).
 * `roleArn` may name an ARN that an app already uses; its last part must be the role's name.
 * @throws INVALID_PARAMETER, MALFORMED_POLICY_DOCUMENT with the path of the mistake, ENTITY_ALREADY_EXISTS.
 */
export const createRole = async (ctx: Context, input: CreateRoleInput): Promise<Role> => {
  const given = parse(createRoleInput, input);
  const arn = given.roleArn ?? roleArn(ctx.config, given.roleName);
  authorize(ctx, 'iam:CreateRole', { arn });
  requireNameInArn(arn, given.roleName);
  const role: Role = {
    arn,
    name: given.roleName,
    description: given.description ?? null,
    trustPolicy: toTrustPolicy(given.assumeRolePolicyDocument),
    permissionPolicies: toNamedPolicies(given.policies ?? []),
    maxSessionDuration: given.maxSessionDuration ?? 3600,
    createdAt: ctx.now(),
    lastModifiedAt: ctx.now(),
  };
  await insertRole(ctx, role);
  return role;
};

const requireNameInArn = (arn: string, name: string): void => {
  if (arn.split('/').at(-1) === name) return;
  throw new ServiceError('INVALID_PARAMETER', `roleArn must end in /${name}, the role's name`, {
    field: 'roleArn',
  });
};

/** Stores a new role; for services that have authorized it themselves. @throws ENTITY_ALREADY_EXISTS */
export const insertRole = (ctx: Context, role: Role): Promise<void> =>
  inTransaction(ctx, async (tx) => {
    await changed(tx, 'role', role.arn);
    await tx.db.insert(Role, role).catch((error: unknown) => {
      throw violatedConstraint(error)?.startsWith('roles__') ? alreadyExists(role.name) : error;
    });
    await recordAudit(tx, { action: 'iam:CreateRole', resource: role.arn, details: grantsOf(role) });
  });

/** What a role lets whom do. */
const grantsOf = (role: Role): Record<string, unknown> => ({
  assumeRolePolicyDocument: role.trustPolicy,
  policies: role.permissionPolicies,
  maxSessionDuration: role.maxSessionDuration,
});

const alreadyExists = (name: string): ServiceError =>
  new ServiceError('ENTITY_ALREADY_EXISTS', `Role with name ${name} already exists.`, { field: 'roleName' });

/**
 * Changes the members that are given and leaves the others; `policies` replaces all of them.
 * @throws RESOURCE_NOT_FOUND, INVALID_PARAMETER, MALFORMED_POLICY_DOCUMENT.
 */
export const updateRole = async (ctx: Context, input: UpdateRoleInput): Promise<Role> => {
  const given = parse(updateRoleInput, input);
  const known = await roleByName(ctx, 'iam:UpdateRole', given.roleName);
  const { assumeRolePolicyDocument: trust, policies } = given;
  const changes: Partial<Role> = {
    ...(given.description === undefined ? {} : { description: given.description }),
    ...(trust === undefined || trust === null ? {} : { trustPolicy: toTrustPolicy(trust) }),
    ...(policies ? { permissionPolicies: toNamedPolicies(policies) } : {}),
    ...(given.maxSessionDuration ? { maxSessionDuration: given.maxSessionDuration } : {}),
    lastModifiedAt: ctx.now(),
  };
  return inTransaction(ctx, async (tx) => {
    await changed(tx, 'role', known.arn);
    await tx.db.update(Role, { arn: known.arn }, changes as object);
    const role = await tx.db.findOneBy(Role, { arn: known.arn });
    if (!role) throw roleNotFound(given.roleName);
    await recordAudit(tx, { action: 'iam:UpdateRole', resource: role.arn, details: grantsOf(role) });
    return role;
  });
};

/** Deletes a role; credentials that were made for it stop working within seconds. @throws RESOURCE_NOT_FOUND */
export const deleteRole = async (ctx: Context, input: { roleName: string }): Promise<Role> => {
  const { roleName: name } = parse(z.object({ roleName }), input);
  const role = await roleByName(ctx, 'iam:DeleteRole', name);
  await inTransaction(ctx, async (tx) => {
    await changed(tx, 'role', role.arn);
    await tx.db.delete(Role, { arn: role.arn });
    await recordAudit(tx, { action: 'iam:DeleteRole', resource: role.arn });
  });
  return role;
};

/** The role with that name. @throws RESOURCE_NOT_FOUND */
export const getRole = async (ctx: Context, input: { roleName: string }): Promise<Role> =>
  roleByName(ctx, 'iam:GetRole', parse(z.object({ roleName }), input).roleName);

/** Roles in the order of their ARNs. */
export const listRoles = async (
  ctx: Context,
  input: { first?: number | null; after?: string | null },
): Promise<Page<Role>> => {
  const { first, after } = parse(pageRequest, input);
  authorize(ctx, 'iam:ListRoles', { arn: '*' });
  const rows = await ctx.db.find(Role, {
    where: { arn: MoreThan(decodeCursor(after)) },
    order: { arn: 'ASC' },
    take: first + 1,
  });
  return toPage(rows, first, (role) => role.arn);
};

/** The role with that ARN, from the cache; null when there is none. Authorizes nothing: for services only. */
export const findRole = (ctx: Context, arn: string): Promise<Role | null> =>
  cached(ctx, 'role', arn, (inner) => inner.db.findOneBy(Role, { arn }));

const roleByName = async (ctx: Context, action: string, name: string): Promise<Role> => {
  const role = await ctx.db.findOneBy(Role, { name });
  authorize(ctx, action, { arn: role?.arn ?? roleArn(ctx.config, name) });
  if (!role) throw roleNotFound(name);
  return role;
};

const roleNotFound = (name: string): ServiceError =>
  resourceNotFound(`The role with name ${name} cannot be found.`, { field: 'roleName' });
