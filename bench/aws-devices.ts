import { createHash, createHmac } from 'node:crypto';
import type { Case } from './cases';
import { RECORDS_PER_CALL } from './floor';
import { callsPerSecond, openConnection, type Connection } from './load';
import type { BenchServer, Guest } from './server';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();

/** A signer of AWS's wire that costs as little as it can: its key is derived once, and few headers are signed. */
const signerOf = ({ accessKeyId, secretKey, sessionToken }: Guest, host: string) => {
  const date = new Date().toISOString().replaceAll(/[-:]|\.\d+/g, '');
  const scope = `${date.slice(0, 8)}/us-east-1/cognito-sync/aws4_request`;
  const key = scope.split('/').reduce<string | Buffer>(hmac, `AWS4${secretKey}`);
  const names = 'host;x-amz-date;x-amz-security-token';
  return (method: string, path: string, query: string, body: string): string => {
    const signed = `host:${host}\nx-amz-date:${date}\nx-amz-security-token:${sessionToken}\n\n${names}`;
    const canonical = `${method}\n${path.replaceAll('%', '%25')}\n${query}\n${signed}\n${sha256(body)}`;
    const toSign = `AWS4-HMAC-SHA256\n${date}\n${scope}\n${sha256(canonical)}`;
    const signature = createHmac('sha256', key).update(toSign).digest('hex');
    return (
      `${method} ${path}${query && `?${query}`} HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\n` +
      `X-Amz-Date: ${date}\r\nX-Amz-Security-Token: ${sessionToken}\r\n` +
      `Authorization: AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope}, SignedHeaders=${names}, Signature=${signature}\r\n`
    );
  };
};

/** One device: it keeps its count as an app would, and a refused call ends the run. */
const device = (connection: Connection, guest: Guest, at: number, name: string) => {
  const sign = signerOf(guest, '127.0.0.1');
  const [pool, identity] = [guest.identityPoolId, guest.identityId].map(encodeURIComponent);
  const path = `/identitypools/${pool}/identities/${identity}/datasets/${name}`;
  let syncCount = 0;
  const sessions: string[] = [];
  const send = async (method: string, to: string, query: string, body: string): Promise<any> => {
    const answer = JSON.parse(await connection.send(sign(method, to, query, body), body));
    if (answer.message) throw new Error(answer.message);
    return answer;
  };
  const list = (lastSyncCount = 0): Promise<any> =>
    send('GET', `${path}/records`, `lastSyncCount=${lastSyncCount}`, '');
  const patch = (key: number) => ({
    Op: 'replace',
    Key: `device-${at}-key-${key}`,
    Value: `value ${key} of a setting that a device keeps`,
    SyncCount: syncCount,
  });
  const update = async (): Promise<void> => {
    const session = sessions.pop() ?? (await list(syncCount)).SyncSessionToken;
    const body = JSON.stringify({
      SyncSessionToken: session,
      DeviceId: `device-${at}`,
      RecordPatches: Array.from({ length: RECORDS_PER_CALL }, (_, key) => patch(key)),
    });
    const { Records } = await send('POST', path, '', body);
    syncCount = Records[0].SyncCount;
  };
  return {
    list: async (): Promise<void> => void (await list()),
    update,
    /** Learns the dataset's count, and holds as many sessions as it will use up: each update needs one of its own. */
    begin: async (updates: number): Promise<void> => {
      syncCount = (await list()).DatasetSyncCount;
      if (syncCount === 0 || updates > 0) await update();
      while (sessions.length < updates) sessions.push((await list(syncCount)).SyncSessionToken);
    },
  };
};

/** More updates than a server does in a second, so that sessions are at hand for all of them. */
const UPDATES_A_SECOND = 1200;

/** Calls per second of a case through the AWS door, each signed as SDKs do. */
export const throughAws = async (
  { url }: BenchServer,
  { devices, shared, operation }: Case,
  guests: Guest[],
  seconds: number,
): Promise<number> => {
  const name = `aws-${operation}-${shared ? 'shared' : 'own'}`;
  const connections = await Promise.all(Array.from({ length: devices }, () => openConnection(url)));
  const loops = connections.map((connection, at) => device(connection, guests[shared ? 0 : at]!, at, name));
  const updates = operation === 'updateRecords' ? Math.ceil((UPDATES_A_SECOND * seconds) / devices) : 0;
  await Promise.all(
    loops.map((loop, at) => (shared && updates === 0 && at > 0 ? undefined : loop.begin(updates))),
  );
  const calls = loops.map((loop) => (operation === 'updateRecords' ? loop.update : loop.list));
  const rate = await callsPerSecond(seconds, calls);
  connections.forEach((connection) => connection.close());
  return rate;
};
