import { existsSync } from 'node:fs';
import { awsDoor } from '../../scenarios/doors/aws';
import { openStage, type Stage } from '../../scenarios/stage';
import { CHROMIUM, startBrowserDevices, type BrowserDevices } from './browser-devices';
import { makeDevice, type CognitoJsDevice } from './cognito-js-device';

/*
 * amazon-cognito-js 1.1.0 on aws-sdk v2, both unmodified, with two devices: in Node, and as pages of another origin in
 * a real browser.
 */

let stage: Stage;
let browser: BrowserDevices | undefined;

beforeAll(async () => {
  stage = await openStage(awsDoor);
});
afterAll(async () => {
  await browser?.close();
  await stage?.close();
});

type Open = (identityPoolId: string) => Promise<CognitoJsDevice>;

/** The libraries keep their settings globally, so each device has them for itself. */
const loadLibraries = (): any => {
  let AWS: unknown;
  jest.isolateModules(() => {
    // eslint-disable-next-line @typescript-eslint/no-require-imports
    AWS = require('aws-sdk');
    // eslint-disable-next-line @typescript-eslint/no-require-imports
    require('amazon-cognito-js');
  });
  return AWS;
};

/** Two are enough: no test has more devices. */
const libraries: any[] = [];
let opened = 0;

const inNode: Open = async (identityPoolId) => {
  const AWS = (libraries[opened % 2] ??= loadLibraries());
  opened += 1;
  AWS.config.credentials = null;
  return makeDevice(AWS, { endpoint: stage.server.url, identityPoolId, isInMemory: true });
};

const inChromium: Open = async (identityPoolId) => {
  browser ??= await startBrowserDevices();
  return browser.open({ endpoint: stage.server.url, identityPoolId });
};

const places: [place: string, open: Open][] = [
  ['in Node', inNode],
  ...(existsSync(CHROMIUM) ? [['in headless Chromium', inChromium] as [string, Open]] : []),
];

if (!existsSync(CHROMIUM)) test.skip('in headless Chromium: there is none on this machine', () => undefined);

const SUCCESS = { outcome: 'success', error: null, conflicts: [], deleted: [], merged: [] };

describe.each(places)('two devices %s', (_place, open) => {
  /** A phone and a tablet of one person. */
  const twoDevices = async (): Promise<[phone: CognitoJsDevice, tablet: CognitoJsDevice]> => {
    const identityPoolId = await stage.newPool();
    const { provider, token } = await stage.loginOf(`ann of ${identityPoolId}`);
    const devices = [await open(identityPoolId), await open(identityPoolId)] as const;
    const ids = [];
    for (const device of devices) ids.push(await device.signIn({ [provider]: token }));
    expect(new Set(ids).size).toBe(1);
    return [...devices];
  };

  it('bring each other what was put and what was removed', async () => {
    const [phone, tablet] = await twoDevices();
    await phone.put('game', 'coins', '12');
    await phone.put('game', 'name', 'Ann ✓');

    expect(await phone.sync('game')).toEqual(SUCCESS);
    expect(await tablet.sync('game')).toEqual(SUCCESS);
    expect(await tablet.values('game')).toEqual({ coins: '12', name: 'Ann ✓' });

    await tablet.remove('game', 'coins');
    expect(await tablet.sync('game')).toEqual(SUCCESS);
    expect(await phone.sync('game')).toEqual(SUCCESS);
    expect(await phone.values('game')).toEqual({ name: 'Ann ✓' });
  });

  it.each(['local', 'remote'] as const)(
    'end alike after a conflict that goes to the %s value',
    async (choice) => {
      const [phone, tablet] = await twoDevices();
      await phone.put('game', 'level', 'phone');
      await tablet.put('game', 'level', 'tablet');

      await phone.sync('game');
      const collided = await tablet.sync('game', choice);
      await phone.sync('game');

      expect(collided).toEqual({ ...SUCCESS, conflicts: ['level'] });
      const kept = { level: choice === 'local' ? 'tablet' : 'phone' };
      expect([await phone.values('game'), await tablet.values('game')]).toEqual([kept, kept]);
    },
  );

  it('are told of a dataset that the other one deleted, and start over', async () => {
    const [phone, tablet] = await twoDevices();
    await phone.put('game', 'a', '1');
    await phone.sync('game');
    await tablet.sync('game');

    await phone.deleteDataset('game');
    const deletion = await phone.sync('game');
    const told = await tablet.sync('game');
    await tablet.purge('game');
    await tablet.put('game', 'b', '2');
    const anew = await tablet.sync('game');
    await phone.sync('game');

    expect(deletion).toEqual(SUCCESS);
    expect(told).toMatchObject({ outcome: 'failure', deleted: ['game'] });
    expect(anew).toEqual(SUCCESS);
    expect(await phone.values('game')).toEqual({ b: '2' });
  });

  it('find what a guest had, once it signs in as somebody who has data already', async () => {
    const identityPoolId = await stage.newPool();
    const { provider, token } = await stage.loginOf(`bea of ${identityPoolId}`);
    const tablet = await open(identityPoolId);
    const identityId = await tablet.signIn({ [provider]: token });
    await tablet.put('game', 'coins', '1');
    await tablet.sync('game');
    const phone = await open(identityPoolId);
    const guestId = await phone.signIn();
    await phone.put('game', 'coins', '5');
    await phone.sync('game');

    const after = await phone.signIn({ [provider]: token });
    const told = await phone.sync('game');
    const mergedName = `game.${guestId}`;
    await phone.sync(mergedName);
    const brought = await phone.values(mergedName);
    await phone.deleteDataset(mergedName);
    const cleared = await phone.sync(mergedName);
    const untold = await phone.sync('game');

    expect(after).toBe(identityId);
    expect(told).toMatchObject({ outcome: 'failure', merged: [mergedName] });
    expect(brought).toEqual({ coins: '5' });
    expect(cleared).toEqual(SUCCESS);
    expect(untold).toEqual(SUCCESS);
    expect(await phone.values('game')).toEqual({ coins: '1' });
  });
});
