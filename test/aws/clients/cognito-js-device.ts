/*
 * A device with an app of amazon-cognito-js 1.1.0, unmodified. `makeDevice` runs in Node and, by its source, in a page of
 * a browser: it names nothing outside of itself.
 */

export interface DeviceSettings {
  endpoint: string;
  identityPoolId: string;
  /** Node has no localStorage. */
  isInMemory: boolean;
}

/** What became of a synchronize call, and what its callbacks were told. */
export interface SyncOutcome {
  outcome: 'success' | 'failure';
  error: string | null;
  conflicts: string[];
  deleted: string[];
  merged: string[];
}

/** Whose value stays in a conflict. */
export type Choice = 'local' | 'remote';

/** The calls that an app makes, as promises. */
export interface CognitoJsDevice {
  /** Gets credentials, as a guest or with logins; answers the identity's id. */
  signIn(logins?: { [provider: string]: string }): Promise<string>;
  put(dataset: string, key: string, value: string): Promise<void>;
  remove(dataset: string, key: string): Promise<void>;
  values(dataset: string): Promise<{ [key: string]: string }>;
  /** Marks the dataset for deletion, which the next sync does. */
  deleteDataset(dataset: string): Promise<void>;
  /** Drops what the device has of a dataset, as an app does when it is told of a deletion. */
  purge(dataset: string): Promise<void>;
  sync(dataset: string, choice?: Choice): Promise<SyncOutcome>;
}

export const makeDevice = (AWS: any, settings: DeviceSettings): CognitoJsDevice => {
  const { endpoint, identityPoolId: IdentityPoolId } = settings;
  AWS.config.update({ region: 'us-east-1', cognitoidentity: { endpoint }, cognitosync: { endpoint } });
  let manager: any;

  const promised = (run: (done: (error: unknown, value: any) => void) => void): Promise<any> =>
    new Promise((resolve, reject) =>
      run((error, value) => (error ? reject(new Error(String(error))) : resolve(value))),
    );
  const open = (name: string): Promise<any> => promised((done) => manager.openOrCreateDataset(name, done));
  const locally = (method: string, name: string): Promise<void> =>
    promised((done) => manager.local[method](manager.getIdentityId(), name, done));

  return {
    signIn: async (logins) => {
      const known = AWS.config.credentials;
      const credentials = known ?? new AWS.CognitoIdentityCredentials({ IdentityPoolId });
      if (logins) credentials.params.Logins = logins;
      credentials.expired = true;
      AWS.config.credentials = credentials;
      await credentials.refreshPromise();
      const DataStore = settings.isInMemory ? AWS.CognitoSyncManager.StoreInMemory : undefined;
      manager = new AWS.CognitoSyncManager({ DataStore });
      return credentials.identityId;
    },
    put: async (name, key, value) => {
      const dataset = await open(name);
      await promised((done) => dataset.put(key, value, done));
    },
    remove: async (name, key) => {
      const dataset = await open(name);
      await promised((done) => dataset.remove(key, done));
    },
    values: async (name) => {
      const dataset = await open(name);
      const records: any[] = await promised((done) => dataset.getAllRecords(done));
      const live = records.filter((record) => record.getValue());
      return Object.fromEntries(live.map((record) => [record.getKey(), record.getValue()]));
    },
    deleteDataset: (name) => locally('deleteDataset', name),
    purge: (name) => locally('purgeDataset', name),
    sync: async (name, choice = 'remote') => {
      const dataset = await open(name);
      const told = { conflicts: [] as string[], deleted: [] as string[], merged: [] as string[] };
      return new Promise((resolve) =>
        dataset.synchronize({
          onSuccess: () => resolve({ ...told, outcome: 'success', error: null }),
          onFailure: (error: Error) => resolve({ ...told, outcome: 'failure', error: String(error) }),
          onConflict: (_dataset: any, conflicts: any[], goOn: (isResolved: boolean) => void) => {
            told.conflicts.push(...conflicts.map((conflict) => conflict.getKey()));
            const resolved = conflicts.map((conflict) =>
              choice === 'local' ? conflict.resolveWithLocalRecord() : conflict.resolveWithRemoteRecord(),
            );
            dataset.resolve(resolved, () => goOn(true));
          },
          // To go on after these two the library calls a function that it does not have: apps cancel and sync anew.
          onDatasetDeleted: (_dataset: any, deleted: string, goOn: (isPurged: boolean) => void) => {
            told.deleted.push(deleted);
            goOn(false);
          },
          onDatasetsMerged: (_dataset: any, names: string[], goOn: (isFolded: boolean) => void) => {
            told.merged.push(...names);
            goOn(false);
          },
        }),
      );
    },
  };
};
