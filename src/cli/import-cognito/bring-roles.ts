import { defaultTrustPolicy, ownDataPolicy, type RoleSlot } from '../../roles/default-roles';
import { nameOf, readOpenIdConnectProvider, readRole, readSamlProvider } from './iam';
import { requireGoingOn, type Run } from './run';
import { rolesOf, sentenceOf, type SourcePool } from './source-pools';
import type { Registration } from './target';

/** Makes the roles and providers that pools name, before the pools: these refuse providers that are unknown. */
export const bringRolesAndProviders = async (run: Run, pools: SourcePool[]): Promise<void> => {
  for (const [arn, uses] of usesOfRoles(pools)) await bringRole(run, arn, uses);
  for (const arn of each(pools, ({ pool }) => pool.OpenIdConnectProviderARNs))
    await bringProvider(run, arn, ['createOpenIDConnectProvider', readOpenIdConnectProvider]);
  for (const arn of each(pools, ({ pool }) => pool.SamlProviderARNs))
    await bringProvider(run, arn, ['createSAMLProvider', readSamlProvider]);
};

const each = (pools: SourcePool[], arnsOf: (pool: SourcePool) => string[] | undefined): Set<string> =>
  new Set(pools.flatMap((pool) => arnsOf(pool) ?? []));

interface RoleUse {
  identityPoolId: string;
  slot: RoleSlot;
}

/** Pools may share a role. */
const usesOfRoles = (pools: SourcePool[]): Map<string, RoleUse[]> => {
  const uses = new Map<string, RoleUse[]>();
  for (const pool of pools)
    for (const { arn, slot } of rolesOf(pool))
      uses.set(arn, [...(uses.get(arn) ?? []), { identityPoolId: pool.pool.IdentityPoolId ?? '', slot }]);
  return uses;
};

const bringRole = async (run: Run, arn: string, uses: RoleUse[]): Promise<void> => {
  requireGoingOn(run);
  const { roles } = run.choices;
  if (roles === 'none') return;
  const read = roles === 'iam' ? () => readRole(run.source, arn) : async () => defaultRole(arn, uses);
  const hint = roles === 'iam' ? ' Bring it with --roles default, or make it with createRole.' : '';
  await register(run, { kind: 'roles', arn, mutation: 'createRole', read, hint });
};

/** A role with that ARN which lets identities of those pools at their own data, and no more. */
const defaultRole = (arn: string, uses: RoleUse[]): object => {
  const trust = uses.map(({ identityPoolId, slot }) => defaultTrustPolicy(identityPoolId, slot));
  const statements = trust.flatMap(({ Statement }) => Statement);
  const region = uses[0]?.identityPoolId.split(':')[0] ?? '';
  const accountId = arn.split(':')[4] ?? '';
  return {
    roleName: nameOf(arn),
    roleArn: arn,
    description: 'Made by an import: access to one’s own data.',
    assumeRolePolicyDocument: { Version: '2012-10-17', Statement: uniqueStatements(statements) },
    policies: [{ policyName: 'OwnData', policyDocument: ownDataPolicy({ region, accountId }) }],
  };
};

const uniqueStatements = (statements: unknown[]): unknown[] =>
  [...new Set(statements.map((statement) => JSON.stringify(statement)))].map(
    (text) => JSON.parse(text) as unknown,
  );

const bringProvider = async (
  run: Run,
  arn: string,
  [mutation, read]: [Registration, (source: Run['source'], arn: string) => Promise<object>],
): Promise<void> => {
  requireGoingOn(run);
  if (await run.target.hasProvider(arn)) return noteProvider(run);
  await register(run, {
    kind: 'providers',
    arn,
    mutation,
    read: () => read(run.source, arn),
    hint: ` Make it with ${mutation}, and import again.`,
  });
};

/** It is there already, whoever made it: nothing has to be known of it. */
const noteProvider = ({ report }: Run): void => {
  report.count('providers', 'read');
  report.count('providers', 'unchanged');
};

interface Registered {
  kind: 'roles' | 'providers';
  arn: string;
  mutation: Registration;
  read: () => Promise<object>;
  /** What to do when it fails. */
  hint: string;
}

const register = async (
  { report, target }: Run,
  { kind, arn, mutation, read, hint }: Registered,
): Promise<void> => {
  try {
    const input = await read();
    report.count(kind, 'read');
    report.count(kind, (await target.register(mutation, input)) ? 'written' : 'unchanged');
  } catch (error) {
    report.count(kind, 'failed');
    report.problem(arn, `${sentenceOf(error)}.${hint}`);
  }
};
