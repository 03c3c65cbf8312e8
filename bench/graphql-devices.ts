import type { Case } from './cases';
import { RECORDS_PER_CALL } from './floor';
import { callsPerSecond, openConnection, type Connection } from './load';
import type { BenchServer, Guest } from './server';

const UPDATE = `mutation Update($input: UpdateRecordsInput!) {
  updateRecords(input: $input) { datasetSyncCount records { key syncCount } }
}`;
const SYNCHRONIZE = `mutation Synchronize($input: SynchronizeInput!) {
  synchronize(input: $input) { datasets { applied changes { datasetSyncCount records { key value syncCount } } } }
}`;
const LIST = `query List($input: ListRecordsInput!) {
  listRecords(input: $input) { datasetSyncCount records { key value syncCount } syncSessionToken }
}`;

/** One device's loop: it keeps its count as an app would, and a refused call ends the run. */
const device = (connection: Connection, at: number, operation: Case['operation'], name: string) => {
  let syncCount = 0;
  const patch = (key: number) => ({
    op: 'REPLACE',
    key: `device-${at}-key-${key}`,
    value: `value ${key} of a setting that a device keeps`,
    syncCount,
  });
  const push = () => ({
    datasetName: name,
    deviceId: `device-${at}`,
    recordPatches: Array.from({ length: RECORDS_PER_CALL }, (_, key) => patch(key)),
  });
  const update = () => ({ query: UPDATE, variables: { input: push() } });
  const synchronize = () => ({
    query: SYNCHRONIZE,
    variables: { input: { ...push(), lastSyncCount: syncCount } },
  });
  const pull = { query: LIST, variables: { input: { datasetName: name } } };
  const send = async (body: object): Promise<void> => {
    const answer = await connection.post(JSON.stringify(body));
    if (answer.includes('"errors"')) throw new Error(answer);
    syncCount = Number(/"datasetSyncCount":(\d+)/.exec(answer)?.[1]);
  };
  return {
    /** Learns the dataset's count; writes this device's records, or for pulls the first device's if there are none. */
    begin: async (): Promise<void> => {
      await send(pull);
      if (operation !== 'listRecords' || syncCount === 0) await send(update());
    },
    call: (): Promise<void> =>
      send({ updateRecords: update, synchronize, listRecords: () => pull }[operation]()),
  };
};

/** Calls per second of a case through GraphQL. */
export const throughGraphql = async (
  { url }: BenchServer,
  { devices, shared, operation }: Case,
  guests: Guest[],
  seconds: number,
): Promise<number> => {
  const connections = await Promise.all(
    Array.from({ length: devices }, (_, at) => openConnection(url, guests[shared ? 0 : at]!.token)),
  );
  const name = `bench-${operation}-${shared ? 'shared' : 'own'}`;
  const loops = connections.map((connection, at) => device(connection, at, operation, name));
  for (const loop of loops) await loop.begin();
  const rate = await callsPerSecond(
    seconds,
    loops.map((loop) => loop.call),
  );
  connections.forEach((connection) => connection.close());
  return rate;
};
