import type { ImportDatasetInput } from '../../cognito-import/import-dataset.service';
import type { ImportIdentitiesInput } from '../../cognito-import/import-identities.input';
import { TargetError, type Send } from './graphql-target';

/** What of an import has come over: how far a dataset did. */
export interface KnownDataset {
  datasetName: string;
  syncCount: number;
  isDeleted: boolean;
  /** Epoch milliseconds, as is the other. */
  sourceCreation: number;
  sourceLastModified: number;
}

/** An identity that has come over. */
export interface KnownIdentity {
  identityId: string;
  runId: string | null;
  datasets: KnownDataset[];
}

/** What became of an identity. */
export interface IdentityOutcome {
  identityId: string;
  status: string;
  takenLogins: string[];
  error: { code: string; message: string } | null;
}

/** What became of a dataset. */
export interface DatasetOutcome {
  status: string;
  passedLimits: string[];
}

/** One of the mutations that make roles and providers. */
export type Registration = 'createRole' | 'createOpenIDConnectProvider' | 'createSAMLProvider';

/** The Rockpool to import into; or one that only looks as if. Everything may be asked again. */
export interface Target {
  /** ARN of any pool there; null when there is none. */
  anyPoolArn(): Promise<string | null>;
  /** Whether there is such a provider, as far as the key may know. */
  hasProvider(arn: string): Promise<boolean>;
  /** Whether it was not there. @throws TargetError */
  register(mutation: Registration, input: object): Promise<boolean>;
  /** @throws TargetError */
  importPool(input: object): Promise<string>;
  /** Identities that came over, with their datasets; others are left out. */
  known(identityPoolId: string, identityIds: string[]): Promise<KnownIdentity[]>;
  importIdentities(input: ImportIdentitiesInput): Promise<IdentityOutcome[]>;
  importDataset(input: ImportDatasetInput): Promise<DatasetOutcome>;
}

const POOL = `query { identityPools(first: 1) { nodes { arn } } }`;
const PROVIDER: [isItsArn: RegExp, query: string][] = [
  [/:oidc-provider\//, 'query ($arn: String!) { identityProvider(arn: $arn) { arn } }'],
  [/:saml-provider\//, 'query ($arn: String!) { samlProvider(arn: $arn) { arn } }'],
];
const IMPORT_POOL = `mutation ($input: ImportIdentityPoolInput!) { importIdentityPool(input: $input) { status } }`;
const KNOWN = `query ($input: ImportedIdentitiesInput!) { importedIdentities(input: $input) {
  identityId runId datasets { datasetName syncCount isDeleted sourceCreationDate sourceLastModifiedDate } } }`;
const IMPORT_IDENTITIES = `mutation ($input: ImportIdentitiesInput!) { importIdentities(input: $input) {
  identities { identityId status takenLogins error { code message } } } }`;
const IMPORT_DATASET = `mutation ($input: ImportDatasetInput!) { importDataset(input: $input) { status passedLimits } }`;

const REGISTRATIONS: Record<Registration, [type: string, selection: string]> = {
  createRole: ['CreateRoleInput', 'role { arn }'],
  createOpenIDConnectProvider: ['CreateOpenIDConnectProviderInput', 'openIDConnectProviderArn'],
  createSAMLProvider: ['CreateSAMLProviderInput', 'samlProviderArn'],
};

/** A Rockpool that is spoken to in GraphQL. */
export const liveTarget = (send: Send): Target => ({
  anyPoolArn: () => anyPoolArn(send),
  hasProvider: (arn) => hasProvider(send, arn),
  register: async (mutation, input) => {
    const [type, selection] = REGISTRATIONS[mutation];
    const query = `mutation ($input: ${type}!) { ${mutation}(input: $input) { ${selection} } }`;
    try {
      await send(query, { input });
      return true;
    } catch (error) {
      if (error instanceof TargetError && error.code === 'ENTITY_ALREADY_EXISTS') return false;
      throw error;
    }
  },
  importPool: async (input) => {
    const { importIdentityPool } = await send(IMPORT_POOL, { input });
    return (importIdentityPool as { status: string }).status;
  },
  known: (identityPoolId, identityIds) => knownIdentities(send, { identityPoolId, identityIds }),
  importIdentities: async (input) => {
    const { importIdentities } = await send(IMPORT_IDENTITIES, { input });
    return (importIdentities as { identities: IdentityOutcome[] }).identities;
  },
  importDataset: async (input) => (await send(IMPORT_DATASET, { input })).importDataset as DatasetOutcome,
});

const anyPoolArn = async (send: Send): Promise<string | null> => {
  const { identityPools } = await send(POOL, {});
  return (identityPools as { nodes: { arn: string }[] }).nodes[0]?.arn ?? null;
};

const hasProvider = async (send: Send, arn: string): Promise<boolean> => {
  const query = PROVIDER.find(([isItsArn]) => isItsArn.test(arn))?.[1];
  if (query === undefined) return false;
  return send(query, { arn }).then(
    () => true,
    (error: unknown) => {
      if (error instanceof TargetError) return false;
      throw error;
    },
  );
};

interface KnownAnswer extends Omit<KnownIdentity, 'datasets'> {
  datasets: (Pick<KnownDataset, 'datasetName' | 'syncCount' | 'isDeleted'> & {
    sourceCreationDate: string;
    sourceLastModifiedDate: string;
  })[];
}

const knownIdentities = async (send: Send, input: object): Promise<KnownIdentity[]> => {
  const { importedIdentities } = await send(KNOWN, { input });
  return (importedIdentities as KnownAnswer[]).map((identity) => ({
    ...identity,
    datasets: identity.datasets.map(({ sourceCreationDate, sourceLastModifiedDate, ...dataset }) => ({
      ...dataset,
      sourceCreation: Date.parse(sourceCreationDate),
      sourceLastModified: Date.parse(sourceLastModifiedDate),
    })),
  }));
};

/**
 * A Rockpool of which is only read how far it is: what would be written is answered as if it had been. `runId` is that of
 * the rehearsal.
 */
export const rehearsal = (send: Send, runId: string): Target => {
  const seen = new Set<string>();
  const known = async (identityPoolId: string, identityIds: string[]): Promise<KnownIdentity[]> => {
    const there = await knownOrNone(send, { identityPoolId, identityIds });
    return identityIds.flatMap((identityId) => {
      const identity = there.find((each) => each.identityId === identityId);
      if (!seen.has(identityId)) return identity ? [identity] : [];
      return [{ datasets: [], ...identity, identityId, runId }];
    });
  };
  return {
    anyPoolArn: () => anyPoolArn(send),
    hasProvider: (arn) => hasProvider(send, arn),
    register: async () => true,
    importPool: async () => 'CREATED',
    known,
    importIdentities: async ({ identityPoolId, identities }) => {
      const ids = identities.map(({ identityId }) => identityId);
      const there = await knownOrNone(send, { identityPoolId, identityIds: ids });
      ids.forEach((id) => seen.add(id));
      return ids.map((identityId) => ({
        identityId,
        status: there.some((each) => each.identityId === identityId) ? 'UNCHANGED' : 'CREATED',
        takenLogins: [],
        error: null,
      }));
    },
    importDataset: async ({ source }) => ({ status: source ? 'CREATED' : 'DELETED', passedLimits: [] }),
  };
};

const knownOrNone = (send: Send, input: object): Promise<KnownIdentity[]> =>
  knownIdentities(send, input).catch((error: unknown) => {
    if (error instanceof TargetError && error.code === 'RESOURCE_NOT_FOUND') return [];
    throw error;
  });
