import { GraphqlError, send, type Connection } from './graphql';

/** A record as the server lists it; a removed one has a null value. */
export interface RemoteRecord {
  key: string;
  value: string | null;
  syncCount: number;
}

/** A login: a provider's name and the ID token it issued. */
export interface Login {
  provider: string;
  token: string;
}

/** The server refused a push because another device wrote the same records first. Nothing was written. */
export class Collision extends Error {
  override readonly name = 'Collision';

  constructor(
    message: string,
    /** What the server has in the place of each record that collided. */
    readonly theirs: RemoteRecord[],
    /** The count to pull from. */
    readonly pullFrom: number,
  ) {
    super(message);
  }
}

/** Decides on a value when this device and another one changed the same record. */
export type Merge = (key: string, mine: string | null, theirs: string | null) => string | null;

const CREDENTIALS = `mutation ($identityId: ID!, $logins: [LoginInput!]) {
  getCredentialsForIdentity(input: { identityId: $identityId, logins: $logins }) {
    identityId
    credentials { accessToken }
  }
}`;

const GET_ID = `mutation ($identityPoolId: ID!, $logins: [LoginInput!]) {
  getId(input: { identityPoolId: $identityPoolId, logins: $logins }) { identityId }
}`;

const UPDATE_RECORDS = `mutation ($input: UpdateRecordsInput!) {
  updateRecords(input: $input) { datasetSyncCount records { key value syncCount } }
}`;

const LIST_RECORDS = `query ($input: ListRecordsInput!) {
  listRecords(input: $input) {
    datasetSyncCount
    datasetDeletedAfterRequestedSyncCount
    nextToken
    records { key value syncCount }
  }
}`;

interface Page {
  datasetSyncCount: number;
  datasetDeletedAfterRequestedSyncCount: boolean;
  nextToken: string | null;
  records: RemoteRecord[];
}

/**
 * An app on one device, as a beginner would write it: it keeps a copy of the dataset, the changes that it has not
 * pushed yet, and the count that it pulled last.
 */
export class Device {
  identityId = '';
  lastSyncCount = 0;
  /** What the server has, as far as this device knows. */
  private readonly known = new Map<string, RemoteRecord>();
  /** What was changed here since the last push; null for removed. */
  private readonly changes = new Map<string, string | null>();
  private connection: Connection;

  constructor(
    readonly name: 'phone' | 'tablet',
    readonly server: string,
    readonly identityPoolId: string,
    private readonly datasetName = 'settings',
  ) {
    this.connection = { url: server };
  }

  /** Gets an identity without signing in. */
  async startAsGuest(): Promise<void> {
    await this.getIdentity([]);
  }

  /** Signs in. A device that was a guest keeps its identity; a new one gets the identity of the login. */
  async signIn(login: Login): Promise<void> {
    if (this.identityId === '') await this.getIdentity([login]);
    else await this.getCredentials([login]);
  }

  private async getIdentity(logins: Login[]): Promise<void> {
    const variables = { identityPoolId: this.identityPoolId, logins };
    const { getId } = await send<{ getId: { identityId: string } }>(this.connection, GET_ID, variables);
    this.identityId = getId.identityId;
    await this.getCredentials(logins);
  }

  private async getCredentials(logins: Login[]): Promise<void> {
    const { url } = this.connection;
    const { getCredentialsForIdentity: answer } = await send<{
      getCredentialsForIdentity: { identityId: string; credentials: { accessToken: string } };
    }>({ url }, CREDENTIALS, { identityId: this.identityId, logins });
    this.identityId = answer.identityId;
    this.connection = { url, bearer: answer.credentials.accessToken };
  }

  /** Changes a record on the device alone; works offline. */
  set(key: string, value: string): void {
    this.changes.set(key, value);
  }

  /** Removes a record on the device alone; works offline. */
  remove(key: string): void {
    this.changes.set(key, null);
  }

  /** What the app shows: the records of the last pull with the device's own changes on top. */
  get settings(): Record<string, string> {
    const settings: Record<string, string> = {};
    for (const { key, value } of this.known.values()) if (value !== null) settings[key] = value;
    for (const [key, value] of this.changes) {
      if (value === null) delete settings[key];
      else settings[key] = value;
    }
    return settings;
  }

  /** Sends the changes: all are written, or none. @throws Collision */
  async push(): Promise<void> {
    const recordPatches = [...this.changes].map(([key, value]) => ({
      op: value === null ? 'REMOVE' : 'REPLACE',
      key,
      value,
      syncCount: this.known.get(key)?.syncCount ?? 0,
    }));
    const input = { datasetName: this.datasetName, deviceId: this.name, recordPatches };
    const { updateRecords } = await send<{
      updateRecords: { datasetSyncCount: number; records: RemoteRecord[] };
    }>(this.connection, UPDATE_RECORDS, { input }).catch(asCollision);
    this.learn(updateRecords.records);
    this.changes.clear();
    // A count that jumped means that another device wrote in between: the next pull must still fetch that.
    if (updateRecords.datasetSyncCount === this.lastSyncCount + 1) this.lastSyncCount += 1;
  }

  /** Fetches what other devices changed; `merge` decides on records that were changed here too. Returns the news. */
  async pull(merge: Merge = (_key, mine) => mine): Promise<RemoteRecord[]> {
    const news: RemoteRecord[] = [];
    let page: Page | undefined;
    do {
      page = await this.listRecords(page?.nextToken ?? null);
      if (page.datasetDeletedAfterRequestedSyncCount) this.known.clear();
      news.push(...page.records);
    } while (page.nextToken !== null);
    this.learn(news);
    this.lastSyncCount = page.datasetSyncCount;
    for (const { key, value: theirs } of news) {
      const mine = this.changes.get(key);
      if (mine !== undefined) this.changes.set(key, merge(key, mine, theirs));
    }
    return news;
  }

  private async listRecords(nextToken: string | null): Promise<Page> {
    const { datasetName, lastSyncCount } = this;
    const input = { datasetName, lastSyncCount, nextToken };
    return (await send<{ listRecords: Page }>(this.connection, LIST_RECORDS, { input })).listRecords;
  }

  private learn(records: RemoteRecord[]): void {
    for (const record of records) this.known.set(record.key, record);
  }
}

const asCollision = (error: unknown): never => {
  if (!(error instanceof GraphqlError) || error.extensions.code !== 'RESOURCE_CONFLICT') throw error;
  const { conflicts, pullFrom } = error.extensions as {
    conflicts: { record: RemoteRecord }[];
    pullFrom: number;
  };
  throw new Collision(
    error.message,
    conflicts.map(({ record }) => record),
    pullFrom,
  );
};
