import {
  CognitoIdentityClient,
  ListIdentitiesCommand,
  LookupDeveloperIdentityCommand,
  type IdentityDescription,
} from '@aws-sdk/client-cognito-identity';
import {
  CognitoSyncClient,
  ListDatasetsCommand,
  ListRecordsCommand,
  type Dataset,
  type ListRecordsResponse,
  type _Record,
} from '@aws-sdk/client-cognito-sync';
import { IAMClient } from '@aws-sdk/client-iam';
import { RateLimiterMemory, RateLimiterQueue } from 'rate-limiter-flexible';
import { allPages } from './pages';

/** Where to import from; what is left out is found as the SDK finds it: profile, region, endpoints, credentials. */
export interface SourceSettings {
  region?: string | undefined;
  profile?: string | undefined;
  identityEndpoint?: string | undefined;
  syncEndpoint?: string | undefined;
  iamEndpoint?: string | undefined;
  /** Calls of ListIdentities and LookupDeveloperIdentity in a second. */
  rate: number;
  /** Milliseconds that the source may be silent before a call is tried again; a minute when left out. */
  answerWithin?: number;
  /** How often a call is tried in all; 12 times when left out. */
  attempts?: number;
}

/** A Cognito to read from. The clients try again what was throttled, ever slower. */
export interface Source {
  identity: CognitoIdentityClient;
  sync: CognitoSyncClient;
  /** Null where the endpoint is not AWS's and none was given for IAM. */
  iam: IAMClient | null;
  /** Waits for one's turn among the calls with a quota of their own. */
  turn: () => Promise<void>;
  close: () => void;
}

const ATTEMPTS = 12;

/** Milliseconds that a connection may take to be made, and a source to be silent. */
const CONNECT_WITHIN = 10_000;
const ANSWER_WITHIN = 60_000;

/** Opens the clients of a source; nothing is sent yet. */
export const openSource = (settings: SourceSettings): Source => {
  const answerWithin = settings.answerWithin ?? ANSWER_WITHIN;
  const common = {
    ...(settings.region ? { region: settings.region } : {}),
    ...(settings.profile ? { profile: settings.profile } : {}),
    retryMode: 'adaptive',
    maxAttempts: settings.attempts ?? ATTEMPTS,
    requestHandler: {
      connectionTimeout: CONNECT_WITHIN,
      requestTimeout: answerWithin,
      throwOnRequestTimeout: true,
      socketTimeout: answerWithin,
    },
  };
  const at = (endpoint: string | undefined): object => ({ ...common, ...(endpoint ? { endpoint } : {}) });
  const identity = new CognitoIdentityClient(at(settings.identityEndpoint));
  const sync = new CognitoSyncClient(at(settings.syncEndpoint));
  const isElsewhere = settings.identityEndpoint !== undefined && settings.iamEndpoint === undefined;
  const iam = isElsewhere ? null : new IAMClient(at(settings.iamEndpoint));
  const queue = new RateLimiterQueue(new RateLimiterMemory({ points: settings.rate, duration: 1 }));
  return {
    identity,
    sync,
    iam,
    turn: async () => {
      await queue.removeTokens(1);
    },
    close: () => [identity, sync, iam].forEach((client) => client?.destroy()),
  };
};

const PAGE = 60;
const RECORDS = 1024;

/** A page of a pool's identities. */
export interface IdentityPage {
  identities: IdentityDescription[];
  nextToken: string | undefined;
}

/** One page of ListIdentities, in its turn. */
export const listIdentities = async (
  { identity, turn }: Source,
  IdentityPoolId: string,
  HideDisabled: boolean,
  NextToken: string | undefined,
): Promise<IdentityPage> => {
  await turn();
  const answer = await identity.send(
    new ListIdentitiesCommand({ IdentityPoolId, HideDisabled, NextToken, MaxResults: PAGE }),
  );
  return { identities: answer.Identities ?? [], nextToken: answer.NextToken || undefined };
};

/** All users of the developer provider that an identity has. */
export const developerUsersOf = async (
  { identity, turn }: Source,
  IdentityPoolId: string,
  IdentityId: string,
): Promise<string[]> => {
  const pages = await allPages(async (NextToken) => {
    await turn();
    return identity.send(
      new LookupDeveloperIdentityCommand({ IdentityPoolId, IdentityId, NextToken, MaxResults: PAGE }),
    );
  });
  return pages.flatMap((page) => page.DeveloperUserIdentifierList ?? []);
};

/** Whose data. */
export interface SourceOwner {
  IdentityPoolId: string;
  IdentityId: string;
}

/** All datasets of an identity. */
export const listDatasets = async ({ sync }: Source, owner: SourceOwner): Promise<Dataset[]> => {
  const pages = await allPages((NextToken) =>
    sync.send(new ListDatasetsCommand({ ...owner, NextToken, MaxResults: PAGE })),
  );
  return pages.flatMap((page) => page.Datasets ?? []);
};

/** Records of a dataset as of one moment. */
export interface RecordListing {
  records: _Record[];
  /** The dataset's count then. */
  syncCount: number;
  /** What was known up to the count that was asked from is no more: all must be asked for. */
  isDeletedSince: boolean;
}

/** How often a dataset is listed anew that is written in the meantime. */
const LISTINGS = 3;

/**
 * The records of a dataset with a count above `LastSyncCount`. Where it is written while its pages are read it is listed
 * anew, a few times; then what came after the first page is left out, and the next import brings it.
 */
export const listRecords = async (
  source: Source,
  owner: SourceOwner & { DatasetName: string },
  LastSyncCount: number,
): Promise<RecordListing> => {
  for (let listing = 1; ; listing += 1) {
    const pages = await recordPages(source, owner, LastSyncCount);
    const counts = pages.map((page) => Number(page.DatasetSyncCount ?? 0));
    const isSteady = counts.every((count) => count === counts[0]);
    if (isSteady) return toListing(pages, counts[0] ?? 0);
    if (listing >= LISTINGS) return asOfFirstPage(toListing(pages, counts[0] ?? 0));
  }
};

const recordPages = (
  { sync }: Source,
  owner: SourceOwner & { DatasetName: string },
  LastSyncCount: number,
): Promise<ListRecordsResponse[]> =>
  allPages((NextToken) =>
    sync.send(new ListRecordsCommand({ ...owner, LastSyncCount, NextToken, MaxResults: RECORDS })),
  );

const toListing = (pages: ListRecordsResponse[], syncCount: number): RecordListing => ({
  records: pages.flatMap((page) => page.Records ?? []),
  syncCount,
  isDeletedSince: pages.some((page) => page.DatasetDeletedAfterRequestedSyncCount === true),
});

const asOfFirstPage = (listing: RecordListing): RecordListing => ({
  ...listing,
  records: listing.records.filter((record) => Number(record.SyncCount ?? 0) <= listing.syncCount),
});
