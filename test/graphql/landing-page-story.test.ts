import { runInNewContext } from 'node:vm';
import { startDemoIssuer, type DemoIssuer } from '../../src/demo/issuer';
import { DEMO_ISSUER_PORT } from '../../src/graphql/landing-page/demo-issuer';
import {
  GIFTS,
  GIVEN_BY,
  STORY_VARIABLES,
  storyDocument,
  storySteps,
} from '../../src/graphql/landing-page/story';
import { STORY_RUNNER_SCRIPT } from '../../src/graphql/landing-page/story-runner.script';
import { startTestServer, type GraphqlAnswer, type TestServer } from '../support/server';

interface Story {
  handleRequest(url: string, options: RequestInit & { headers?: Record<string, string> }): Promise<Response>;
  run(name: string): Promise<GraphqlAnswer>;
  forget(): void;
}

interface Player extends Story {
  /** What was typed into the field for the administrator's key. */
  key: string;
  remembered: Record<string, unknown>;
  /** Every request that left the page. */
  sent: { url: string; headers: Record<string, string>; body: { variables?: object } }[];
}

let server: TestServer;
let issuer: DemoIssuer;

beforeAll(async () => {
  server = await startTestServer();
  issuer = await startDemoIssuer();
});
afterAll(async () => {
  await issuer.stop();
  await server.close();
});

/** The page's own script, with a reader in front of it. The issuer has another port than that of npm run demo:issuer. */
const openPage = (key = server.admin, issuerUrl = issuer.url): Player => {
  const text = JSON.stringify(storySteps(server.config)).replaceAll(
    String(DEMO_ISSUER_PORT),
    new URL(issuerUrl).port,
  );
  const story = {
    steps: JSON.parse(text),
    variables: STORY_VARIABLES,
    gifts: GIFTS,
    givenBy: GIVEN_BY,
    issuer: issuerUrl,
  };
  const player = { key, remembered: {}, sent: [] } as unknown as Player;
  const recordingFetch = (url: string, options: { headers?: Record<string, string>; body?: string } = {}) => {
    player.sent.push({
      url,
      headers: options.headers ?? {},
      body: options.body ? JSON.parse(options.body) : {},
    });
    return fetch(url, options);
  };
  const createStory = runInNewContext(`${STORY_RUNNER_SCRIPT}; createStory`, { Response }) as (
    given: object,
  ) => Story;
  return Object.assign(
    player,
    createStory({
      story,
      endpoint: `${server.url}/graphql`,
      administratorKey: () => player.key,
      onChange: (remembered: object) => (player.remembered = { ...remembered }),
      fetch: recordingFetch,
    }),
  );
};

const play = async (page: Player, ...names: string[]): Promise<GraphqlAnswer> => {
  let answer: GraphqlAnswer | undefined;
  for (const name of names) answer = await page.run(name);
  return answer!;
};

/** As the Sandbox sends an operation: the whole document, the name, and all variables. */
const sendFromSandbox = async (page: Player, body: object, headers = {}): Promise<GraphqlAnswer> => {
  const response = await page.handleRequest(`${server.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ variables: STORY_VARIABLES, ...body }),
  });
  return (await response.json()) as GraphqlAnswer;
};

describe('the story of the page', () => {
  it('works from its first operation to its last, as it stands', async () => {
    const page = openPage();

    const pool = await page.run('MakePool');
    expect(pool.data.createIdentityPool.identityPool.name).toBe('Settings that follow you');
    const guest = await page.run('StartAsGuest');
    expect((await page.run('GetCredentials')).errors).toBeUndefined();
    expect((await page.run('WriteSettings')).data.updateRecords.datasetSyncCount).toBe(1);
    expect((await page.run('PullOnTablet')).data.listRecords.records).toMatchObject([
      { key: 'theme', value: 'dark', lastModifiedBy: 'phone' },
      { key: 'volume', value: '7', lastModifiedBy: 'phone' },
    ]);
    expect((await page.run('WriteStale')).errors?.[0]?.extensions).toMatchObject({
      code: 'RESOURCE_CONFLICT',
      conflicts: [{ key: 'theme', record: { value: 'dark' } }],
    });
    expect((await page.run('TrustIssuer')).errors).toBeUndefined();
    const signedIn = await page.run('LinkLogin');
    expect(signedIn.data.getCredentialsForIdentity.identityId).toBe(guest.data.getId.identityId);
    expect((await page.run('WriteSettings')).data.updateRecords.datasetSyncCount).toBe(2);
  });

  it('works again from the start, and explains that the issuer is known', async () => {
    const page = openPage();

    await play(page, 'MakePool', 'StartAsGuest', 'GetCredentials', 'WriteSettings', 'WriteStale');
    const known = await page.run('TrustIssuer');

    expect(known.errors?.[0]?.extensions).toMatchObject({
      code: 'ENTITY_ALREADY_EXISTS',
      next: 'An earlier run registered it. Go on with LinkLogin.',
    });
    expect((await page.run('LinkLogin')).errors).toBeUndefined();
  });

  it('works when the Sandbox sends it as one document with all variables', async () => {
    const page = openPage();
    const steps = storySteps(server.config);
    const query = storyDocument(steps);

    for (const { name } of steps.slice(0, 5)) {
      const answer = await sendFromSandbox(page, { query, operationName: name });
      expect(answer.errors).toBeUndefined();
    }
  });
});

describe('an operation out of order', () => {
  it.each([
    ['StartAsGuest', [], 'MakePool', 'identityPoolId'],
    ['GetCredentials', ['MakePool'], 'StartAsGuest', 'identityId'],
    ['WriteSettings', ['MakePool', 'StartAsGuest'], 'GetCredentials', 'accessToken'],
    ['PullOnTablet', ['MakePool', 'StartAsGuest', 'GetCredentials'], 'WriteSettings', 'syncCount'],
    ['WriteStale', ['MakePool', 'StartAsGuest', 'GetCredentials'], 'WriteSettings', 'syncCount'],
  ])('%s after %j says to run %s first', async (name, before, runFirst, missing) => {
    const page = openPage();
    await play(page, ...before);
    const requests = page.sent.length;
    const { errors } = await page.run(name);

    expect(errors?.[0]?.extensions).toEqual({ code: 'STORY_OUT_OF_ORDER', runFirst });
    expect(errors?.[0]?.message).toBe(
      `Run ${runFirst} first: its answer gives the ${missing} that this operation needs.`,
    );
    expect(page.sent).toHaveLength(requests);
  });

  it('without an administrator key asks for it', async () => {
    const { errors } = await openPage('').run('MakePool');

    expect(errors?.[0]?.extensions).toEqual({ code: 'STORY_NEEDS_KEY', command: 'npm run admin-key' });
  });

  it('without an issuer says how to start it', async () => {
    const page = openPage(server.admin, 'http://localhost:1');
    await play(page, 'MakePool', 'StartAsGuest');
    const { errors } = await page.run('LinkLogin');

    expect(errors?.[0]?.extensions).toEqual({ code: 'STORY_NEEDS_ISSUER', command: 'npm run demo:issuer' });
  });
});

describe('the page', () => {
  it('forgets the guest when there is a new pool, and everything when asked to', async () => {
    const page = openPage();
    await play(page, 'MakePool', 'StartAsGuest', 'GetCredentials', 'WriteSettings');

    expect(Object.keys(page.remembered)).toEqual([
      'identityPoolId',
      'identityId',
      'accessToken',
      'syncCount',
    ]);
    await page.run('MakePool');
    expect(Object.keys(page.remembered)).toEqual(['identityPoolId']);
    page.forget();
    expect(page.remembered).toEqual({});
  });

  it('sends operations of the reader’s own with the administrator’s key', async () => {
    const answer = await sendFromSandbox(openPage(), {
      query: '{ identityPools(first: 1) { nodes { id } } }',
    });

    expect(answer.data.identityPools.nodes).toHaveLength(1);
  });

  it('fills in placeholders of the reader’s own, in variables and headers', async () => {
    const page = openPage();
    await play(page, 'MakePool', 'StartAsGuest', 'GetCredentials');
    const query = 'query Mine($id: ID!) { identity(id: $id) { id } viewer { id } }';
    const answer = await sendFromSandbox(
      page,
      { query, operationName: 'Mine', variables: { id: '<identityId>', other: '<idToken>' } },
      { Authorization: 'Bearer <accessToken>' },
    );

    const { identityId: id } = page.remembered;
    expect(answer.data).toEqual({ identity: { id }, viewer: { id } });
  });

  it('sends guests’ calls without the administrator’s key', async () => {
    const page = openPage();
    await play(page, 'MakePool', 'StartAsGuest', 'GetCredentials', 'WriteSettings');
    const [makePool, startAsGuest, getCredentials, writeSettings] = page.sent.map(
      ({ headers }) => headers.authorization,
    );

    expect(makePool).toBe(`Bearer ${server.admin}`);
    expect([startAsGuest, getCredentials]).toEqual([undefined, undefined]);
    expect(writeSettings).toBe(`Bearer ${page.remembered.accessToken}`);
  });

  it('sends the key nowhere else than to its own server', async () => {
    const page = openPage();
    await page.handleRequest(`${issuer.url}/keys`, {
      method: 'POST',
      body: '{"query":"{ identityPools { nodes { id } } }"}',
    });

    expect(page.sent).toEqual([{ url: `${issuer.url}/keys`, headers: {}, body: expect.anything() }]);
  });
});
