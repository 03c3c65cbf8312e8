import { Webhook } from 'standardwebhooks';
import type { IdentityActor } from '../../src/actor';
import type { Context } from '../../src/context';
import { deleteDataset } from '../../src/sync/datasets.service';
import { listRecords } from '../../src/sync/list-records.service';
import { changeSyncConfiguration } from '../../src/sync/change-configuration';
import { inTransaction } from '../../src/context';
import { synchronize } from '../../src/sync/synchronize.service';
import type { SynchronizeInput } from '../../src/sync/synchronize.input';
import { getCognitoEvents, setCognitoEvents } from '../../src/sync/trigger/cognito-events.service';
import type { TriggerEvent, TriggerRecord } from '../../src/sync/trigger/trigger-event';
import { updateRecords } from '../../src/sync/update-records.service';
import { answerWith, startReceiver, type Receiver } from '../support/receiver';
import { refusal, remove, replace, startWorld, type SyncWorld } from './sync-world';

let world: SyncWorld;
let trigger: Receiver;
let secret: string;
/** An identity of the pool with the trigger. */
let ctx: Context & { actor: IdentityActor };

const LOCAL = { allowPrivateAddresses: true, allowPlaintext: true };
const allowing = <T extends Context>(given: T): T => ({
  ...given,
  config: { ...given.config, outgoing: LOCAL },
});
const admin = (): Context => allowing(world.administrator());

const setTrigger = (value: string, rotateSecret?: boolean) =>
  setCognitoEvents(admin(), {
    identityPoolId: world.identityPoolId,
    events: [{ key: 'SyncTrigger', value }],
    ...(rotateSecret === undefined ? {} : { rotateSecret }),
  });

const eventOf = (body: string): TriggerEvent => JSON.parse(body) as TriggerEvent;
const questions = (): TriggerEvent[] => trigger.requests.map(({ body }) => eventOf(body));

/** The trigger answers with the event after `change`; by default as it came. */
const answering = (change: (event: TriggerEvent) => unknown = () => undefined): void => {
  trigger.answer = (response, { body }) => {
    const event = eventOf(body);
    const answer = change(event) ?? event;
    response.writeHead(200).end(typeof answer === 'string' ? answer : JSON.stringify(answer));
  };
};

const setting =
  (records: Record<string, Partial<TriggerRecord>>) =>
  (event: TriggerEvent): void =>
    void Object.assign(event.datasetRecords, records);

const push = (...recordPatches: ReturnType<typeof replace>[]) =>
  updateRecords(ctx, { datasetName: 'd', recordPatches });
const sync = async (input: Omit<SynchronizeInput, 'datasetName'>) => {
  const [result] = await synchronize(ctx, { datasetName: 'd', ...input });
  return result!;
};
const pull = async () => listRecords(ctx, { datasetName: 'd' });
const values = async (): Promise<Record<string, string | null>> =>
  Object.fromEntries((await pull()).records.map(({ key, value }) => [key, value]));

beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world?.stop());
beforeEach(async () => {
  trigger = await startReceiver();
  answering();
  ctx = allowing(await world.newIdentity());
  secret = (await setTrigger(`http://127.0.0.1:${trigger.port}/sync?token=t`, true)).signingSecret as string;
});
afterEach(() => trigger.close());

describe('S51: a sync trigger', () => {
  test('S51: is shown the dataset as it would be, in the members of Cognito, signed', async () => {
    await push(replace('kept', '1'), replace('changed', '2'), replace('removed', '3'));
    trigger.requests.length = 0;

    await push(replace('new', 'n'), replace('changed', '2b', 1), remove('removed', 1));

    const [request] = trigger.requests;
    expect(eventOf(request!.body)).toEqual({
      version: 2,
      eventType: 'SyncTrigger',
      region: 'us-east-1',
      identityPoolId: world.identityPoolId,
      identityId: ctx.actor.identityId,
      datasetName: 'd',
      datasetRecords: {
        kept: { oldValue: '1', newValue: '1', op: 'replace' },
        changed: { oldValue: '2', newValue: '2b', op: 'replace' },
        removed: { oldValue: '3', newValue: null, op: 'remove' },
        new: { oldValue: null, newValue: 'n', op: 'replace' },
      },
    });
    expect(request).toMatchObject({ method: 'POST', path: '/sync?token=t' });
    const { 'webhook-id': id, 'webhook-signature': signature } = request!.headers as Record<string, string>;
    expect(signature).toBe(new Webhook(secret).sign(id!, world.clock.now(), request!.body));
  });

  test('S51: that changes nothing has the patches written as they are', async () => {
    const { records, datasetSyncCount } = await push(replace('a', '1'));

    expect(records).toMatchObject([
      { key: 'a', value: '1', syncCount: 1, lastModifiedBy: ctx.actor.identityId },
    ]);
    expect(datasetSyncCount).toBe(1);
    expect(trigger.requests).toHaveLength(1);
  });

  test('S51: changes, adds and removes records, touched or not, and the answer shows them all under one count', async () => {
    await push(replace('other', '1'), replace('gone', '2'), replace('still', '3'));
    answering(
      setting({
        mine: { newValue: 'made better', op: 'replace' },
        other: { newValue: 'changed too', op: 'replace' },
        added: { newValue: 'by the trigger', op: 'replace' },
        gone: { op: 'remove' },
        denied: { newValue: null },
      }),
    );

    const { records, datasetSyncCount } = await push(replace('mine', 'm'), replace('denied', 'x'));

    expect(datasetSyncCount).toBe(2);
    expect(records.map(({ key, value, syncCount }) => [key, value, syncCount])).toEqual([
      ['added', 'by the trigger', 2],
      ['denied', null, 2],
      ['gone', null, 2],
      ['mine', 'made better', 2],
      ['other', 'changed too', 2],
    ]);
    expect(await values()).toEqual({
      still: '3',
      added: 'by the trigger',
      denied: null,
      gone: null,
      mine: 'made better',
      other: 'changed too',
    });
  });

  test('S51: may leave records out, which stay as the patches want them, and remove what is not there', async () => {
    answering((event) => ({ ...event, datasetRecords: { never: { op: 'remove' } } }));

    const { records } = await push(replace('a', '1'));

    expect(records.map(({ key, value }) => [key, value])).toEqual([['a', '1']]);
    expect(await values()).toEqual({ a: '1' });
  });

  test('S51: sees and writes keys that mean something to JavaScript', async () => {
    answering((event) => JSON.stringify(event).replace('"v"', '"w"'));

    await push(replace('__proto__', 'v'), replace('constructor', 'c'));

    expect(Object.keys(questions()[0]!.datasetRecords)).toEqual(['__proto__', 'constructor']);
    expect((await pull()).records.map(({ key, value }) => [key, value])).toEqual([
      ['__proto__', 'w'],
      ['constructor', 'c'],
    ]);
  });

  test('S51: is not asked for administrators, for a call without patches, and when it is removed', async () => {
    const { identityId } = ctx.actor;
    await updateRecords(admin(), { identityId, datasetName: 'd', recordPatches: [replace('a', '1')] });
    await push();
    await sync({ lastSyncCount: 0 });
    await setTrigger('');
    await push(replace('b', '1'));

    expect(trigger.requests).toEqual([]);
    expect(await values()).toEqual({ a: '1', b: '1' });
  });

  test('S51: is not asked what the database refuses anyway', async () => {
    await push(replace('a', '1'));
    trigger.requests.length = 0;

    const conflict = await refusal(push(replace('a', '2', 0)));
    const ahead = await refusal(push(replace('a', '2', 9)));
    const tooLarge = await refusal(push(...['b', 'c'].map((key) => replace(key, 'x'.repeat(600_000)))));
    const unknownCount = await refusal(sync({ lastSyncCount: 9, recordPatches: [replace('b', '1')] }));

    expect([conflict, ahead, tooLarge, unknownCount].map(({ code }) => code)).toEqual([
      'RESOURCE_CONFLICT',
      'INVALID_PARAMETER',
      'LIMIT_EXCEEDED',
      'INVALID_PARAMETER',
    ]);
    expect(trigger.requests).toEqual([]);
  });

  test('S51: adds no more than a dataset can hold', async () => {
    answering(setting({ b: { newValue: 'x'.repeat(1_048_575), op: 'replace' } }));

    const refused = await refusal(push(replace('a', '1')));

    expect(refused).toMatchObject({ code: 'LIMIT_EXCEEDED', fields: { limit: 'datasetBytes' } });
    expect((await pull()).datasetExists).toBe(false);
  });
});

describe('S51: in synchronize, a trigger', () => {
  test('S51: sees only what would be written, and the answer tells the patches apart from its own changes', async () => {
    await push(replace('stale', 'theirs'), replace('other', 'o'));
    trigger.requests.length = 0;
    answering(setting({ other: { newValue: 'by the trigger' }, stale: { newValue: 'settled' } }));
    const input = {
      lastSyncCount: 1,
      mutationId: 'm',
      recordPatches: [replace('stale', 'mine', 0), replace('fresh', 'f')],
    };

    const first = await sync(input);
    const again = await sync(input);

    expect(questions().map(({ datasetRecords }) => datasetRecords)).toEqual([
      {
        stale: { oldValue: 'theirs', newValue: 'theirs', op: 'replace' },
        other: { oldValue: 'o', newValue: 'o', op: 'replace' },
        fresh: { oldValue: null, newValue: 'f', op: 'replace' },
      },
    ]);
    expect(first).toMatchObject({ applied: ['fresh'], isRepeated: false });
    expect(first.conflicts).toMatchObject([{ key: 'stale', record: { value: 'theirs' } }]);
    expect(first.listing!.records.map(({ key, value }) => [key, value])).toEqual([
      ['fresh', 'f'],
      ['other', 'by the trigger'],
      ['stale', 'settled'],
    ]);
    expect(again).toMatchObject({
      applied: ['fresh'],
      conflicts: [{ key: 'stale', patchSyncCount: 0, record: null }],
      isRepeated: true,
    });
  });

  test('S51: is not asked again about a mutation that was applied, nor about one that comes to nothing', async () => {
    const input = { mutationId: 'm', recordPatches: [replace('a', '1')] };
    await sync(input);
    await sync(input);
    await sync({ recordPatches: [replace('a', '2', 0)] });

    expect(trigger.requests).toHaveLength(1);
    expect(await values()).toEqual({ a: '1' });
  });

  test('S51: sees the outcome of merge rules, and may change that', async () => {
    const rules = [{ datasetPattern: '*', rules: [{ keyPattern: 'high*', rule: 'MAX' as const }] }];
    await inTransaction(admin(), (tx) =>
      changeSyncConfiguration(tx, world.identityPoolId, () => ({ mergeRules: rules })),
    );
    await push(replace('high', '5'), replace('higher', '5'));
    await push(replace('high', '7', 1));
    trigger.requests.length = 0;
    answering(setting({ high: { newValue: '8' } }));

    const result = await sync({ recordPatches: [replace('high', '6', 1), replace('higher', '6', 1)] });

    expect(questions()[0]!.datasetRecords).toEqual({
      high: { oldValue: '7', newValue: '7', op: 'replace' },
      higher: { oldValue: '5', newValue: '6', op: 'replace' },
    });
    expect(result.merged).toMatchObject([{ key: 'high', rule: 'MAX', value: '8', isServers: false }]);
    expect(await values()).toEqual({ high: '8', higher: '6' });
    await inTransaction(admin(), (tx) =>
      changeSyncConfiguration(tx, world.identityPoolId, () => ({ mergeRules: [] })),
    );
  });

  test.each(['CLIENT_WINS', 'LAST_WRITER_WINS'] as const)(
    'S51: sees what %s comes to',
    async (onConflict) => {
      await push({ ...replace('a', 'early'), deviceLastModifiedDate: new Date(1000) });
      trigger.requests.length = 0;

      await sync({
        onConflict,
        recordPatches: [{ ...replace('a', 'late', 0), deviceLastModifiedDate: new Date(2000) }],
      });

      expect(questions()[0]!.datasetRecords).toEqual({
        a: { oldValue: 'early', newValue: 'late', op: 'replace' },
      });
      expect((await pull()).records).toMatchObject([
        { value: 'late', deviceLastModifiedDate: new Date(2000) },
      ]);
    },
  );
});

describe('S51: while a trigger thinks', () => {
  /** An administrator, whom no trigger holds up, writes while the first so many questions are open. */
  const meanwhile = (times: number, work: (time: number) => Promise<unknown>): void => {
    trigger.answer = (response, { body }) => {
      const time = trigger.requests.length;
      const done = time <= times ? work(time) : Promise.resolve();
      void done.then(() => response.writeHead(200).end(body));
    };
  };
  const writeByAdministrator = (time: number): Promise<unknown> =>
    updateRecords(admin(), {
      identityId: ctx.actor.identityId,
      datasetName: 'd',
      recordPatches: [replace(`meanwhile-${time}`, 'v')],
    });

  test('S51: nobody is held up, and what changed meanwhile is shown to it before anything is written', async () => {
    meanwhile(1, writeByAdministrator);

    const { datasetSyncCount } = await push(replace('a', '1'));

    expect(datasetSyncCount).toBe(2);
    expect(questions().map(({ datasetRecords }) => Object.keys(datasetRecords))).toEqual([
      ['a'],
      ['meanwhile-1', 'a'],
    ]);
    expect(await values()).toEqual({ 'meanwhile-1': 'v', a: '1' });
  });

  test('S51: a dataset that is deleted is not written as it was', async () => {
    await push(replace('secret', 's'));
    trigger.requests.length = 0;
    meanwhile(1, () => deleteDataset(ctx, { datasetName: 'd' }));

    const { datasetSyncCount } = await push(replace('a', '1'));

    expect(datasetSyncCount).toBe(3);
    expect(questions().map(({ datasetRecords }) => Object.keys(datasetRecords))).toEqual([
      ['secret', 'a'],
      ['a'],
    ]);
    expect(await values()).toEqual({ a: '1' });
  });

  test('S51: a record that becomes newer than a patch is a conflict', async () => {
    meanwhile(1, () =>
      updateRecords(admin(), {
        identityId: ctx.actor.identityId,
        datasetName: 'd',
        recordPatches: [replace('a', 'theirs')],
      }),
    );

    const refused = await refusal(push(replace('a', 'mine')));

    expect(refused.code).toBe('RESOURCE_CONFLICT');
    expect(await values()).toEqual({ a: 'theirs' });
  });

  test('S51: a dataset that changes again and again is given up, with nothing of the call written', async () => {
    meanwhile(Infinity, writeByAdministrator);

    const refused = await refusal(push(replace('a', '1')));

    expect(refused.code).toBe('CONCURRENT_MODIFICATION');
    expect(trigger.requests).toHaveLength(4);
    expect(Object.keys(await values())).not.toContain('a');
  });
});

describe('S51: nothing is written when a trigger', () => {
  const refusedBy = async (): Promise<unknown> => {
    const { code, message, fields } = await refusal(push(replace('a', '1')));
    expect((await pull()).datasetExists).toBe(false);
    return { code, message, ...fields };
  };
  const unusable = (message: unknown, fields: object = {}): object => ({
    code: 'INVALID_LAMBDA_FUNCTION_OUTPUT',
    message,
    ...fields,
  });

  test('S51: refuses it, whose words the app is told, up to 1,000 characters', async () => {
    trigger.answer = answerWith(422, {}, JSON.stringify({ message: `No, ${'x'.repeat(2000)}` }));

    expect(await refusedBy()).toEqual(unusable(`No, ${'x'.repeat(996)}`));
  });

  test.each([400, 500, 302])('S51: answers with status %d and says nothing', async (status) => {
    trigger.answer = answerWith(status, { location: 'https://elsewhere.example' }, 'oops');

    expect(await refusedBy()).toEqual(unusable(`The sync trigger answered with status ${status}.`));
  });

  test.each([
    [429, { 'retry-after': '7' }, 7],
    [503, {}, 1],
  ])('S51: has too much to do, which is %d', async (status, headers, retryAfterSeconds) => {
    trigger.answer = answerWith(status, headers as Record<string, string>);

    expect(await refusedBy()).toMatchObject({ code: 'LAMBDA_THROTTLED', retryAfterSeconds });
  });

  test('S51: does not answer within 5 seconds', async () => {
    trigger.answer = () => undefined;

    expect(await refusedBy()).toEqual(unusable('The sync trigger did not answer within 5 seconds.'));
  }, 30_000);

  test('S51: cannot be reached, or may not be asked any more', async () => {
    await trigger.close();
    const unreachable = await refusedBy();
    trigger = await startReceiver();
    ctx = {
      ...ctx,
      config: { ...ctx.config, outgoing: { allowPrivateAddresses: false, allowPlaintext: false } },
    };
    const forbidden = await refusedBy();

    expect(unreachable).toEqual(unusable(expect.stringContaining('it cannot be reached (ECONNREFUSED)')));
    expect(forbidden).toEqual(unusable(expect.stringContaining('must have a host on the public Internet')));
  });

  const record = (given: unknown) => (event: TriggerEvent) => ({ ...event, datasetRecords: { k: given } });

  test.each<[string, (event: TriggerEvent) => unknown, string | undefined]>([
    ['answers with no JSON', () => 'yes', undefined],
    ['answers with nothing', () => ' ', undefined],
    ['answers with a list', () => '[]', ''],
    ['changes another member', (event) => ({ ...event, identityId: 'somebody else' }), 'identityId'],
    ['adds a member', (event) => ({ ...event, more: 1 }), 'more'],
    ['leaves a member out', (event) => ({ ...event, version: undefined }), 'version'],
    ['leaves the records out', (event) => ({ ...event, datasetRecords: undefined }), 'datasetRecords'],
    ['answers a record that is none', record('v'), 'datasetRecords.k'],
    ['answers an unknown operation', record({ op: 'add', newValue: 'v' }), 'datasetRecords.k.op'],
    ['answers a value that is no text', record({ newValue: 5 }), 'datasetRecords.k.newValue'],
    [
      'answers a value that is too long',
      record({ newValue: 'x'.repeat(1_048_576) }),
      'datasetRecords.k.newValue',
    ],
    ['answers NUL', record({ newValue: 'a\0' }), 'datasetRecords.k.newValue'],
    ['answers a lone surrogate', record({ newValue: 'a\ud800' }), 'datasetRecords.k.newValue'],
    [
      'answers a key that is too long',
      (event) => ({ ...event, datasetRecords: { ['k'.repeat(1025)]: { newValue: 'v' } } }),
      `datasetRecords.${'k'.repeat(100)}…`,
    ],
    [
      'answers more records than a dataset may have, beside those that it was shown',
      (event) => ({
        ...event,
        datasetRecords: {
          ...event.datasetRecords,
          ...Object.fromEntries(Array.from({ length: 1025 }, (_, nth) => [`never-${nth}`, { op: 'remove' }])),
        },
      }),
      'datasetRecords',
    ],
    [
      'answers an empty key',
      (event) => ({ ...event, datasetRecords: { '': { newValue: 'v' } } }),
      'datasetRecords.',
    ],
  ])('S51: %s', async (_name, change, field) => {
    answering(change);

    expect(await refusedBy()).toMatchObject(
      unusable(expect.stringMatching(/trigger/), field === undefined ? {} : { field }),
    );
  });
});

describe('setCognitoEvents', () => {
  const events = () => getCognitoEvents(admin(), { identityPoolId: world.identityPoolId });
  const rotate = (rotateSecret = true) =>
    setCognitoEvents(admin(), { identityPoolId: world.identityPoolId, events: [], rotateSecret });

  test('tells the secret when it makes one: with the trigger, and when it is rotated', async () => {
    await setTrigger('');
    const made = await setTrigger('http://127.0.0.1:1/a');
    const moved = await setTrigger('http://127.0.0.1:1/b');
    const left = await rotate(false);
    const rotated = await rotate();

    expect(made.signingSecret).toMatch(/^whsec_/);
    expect([moved.signingSecret, left.signingSecret]).toEqual([null, null]);
    expect(rotated.signingSecret).toMatch(/^whsec_/);
    expect(rotated.signingSecret).not.toBe(made.signingSecret);
    expect(await events()).toEqual([{ key: 'SyncTrigger', value: 'http://127.0.0.1:1/b' }]);
  });

  test('removes the trigger by an empty value, with its secret', async () => {
    await setTrigger('');

    expect(await events()).toEqual([]);
    expect(await refusal(rotate())).toMatchObject({
      code: 'INVALID_PARAMETER',
      fields: { field: 'rotateSecret' },
    });
  });

  test.each([
    [
      'arn:aws:lambda:us-east-1:000000000000:function:f',
      /calls no Lambda functions\. Give the https address/,
    ],
    ['ftp://example.com', /must be a URL that starts with https:\/\//],
    ['not an address', /must be a URL/],
    ['https://user:password@example.com', /must not have a user name/],
  ])('refuses %s', async (value, message) => {
    const refused = await refusal(setTrigger(value));

    expect(refused).toMatchObject({ code: 'INVALID_PARAMETER', fields: { field: 'events[0].value' } });
    expect(refused.message).toMatch(message);
  });

  test('refuses private addresses unless the operator allows them, other events, and an event twice', async () => {
    const { identityPoolId } = world;
    const set = (given: { key: string; value: string }[]) =>
      refusal(setCognitoEvents(world.administrator(), { identityPoolId, events: given }));

    expect((await set([{ key: 'SyncTrigger', value: 'https://10.0.0.1' }])).message).toMatch(
      /public Internet/,
    );
    expect(await set([{ key: 'Other', value: '' }])).toMatchObject({ fields: { field: 'events[0].key' } });
    const twice = { key: 'SyncTrigger', value: '' };
    expect(await set([twice, twice])).toMatchObject({ fields: { field: 'events' } });
  });

  test('keeps the secret out of the database and of the audit log, and the address’s query out of the log', async () => {
    await setTrigger('http://127.0.0.1:1/a?token=hidden#x', true);

    const [row] = await world.dataSource.query('SELECT sync_trigger::text AS text FROM sync_configurations');
    const [audited] = await world.dataSource.query(
      `SELECT details FROM audit_events WHERE action = 'cognito-sync:SetCognitoEvents' ORDER BY event_id DESC LIMIT 1`,
    );
    expect(row.text).not.toContain('whsec_');
    expect(audited.details).toEqual({
      events: [{ key: 'SyncTrigger', value: 'http://127.0.0.1:1/a' }],
      hasNewSecret: true,
    });
  });

  test('is for administrators whose policy allows it on the pool, by its ARN in Cognito Sync', async () => {
    const { identityPoolId } = world;
    const arn = `arn:aws:cognito-sync:us-east-1:000000000000:identitypool/${identityPoolId}`;
    const call = (as: Context) => setCognitoEvents(as, { identityPoolId, events: [] });

    await call(world.administrator('cognito-sync:SetCognitoEvents', arn));
    expect((await refusal(call(world.administrator('cognito-sync:GetCognitoEvents')))).code).toBe(
      'ACCESS_DENIED',
    );
    expect((await refusal(call(ctx))).code).toBe('NOT_AUTHORIZED');
    expect((await refusal(getCognitoEvents(ctx, { identityPoolId }))).code).toBe('NOT_AUTHORIZED');
  });
});
