import { CognitoIdentity } from '@aws-sdk/client-cognito-identity';
import { CognitoSync, type _Record } from '@aws-sdk/client-cognito-sync';
import { STS } from '@aws-sdk/client-sts';
import {
  Refusal,
  type Caller,
  type DeveloperCalls,
  type Door,
  type Login,
  type PoolInput,
  type PoolRoles,
  type PublicCalls,
  type Record,
  type SyncCalls,
} from '../door';

/** What an app of AWS keeps beside its credentials. */
class Ledger {
  private readonly pools: Map<string, string>;
  private readonly owners = new Map<string, string>();

  constructor(known: [identityId: string, identityPoolId: string][]) {
    this.pools = new Map(known);
  }

  /** An identity that was met, in its pool. */
  note(identityId: string, identityPoolId: string): void {
    this.pools.set(identityId, identityPoolId);
  }

  /** An identity under which another one of its pool goes on, with the key of its new credentials. */
  follow(identityId: string, from: string, accessKeyId?: string): void {
    this.pools.set(identityId, this.poolOf(from));
    if (accessKeyId !== undefined) this.owners.set(accessKeyId, identityId);
  }

  poolOf(identityId: string): string {
    const pool = this.pools.get(identityId);
    if (pool === undefined) throw new Error(`${identityId} was never met`);
    return pool;
  }

  /** Of the identity that is named, else of the caller's own. */
  ownerOf(caller: Caller, named?: string): { IdentityPoolId: string; IdentityId: string } {
    const identityId = named ?? this.owners.get(caller.accessKeyId) ?? '';
    return { IdentityPoolId: this.poolOf(identityId), IdentityId: identityId };
  }
}

/** What the SDK wants to know of a server and a caller. */
type Settings = ReturnType<typeof settingsOf>;

const unsigned = (url: string) => ({ endpoint: url, region: 'us-east-1', maxAttempts: 1 });

const settingsOf = (url: string, caller?: Caller) => ({
  ...unsigned(url),
  credentials: {
    accessKeyId: caller?.accessKeyId ?? '',
    secretAccessKey: caller?.secretAccessKey ?? '',
    ...(caller?.sessionToken === undefined ? {} : { sessionToken: caller.sessionToken }),
  },
});

/** The SDK's own errors for signatures and keys: in our words the credentials do not hold. */
const BAD_CREDENTIALS =
  /^(UnrecognizedClient|InvalidSignature|ExpiredToken|MissingAuthenticationToken)Exception$/;

/** `ResourceNotFoundException` is `RESOURCE_NOT_FOUND`. */
const codeOf = (exception: string): string =>
  BAD_CREDENTIALS.test(exception)
    ? 'NOT_AUTHORIZED'
    : exception
        .replace(/Exception$/, '')
        .replaceAll(/(?<=[a-z])(?=[A-Z])/g, '_')
        .toUpperCase();

const refused = async <T>(call: Promise<T>): Promise<T> =>
  call.catch((error: Error & { $metadata?: object }) => {
    throw error.$metadata ? new Refusal(codeOf(error.name), error.message) : error;
  });

/** The AWS door over real HTTP, as AWS's SDK for JavaScript v3 uses it; of `known` identities it knows the pools. */
export const awsDoor = (url: string, known: [identityId: string, identityPoolId: string][] = []): Door => {
  const identity = (caller?: Caller) => new CognitoIdentity(settingsOf(url, caller));
  const ledger = new Ledger(known);
  return {
    name: 'AWS',
    errorsHaveFields: false,
    createsDefaultRoles: false,
    ...publicCalls(unsigned(url), ledger),
    ...developerCalls(identity, ledger),
    createIdentityPool: async (caller, input) => {
      const { IdentityPoolId: identityPoolId } = await refused(
        identity(caller).createIdentityPool(poolOf(input)),
      );
      return { identityPoolId: identityPoolId! };
    },
    setIdentityPoolRoles: async (caller, input) => {
      await refused(identity(caller).setIdentityPoolRoles(rolesOf(input)));
    },
    setPrincipalTagAttributeMap: async (caller, input) => {
      await refused(
        identity(caller).setPrincipalTagAttributeMap({
          IdentityPoolId: input.identityPoolId,
          IdentityProviderName: input.identityProviderName,
          UseDefaults: input.useDefaults,
          PrincipalTags: input.principalTags,
        }),
      );
    },
    describeIdentity: async (caller, identityId) => {
      const { Logins } = await refused(identity(caller).describeIdentity({ IdentityId: identityId }));
      return { logins: Logins ?? [] };
    },
    listIdentities: async (caller, { identityPoolId, hideDisabled }) => {
      const page = { IdentityPoolId: identityPoolId, HideDisabled: hideDisabled, MaxResults: 60 };
      const { Identities } = await refused(identity(caller).listIdentities(page));
      return Identities!.map(({ IdentityId }) => IdentityId!);
    },
    deleteIdentities: async (caller, identityIds) => {
      await refused(identity(caller).deleteIdentities({ IdentityIdsToDelete: identityIds }));
    },
    listDatasets: async (caller, identityId) => {
      const sync = new CognitoSync(settingsOf(url, caller));
      const { Datasets } = await refused(sync.listDatasets(ledger.ownerOf(caller, identityId)));
      return Datasets!.map(({ DatasetName }) => DatasetName!);
    },
    sync: (caller) => syncCalls(settingsOf(url, caller), caller, ledger),
  };
};

const publicCalls = (settings: ReturnType<typeof unsigned>, ledger: Ledger): PublicCalls => {
  const identity = new CognitoIdentity(settings);
  const sts = new STS(settings);
  return {
    getId: async ({ identityPoolId, logins }) => {
      const input = { IdentityPoolId: identityPoolId, Logins: loginsOf(logins) };
      const { IdentityId } = await refused(identity.getId(input));
      ledger.note(IdentityId!, identityPoolId);
      return { identityId: IdentityId! };
    },
    getCredentialsForIdentity: async ({ identityId, logins, customRoleArn }) => {
      const input = { IdentityId: identityId, Logins: loginsOf(logins), CustomRoleArn: customRoleArn };
      const answer = await refused(identity.getCredentialsForIdentity(input));
      const { AccessKeyId, SecretKey, SessionToken } = answer.Credentials!;
      ledger.follow(answer.IdentityId!, identityId, AccessKeyId!);
      return { identityId: answer.IdentityId!, credentials: callerOf(AccessKeyId, SecretKey, SessionToken) };
    },
    getOpenIdToken: async ({ identityId, logins }) => {
      const input = { IdentityId: identityId, Logins: loginsOf(logins) };
      const { IdentityId, Token } = await refused(identity.getOpenIdToken(input));
      ledger.follow(IdentityId!, identityId);
      return { identityId: IdentityId!, token: Token! };
    },
    assumeRoleWithWebIdentity: async ({ policy, ...input }) => {
      const answer = await refused(
        sts.assumeRoleWithWebIdentity({
          RoleArn: input.roleArn,
          RoleSessionName: input.roleSessionName,
          WebIdentityToken: input.webIdentityToken,
          DurationSeconds: input.durationSeconds,
          Policy: policy && JSON.stringify(policy),
        }),
      );
      const { AccessKeyId, SecretAccessKey, SessionToken } = answer.Credentials!;
      const subject = answer.SubjectFromWebIdentityToken!;
      ledger.follow(subject, subject, AccessKeyId!);
      const credentials = callerOf(AccessKeyId, SecretAccessKey, SessionToken);
      return { credentials, assumedRoleArn: answer.AssumedRoleUser!.Arn! };
    },
    unlinkIdentity: async ({ identityId, logins, loginsToRemove }) => {
      const input = { IdentityId: identityId, Logins: loginsOf(logins), LoginsToRemove: loginsToRemove };
      await refused(identity.unlinkIdentity(input));
    },
  };
};

const developerCalls = (identity: (caller: Caller) => CognitoIdentity, ledger: Ledger): DeveloperCalls => ({
  getOpenIdTokenForDeveloperIdentity: async (caller, input) => {
    const { IdentityId, Token } = await refused(
      identity(caller).getOpenIdTokenForDeveloperIdentity({
        IdentityPoolId: input.identityPoolId,
        IdentityId: input.identityId,
        Logins: loginsOf(input.logins),
        PrincipalTags: input.principalTags,
        TokenDuration: input.tokenDuration,
      }),
    );
    ledger.note(IdentityId!, input.identityPoolId);
    return { identityId: IdentityId!, token: Token! };
  },
  lookupDeveloperIdentity: async (caller, input) => {
    const { IdentityId, DeveloperUserIdentifierList } = await refused(
      identity(caller).lookupDeveloperIdentity({
        IdentityPoolId: input.identityPoolId,
        IdentityId: input.identityId,
        DeveloperUserIdentifier: input.developerUserIdentifier,
      }),
    );
    return { identityId: IdentityId!, developerUserIdentifierList: DeveloperUserIdentifierList! };
  },
  mergeDeveloperIdentities: async (caller, input) => {
    const { IdentityId } = await refused(
      identity(caller).mergeDeveloperIdentities({
        IdentityPoolId: input.identityPoolId,
        DeveloperProviderName: input.developerProviderName,
        SourceUserIdentifier: input.sourceUserIdentifier,
        DestinationUserIdentifier: input.destinationUserIdentifier,
      }),
    );
    return { identityId: IdentityId! };
  },
  unlinkDeveloperIdentity: async (caller, input) => {
    await refused(
      identity(caller).unlinkDeveloperIdentity({
        IdentityPoolId: input.identityPoolId,
        IdentityId: input.identityId,
        DeveloperProviderName: input.developerProviderName,
        DeveloperUserIdentifier: input.developerUserIdentifier,
      }),
    );
  },
});

const syncCalls = (settings: Settings, caller: Caller, ledger: Ledger): SyncCalls => {
  const client = new CognitoSync(settings);
  const listRecords: SyncCalls['listRecords'] = async ({ datasetName, identityId, ...pull }) => {
    const answer = await refused(
      client.listRecords({
        ...ledger.ownerOf(caller, identityId),
        DatasetName: datasetName,
        LastSyncCount: pull.lastSyncCount,
        MaxResults: pull.maxResults,
        NextToken: pull.nextToken,
        SyncSessionToken: pull.syncSessionToken,
      }),
    );
    return {
      records: answer.Records!.map(recordOf),
      datasetSyncCount: answer.DatasetSyncCount!,
      datasetExists: answer.DatasetExists!,
      datasetDeletedAfterRequestedSyncCount: answer.DatasetDeletedAfterRequestedSyncCount!,
      mergedDatasetNames: answer.MergedDatasetNames ?? [],
      nextToken: answer.NextToken ?? null,
      syncSessionToken: answer.SyncSessionToken!,
    };
  };
  return {
    listRecords,
    // AWS takes no update without a session, and answers no count of the dataset: it is that of the changed records.
    updateRecords: async ({ datasetName, identityId, recordPatches, deviceId, syncSessionToken }) => {
      const owner = ledger.ownerOf(caller, identityId);
      const session = async () =>
        (await refused(client.listRecords({ ...owner, DatasetName: datasetName }))).SyncSessionToken;
      const { Records } = await refused(
        client.updateRecords({
          ...owner,
          DatasetName: datasetName,
          DeviceId: deviceId,
          SyncSessionToken: syncSessionToken ?? (await session()),
          RecordPatches: recordPatches.map(({ op, key, value, syncCount }) => ({
            Op: op,
            Key: key,
            Value: value,
            SyncCount: syncCount,
          })),
        }),
      );
      const records = Records!.map(recordOf);
      return { records, datasetSyncCount: Math.max(...records.map(({ syncCount }) => syncCount)) };
    },
    deleteDataset: async ({ datasetName, identityId }) => {
      const dataset = { ...ledger.ownerOf(caller, identityId), DatasetName: datasetName };
      const before = await client.listRecords(dataset).catch(() => undefined);
      await refused(client.deleteDataset(dataset));
      return { syncCount: before!.DatasetSyncCount! };
    },
  };
};

const callerOf = (
  accessKeyId: string | undefined,
  secretAccessKey: string | undefined,
  sessionToken: string | undefined,
): Caller => ({
  accessKeyId: accessKeyId!,
  secretAccessKey: secretAccessKey!,
  sessionToken: sessionToken!,
  bearer: '',
});

const recordOf = ({ Key, Value, SyncCount, LastModifiedBy }: _Record): Record => ({
  key: Key!,
  value: Value ?? null,
  syncCount: SyncCount!,
  lastModifiedBy: LastModifiedBy!,
});

const loginsOf = (logins: Login[] = []): { [provider: string]: string } =>
  Object.fromEntries(logins.map(({ provider, token }) => [provider, token]));

const poolOf = (input: PoolInput) => ({
  IdentityPoolName: input.identityPoolName,
  AllowUnauthenticatedIdentities: input.allowUnauthenticatedIdentities,
  AllowClassicFlow: input.allowClassicFlow,
  DeveloperProviderName: input.developerProviderName,
  OpenIdConnectProviderARNs: input.openIdConnectProviderARNs,
  SamlProviderARNs: input.samlProviderARNs,
  SupportedLoginProviders: input.supportedLoginProviders,
  CognitoIdentityProviders: input.cognitoIdentityProviders?.map(({ providerName, clientId }) => ({
    ProviderName: providerName,
    ClientId: clientId,
  })),
});

const rolesOf = ({ identityPoolId, roles, roleMappings }: PoolRoles) => ({
  IdentityPoolId: identityPoolId,
  Roles: roles as { [slot: string]: string },
  RoleMappings:
    roleMappings &&
    Object.fromEntries(
      Object.entries(roleMappings).map(([provider, mapping]) => [
        provider,
        {
          Type: mapping.type,
          AmbiguousRoleResolution: mapping.ambiguousRoleResolution,
          RulesConfiguration: mapping.rulesConfiguration && {
            Rules: mapping.rulesConfiguration.rules.map(({ claim, matchType, value, roleARN }) => ({
              Claim: claim,
              MatchType: matchType,
              Value: value,
              RoleARN: roleARN,
            })),
          },
        },
      ]),
    ),
});
