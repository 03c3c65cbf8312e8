import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import type { DatasetChange } from '../../src/events/dataset-change';
import { ChangeHub } from '../../src/events/change-hub';
import { carrierOf } from '../../src/events/listening-carrier';
import { fromPayload } from '../../src/events/payload';

const log = pino({ level: 'silent' });

const change = (datasetName: string, syncCount = 1): DatasetChange => ({
  identityPoolId: 'us-east-1:pool',
  identityId: 'us-east-1:identity',
  datasetName,
  syncCount,
  deviceId: null,
});

const namesIn = (payloads: string[]): string[] =>
  payloads.flatMap((payload) => fromPayload(payload)!.changes.map((each) => each.datasetName));

test('changes of a few milliseconds go out together, those of one dataset as one', async () => {
  const sent: string[][] = [];
  const carrier = carrierOf(new ChangeHub(), async (payloads) => sent.push(payloads), log);

  carrier.send(change('a'));
  carrier.send(change('b'));
  carrier.send(change('a', 2));
  await sleep(50);
  await carrier.close();

  expect(sent).toHaveLength(1);
  expect(fromPayload(sent[0]![0]!)?.changes).toMatchObject([
    { datasetName: 'a', syncCount: 2 },
    { datasetName: 'b', syncCount: 1 },
  ]);
});

test('one sending is under way at a time, and takes along what came meanwhile', async () => {
  let underWay = 0;
  let most = 0;
  const sent: string[][] = [];
  const publish = async (payloads: string[]): Promise<void> => {
    most = Math.max(most, (underWay += 1));
    await sleep(30);
    sent.push(payloads);
    underWay -= 1;
  };
  const carrier = carrierOf(new ChangeHub(), publish, log);

  for (let at = 0; at < 20; at += 1) {
    carrier.send(change(`d${at}`));
    await sleep(5);
  }
  await carrier.close();

  expect(most).toBe(1);
  expect(sent.length).toBeLessThan(10);
  expect(namesIn(sent.flat())).toEqual(Array.from({ length: 20 }, (_, at) => `d${at}`));
});

test('a sending that fails does not stop the next', async () => {
  const sent: string[][] = [];
  let isAway = true;
  const publish = async (payloads: string[]): Promise<void> => {
    if (isAway) throw new Error('away');
    sent.push(payloads);
  };
  const carrier = carrierOf(new ChangeHub(), publish, log);

  carrier.send(change('lost'));
  await sleep(50);
  isAway = false;
  carrier.send(change('next'));
  await carrier.close();

  expect(namesIn(sent.flat())).toEqual(['next']);
});

test('what is left when a node stops goes out first', async () => {
  const sent: string[][] = [];
  const carrier = carrierOf(new ChangeHub(), async (payloads) => sent.push(payloads), log);

  carrier.send(change('a'));
  await carrier.close();

  expect(namesIn(sent.flat())).toEqual(['a']);
});

describe('a hub', () => {
  const hubWithCarrier = () => {
    const hub = new ChangeHub();
    const sent: string[] = [];
    const carrier = carrierOf(hub, async (payloads) => sent.push(...payloads), log);
    hub.carryWith(carrier);
    return { hub, carrier, sent };
  };

  it('tells those who listen to the identity, until they stop', () => {
    const hub = new ChangeHub();
    const heard: string[] = [];
    const stop = hub.listen('us-east-1:identity', ({ datasetName }) => heard.push(datasetName));
    const stopOther = hub.listen('us-east-1:other', () => heard.push('other'));

    hub.announce(change('a'));
    stop();
    stop();
    hub.announce(change('b'));
    stopOther();

    expect(heard).toEqual(['a']);
  });

  it('takes no notice of what comes back of its own, and tells what others sent', async () => {
    const { hub, carrier, sent } = hubWithCarrier();
    const other = hubWithCarrier();
    const heard: string[] = [];
    hub.listen('us-east-1:identity', ({ datasetName }) => heard.push(datasetName));

    hub.announce(change('own'));
    other.hub.announce(change('theirs'));
    await Promise.all([carrier.close(), other.carrier.close()]);
    for (const payload of [...sent, ...other.sent]) carrier.receive(payload);

    expect(heard).toEqual(['own', 'theirs']);
  });

  it('says that something was missed when a notice cannot be read', () => {
    const { hub, carrier } = hubWithCarrier();
    let missed = 0;
    const stop = hub.onMissed(() => (missed += 1));

    carrier.receive('from a newer node');
    stop();
    carrier.receive('from a newer node');

    expect(missed).toBe(1);
  });
});
