import { setUp, type Installation } from '../src/demo/administrator';
import { Device } from '../src/demo/device';
import type { Connection } from '../src/demo/graphql';
import { startDemoIssuer, type DemoIssuer } from '../src/demo/issuer';
import { narrator, type Narrator } from '../src/demo/print';
import { playStory } from '../src/demo/story';
import { startTestServer, type TestServer } from './support/server';

let server: TestServer;
let admin: Connection;

beforeAll(async () => {
  server = await startTestServer();
  admin = { url: server.url, bearer: server.admin };
});
afterAll(() => server.close());

const silent: Narrator = narrator(() => undefined);

const leftOvers = (): Promise<unknown> =>
  server.run(
    '{ identityPools { nodes { id } } roles { nodes { id } } identityProviders { nodes { id } } }',
    {},
    server.admin,
  );

const NOTHING = { identityPools: { nodes: [] }, roles: { nodes: [] }, identityProviders: { nodes: [] } };

describe('the demo', () => {
  it('ends with the same records on both devices, nothing lost', async () => {
    const { phone, tablet, collision } = await playStory(admin, silent);

    expect(phone.settings).toEqual({ theme: 'light', volume: '7', bestScore: '1800' });
    expect(tablet.settings).toEqual(phone.settings);
    expect(tablet.identityId).toBe(phone.identityId);
    expect([phone.lastSyncCount, tablet.lastSyncCount]).toEqual([4, 4]);
    expect(collision).toMatchObject({
      theirs: [{ key: 'bestScore', value: '1500', syncCount: 2 }],
      pullFrom: 1,
    });
  });

  it('says on each line who speaks', async () => {
    const lines: string[] = [];
    await playStory(
      admin,
      narrator((line) => lines.push(...line.split('\n'))),
    );
    const spoken = lines.filter((line) => line !== '' && !/^\d\. /.test(line)).slice(0, -1);

    expect(spoken.filter((line) => !/^ {2}(admin |phone |tablet|server) \| /.test(line))).toEqual([]);
    expect(lines).toContain('  phone  | its records now: bestScore = 1200, theme = dark, volume = 7');
    expect(lines.at(-1)).toMatch(/Nothing was lost\.$/);
  });

  it('leaves nothing behind', async () => {
    await playStory(admin, silent);

    expect(await leftOvers()).toEqual(NOTHING);
  });

  it('leaves nothing behind when it is interrupted', async () => {
    const controller = new AbortController();
    const interrupting = { ...silent, shows: () => controller.abort(new Error('Enough.')) };

    await expect(playStory(admin, interrupting, controller.signal)).rejects.toThrow('Enough.');
    expect(await leftOvers()).toEqual(NOTHING);
  });

  it('fails when a device sees anything else than the story says', async () => {
    const pull = jest.spyOn(Device.prototype, 'pull').mockResolvedValue([]);

    await expect(playStory(admin, silent)).rejects.toThrow('the tablet must find what the phone saved');
    pull.mockRestore();
    expect(await leftOvers()).toEqual(NOTHING);
  });
});

describe('a device', () => {
  let issuer: DemoIssuer;
  let pool: Installation;

  beforeAll(async () => {
    issuer = await startDemoIssuer();
    pool = await setUp(admin, issuer.url);
  });
  afterAll(() => issuer.stop());

  /** Somebody's two devices. */
  const devicesOf = async (person: string): Promise<[phone: Device, tablet: Device]> => {
    const phone = new Device('phone', server.url, pool.identityPoolId);
    const tablet = new Device('tablet', server.url, pool.identityPoolId);
    for (const device of [phone, tablet])
      await device.signIn({ provider: issuer.provider, token: await issuer.signIn(person) });
    return [phone, tablet];
  };

  it('still hears of what another one wrote between its pull and its push', async () => {
    const [phone, tablet] = await devicesOf('ada');
    tablet.set('language', 'en');
    await tablet.push();
    phone.set('theme', 'dark');
    await phone.push();

    expect(phone.lastSyncCount).toBe(0);
    await phone.pull();
    expect(phone.settings).toEqual({ language: 'en', theme: 'dark' });
  });

  it('keeps what it changed offline when it pulls', async () => {
    const [phone, tablet] = await devicesOf('grace');
    tablet.set('theme', 'light');
    await tablet.push();
    phone.set('theme', 'dark');
    await phone.pull();

    expect(phone.settings).toEqual({ theme: 'dark' });
    await phone.push();
    await tablet.pull();
    expect(tablet.settings).toEqual({ theme: 'dark' });
  });
});
