import { deepStrictEqual, strictEqual } from 'node:assert/strict';
import { setUp, takeDown, type Installation } from './administrator';
import { Collision, Device, type Merge, type RemoteRecord } from './device';
import type { Connection } from './graphql';
import { startDemoIssuer, type DemoIssuer } from './issuer';
import { inWords, type Narrator } from './print';

/** What the devices end with. */
export interface Outcome {
  phone: Device;
  tablet: Device;
  /** What the tablet's first push ran into. */
  collision: Collision | undefined;
}

interface Stage {
  tell: Narrator;
  issuer: DemoIssuer;
  phone: Device;
  tablet: Device;
}

/**
 * Plays the story that the project exists for, against a running server, and takes everything down again, also when
 * `signal` ends it between two parts.
 * @throws when a device sees anything else than the story says.
 */
export const playStory = async (
  admin: Connection,
  tell: Narrator,
  signal?: AbortSignal,
): Promise<Outcome> => {
  const issuer = await startDemoIssuer();
  const play = async (): Promise<Outcome> => {
    signal?.throwIfAborted();
    tell.chapter('An administrator makes an identity pool');
    const pool = await setUp(admin, issuer.url);
    tellOfPool(tell, pool, issuer);
    const device = (name: Device['name']) => new Device(name, admin.url, pool.identityPoolId);
    const stage = { tell, issuer, phone: device('phone'), tablet: device('tablet') };
    return cleaningUp(
      () => playDevices(stage, signal),
      () => takeDown(admin, pool),
    );
  };
  return cleaningUp(play, () => issuer.stop());
};

/** Runs `cleanUp` after `work` in any case; when both fail it is the failure of `work` that counts. */
const cleaningUp = async <T>(work: () => Promise<T>, cleanUp: () => Promise<void>): Promise<T> => {
  const result = await work().catch(async (error: unknown) => {
    await cleanUp().catch(() => undefined);
    throw error;
  });
  await cleanUp();
  return result;
};

const tellOfPool = (tell: Narrator, pool: Installation, issuer: DemoIssuer): void => {
  tell.says('admin', `${pool.name}: guests are welcome, and so is who signs in at ${issuer.provider}`);
  tell.says('server', `the pool is ${pool.identityPoolId}, with a role for guests and one for the signed-in`);
};

const playDevices = async (stage: Stage, signal: AbortSignal | undefined): Promise<Outcome> => {
  let collision: Collision | undefined;
  const parts = [
    startAsGuest,
    signInOnPhone,
    pickUpTablet,
    changeOffline,
    async () => (collision = await pushFromBoth(stage)),
    pullOnPhone,
    removeOnPhone,
    compareWithServer,
  ];
  for (const part of parts) {
    signal?.throwIfAborted();
    await part(stage);
  }
  return { phone: stage.phone, tablet: stage.tablet, collision };
};

const startAsGuest = async ({ tell, phone }: Stage): Promise<void> => {
  tell.chapter('Someone starts the app on a phone, without signing in');
  await phone.startAsGuest();
  tell.says('phone', `I am a guest: identity ${phone.identityId}`);
  phone.set('theme', 'dark');
  phone.set('volume', '7');
  phone.set('bestScore', '1200');
  await phone.push();
  tell.says('phone', `pushed my settings; the dataset is at sync count ${phone.lastSyncCount}`);
  tell.shows('phone', phone.settings);
};

const signInOnPhone = async ({ tell, issuer, phone }: Stage): Promise<void> => {
  tell.chapter('The guest signs in');
  const guest = phone.identityId;
  await phone.signIn({ provider: issuer.provider, token: await issuer.signIn('ada') });
  strictEqual(phone.identityId, guest, 'a guest that signs in must keep its identity');
  tell.says('phone', `signed in as ada; I am still identity ${phone.identityId}`);
};

const pickUpTablet = async ({ tell, issuer, phone, tablet }: Stage): Promise<void> => {
  tell.chapter('The same person picks up a tablet and signs in there');
  await tablet.signIn({ provider: issuer.provider, token: await issuer.signIn('ada') });
  strictEqual(tablet.identityId, phone.identityId, 'the same login must lead to the same identity');
  tell.says('tablet', `signed in as ada; I am identity ${tablet.identityId} as well`);
  const news = await tablet.pull();
  tell.says('tablet', `pulled ${news.length} records: everything is here`);
  tell.shows('tablet', tablet.settings);
  deepStrictEqual(tablet.settings, phone.settings, 'the tablet must find what the phone saved');
};

const changeOffline = ({ tell, phone, tablet }: Stage): void => {
  tell.chapter('Both lose the network and go on being used');
  phone.set('theme', 'light');
  phone.set('bestScore', '1500');
  tell.says('phone', 'offline: theme = light, bestScore = 1500');
  tablet.set('bestScore', '1800');
  tablet.set('language', 'en');
  tell.says('tablet', 'offline: bestScore = 1800, language = en');
};

/** The higher score is the best score, whoever reached it; in all else the device's own change wins. */
const keepBest: Merge = (key, mine, theirs) =>
  key === 'bestScore' ? String(Math.max(Number(mine), Number(theirs))) : mine;

const pushFromBoth = async ({ tell, phone, tablet }: Stage): Promise<Collision> => {
  tell.chapter('The network is back: the phone pushes first, the tablet collides');
  await phone.push();
  tell.says('phone', `pushed; the dataset is at sync count ${phone.lastSyncCount}`);
  const collision = await collisionOf(tablet.push());
  tell.says('server', 'to the tablet: RESOURCE_CONFLICT, nothing was written');
  tell.says(
    'server',
    `the records I have instead: ${describe(collision.theirs)}; pull from ${collision.pullFrom}`,
  );
  const news = await tablet.pull(keepBest);
  tell.says('tablet', `pulled what I missed: ${describe(news)}`);
  tell.says(
    'tablet',
    `merged: the higher score is the best score, so bestScore = ${tablet.settings.bestScore}`,
  );
  await tablet.push();
  tell.says('tablet', `pushed again; the dataset is at sync count ${tablet.lastSyncCount}`);
  return collision;
};

const collisionOf = async (push: Promise<void>): Promise<Collision> => {
  try {
    await push;
  } catch (error) {
    if (error instanceof Collision) return error;
    throw error;
  }
  throw new Error('the tablet’s stale push must be refused with RESOURCE_CONFLICT');
};

const describe = (records: RemoteRecord[]): string =>
  records
    .map(
      ({ key, value, syncCount }) =>
        `${key} ${value === null ? 'was removed' : `= ${value}`} (sync count ${syncCount})`,
    )
    .join(', ');

const pullOnPhone = async ({ tell, phone, tablet }: Stage): Promise<void> => {
  tell.chapter('The phone pulls: both show the same, and no change was lost');
  await phone.pull();
  tell.shows('phone', phone.settings);
  tell.shows('tablet', tablet.settings);
  const everything = { theme: 'light', volume: '7', bestScore: '1800', language: 'en' };
  deepStrictEqual(phone.settings, everything, 'the phone must show both devices’ changes');
  deepStrictEqual(tablet.settings, everything, 'the tablet must show both devices’ changes');
};

const removeOnPhone = async ({ tell, phone, tablet }: Stage): Promise<void> => {
  tell.chapter('A removal travels, too');
  phone.remove('language');
  await phone.push();
  tell.says('phone', 'removed language and pushed');
  const news = await tablet.pull();
  tell.says('tablet', `pulled a tombstone: ${describe(news)}`);
  tell.shows('tablet', tablet.settings);
  deepStrictEqual(tablet.settings, phone.settings, 'a removal must reach the tablet');
};

const compareWithServer = async ({ tell, issuer, phone, tablet }: Stage): Promise<void> => {
  const { name, settings } = tablet;
  const fresh = new Device(name, phone.server, phone.identityPoolId);
  await fresh.signIn({ provider: issuer.provider, token: await issuer.signIn('ada') });
  await fresh.pull();
  deepStrictEqual(fresh.settings, settings, 'the server must have what the devices show');
  deepStrictEqual(phone.settings, settings, 'both devices must show the same');
  tell.note(`\nPhone, tablet and server agree: ${inWords(settings)}. Nothing was lost.`);
};
