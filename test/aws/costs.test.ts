import { createPool, getCredentials, getId, type Data } from '../support/factories';
import { startTestServer, type TestServer } from '../support/server';
import { callRaw, type Keys, type RawAnswer } from './identity/clients';
import { callerWith, keyOf, type RawAnswer as SyncAnswer } from './sync/sync-api';

/*
 * What a call may cost those who wait behind it. Anybody may send a megabyte, and any guest can sign eight: such a body is
 * refused before it is read, and an answer is never much longer than the call.
 */

let server: TestServer;
let pool: Data;
let guest: Data;
let keys: Keys;

beforeAll(async () => {
  server = await startTestServer();
  pool = await createPool(server);
  guest = await getId(server, pool.id);
  keys = keyOf(await getCredentials(server, guest.id));
});
afterAll(() => server?.close());

const refusalIn = ({ status, json }: RawAnswer): unknown[] => [status, json.__type, json.message];

const nested = (depth: number): string => `${'['.repeat(depth)}${']'.repeat(depth)}`;

const getIdWith = (more: string): Promise<RawAnswer> =>
  callRaw(server, 'GetId', `{"IdentityPoolId":"${pool.id}",${more}}`);

const sendForm = async (pairs: string[]): Promise<[number, string]> => {
  const answer = await fetch(server.url, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: ['Action=AssumeRoleWithWebIdentity', 'Version=2011-06-15', ...pairs].join('&'),
  });
  return [answer.status, await answer.text()];
};

describe('a body', () => {
  it('may be nested 64 deep, and is not parsed when it is deeper', async () => {
    expect((await getIdWith(`"X":${nested(63)}`)).status).toBe(200);
    expect(refusalIn(await getIdWith(`"X":${nested(64)}`))).toEqual([
      400,
      'SerializationException',
      'The request body has lists and objects more than 64 deep.',
    ]);
    expect(refusalIn(await callRaw(server, 'GetId', '['.repeat(1_000_000)))).toEqual([
      400,
      'SerializationException',
      'The request body has lists and objects more than 64 deep.',
    ]);
  });

  it('may have 25,000 members, and is not parsed when it has more', async () => {
    const zeros = (count: number) => `"X":[${Array(count).fill(0).join(',')}]`;

    expect((await getIdWith(zeros(24_998))).status).toBe(200);
    expect(refusalIn(await getIdWith(zeros(24_999)))).toEqual([
      400,
      'SerializationException',
      'The request body has more than 25000 members.',
    ]);
  });

  it('that is a form may have 1,000 members, and is not parsed when it has more', async () => {
    const [, taken] = await sendForm(Array(998).fill('a.b=c'));
    const [status, refused] = await sendForm(Array(999).fill('a.b=c'));

    expect(taken).toContain('<Code>ValidationError</Code>');
    expect(status).toBe(400);
    expect(refused).toContain(
      '<Code>MalformedInput</Code><Message>The form has more than 1000 members.</Message>',
    );
  });
});

describe('an answer', () => {
  const update = (patches: string): Promise<SyncAnswer> =>
    callerWith(server, keys).send({
      method: 'POST',
      path: `/identitypools/${encodeURIComponent(pool.id)}/identities/${encodeURIComponent(guest.id)}/datasets/d`,
      body: `{"SyncSessionToken":"x","RecordPatches":[${patches}]}`,
    });

  it('tells of the first 10 wrong members of a list', async () => {
    const { status, body } = await update(Array(5000).fill('{}').join(','));

    expect(status).toBe(400);
    expect(body.message).toMatch(
      /^30 validation errors detected: .*'recordPatches\.10\.member\.syncCount'[^;]*$/,
    );
  });

  it('tells nothing of the members of a map beyond its limit', async () => {
    const logins = Array.from({ length: 11 }, (_, at) => `"p${at}":${at < 10 ? '"token"' : '5'}`).join(',');

    const { json } = await getIdWith(`"Logins":{${logins}}`);

    expect(json.message).toBe(
      "1 validation error detected: Value at 'logins' failed to satisfy constraint: Member must have length less than or equal to 10",
    );
  });

  it('tells of the first 10 wrong values of a map, and of 100 mistakes in all', async () => {
    const rules = Array(20).fill('{}').join(',');
    const mapping = `{"Type":"Rules","RulesConfiguration":{"Rules":[${rules}]}}`;
    const mappings = Array.from({ length: 20 }, (_, at) => `"p${at}":${mapping}`).join(',');

    const { json } = await callRaw(
      server,
      'SetIdentityPoolRoles',
      `{"IdentityPoolId":"${pool.id}","Roles":{},"RoleMappings":{${mappings}}}`,
      keys,
    );

    expect(json.message).toMatch(/^100 validation errors detected: /);
    expect(json.message.split('; ')).toHaveLength(100);
  });

  it('shows no more than 256 characters of the key of a map', async () => {
    const key = 'k'.repeat(100_000);

    const { json } = await getIdWith(`"Logins":{"${key}":5}`);

    expect(json).toEqual({
      __type: 'SerializationException',
      message: `logins.${key.slice(0, 256)}....member: NUMBER_VALUE can not be converted to String`,
    });
  });
});
