import {
  countOf,
  eventually,
  getCredentials,
  getId,
  loginOf,
  mutate,
  refusalOf,
  rowsOf,
  tryGetCredentials,
  tryGetId,
  type Login,
} from '../support/factories';
import type { GraphqlAnswer, TestServer } from '../support/server';
import { brokenRules } from './login-invariants';
import { DEVELOPER, credentialsOf, openMergeWorld, write, type MergeWorld } from './merge-world';

let world: MergeWorld;
let server: MergeWorld['server'];
let otherNode: MergeWorld['otherNode'];
let google: MergeWorld['google'];
let github: MergeWorld['github'];
let pool: MergeWorld['pool'];

beforeAll(async () => {
  world = await openMergeWorld();
  ({ server, otherNode, google, github, pool } = world);
});
afterAll(() => world?.close());

afterEach(async () => {
  expect(await brokenRules(server, pool.id, DEVELOPER)).toEqual([]);
});

/** Runs it so many times at once, on both nodes in turn. */
const atOnce = <T>(times: number, run: (node: TestServer, at: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: times }, (_, at) => run(at % 2 === 0 ? server : otherNode, at)));

const guest = async (): Promise<string> => (await getId(server, pool.id)).id;

/** Two identities with a login and a dataset each. */
const twoIdentities = async (name: string): Promise<{ logins: Login[]; ids: string[] }> => {
  const logins = [await loginOf(google, name), await loginOf(github, name)];
  const ids: string[] = [];
  for (const login of logins) {
    const { id } = await getId(server, pool.id, [login]);
    const { accessToken } = await credentialsOf(server, id, [login]);
    await write(server, accessToken, 'settings', ['theme', `of ${login.provider}`]);
    ids.push(id);
  }
  return { logins, ids };
};

const liveOf = async (ids: string[]): Promise<string[]> => {
  const rows = await rowsOf(
    server,
    'SELECT identity_id FROM identities WHERE identity_id = ANY($1) AND disabled_at IS NULL',
    [ids],
  );
  return rows.map((row) => row.identity_id);
};

const codesOf = (answers: GraphqlAnswer[]): string[] =>
  answers.flatMap((answer) => answer.errors ?? []).map(({ extensions }) => extensions.code);

describe('merges at the same time, on two nodes,', () => {
  it('of one guest into one identity, ten at once, end in one merge and nine refusals that name the survivor', async () => {
    const login = await loginOf(google, 'race-1');
    const owner = await getId(server, pool.id, [login]);
    const id = await guest();
    const { accessToken } = await credentialsOf(server, id);
    await write(server, accessToken, 'settings', ['theme', 'dark']);

    const answers = await atOnce(10, (node) => tryGetCredentials(node, id, [login]));

    const winners = answers.filter((answer) => !answer.errors);
    expect(winners.map((answer) => answer.data.getCredentialsForIdentity.identityId)).toEqual([owner.id]);
    for (const answer of answers.filter((each) => each.errors))
      expect(refusalOf(answer)).toMatchObject({ code: 'NOT_AUTHORIZED', mergedInto: owner.id });
    expect(await countOf(server, 'datasets', 'identity_id', owner.id)).toBe(1);
    expect(await countOf(server, 'datasets', 'identity_id', id)).toBe(0);
  });

  it('of two identities by getId, ten at once, all answer with the older one', async () => {
    for (let round = 0; round < 3; round += 1) {
      const { logins, ids } = await twoIdentities(`get-id-${round}`);

      const answers = await atOnce(10, (node, at) =>
        tryGetId(node, pool.id, at % 3 === 0 ? logins : logins.toReversed()),
      );

      expect(codesOf(answers)).toEqual([]);
      expect(new Set(answers.map((answer) => answer.data.getId.identityId))).toEqual(new Set([ids[0]]));
      expect(await countOf(server, 'datasets', 'identity_id', ids[0]!)).toBe(2);
    }
  });

  it('in both directions end with every login on exactly one live identity', async () => {
    for (let round = 0; round < 5; round += 1) {
      const { logins, ids } = await twoIdentities(`both-ways-${round}`);

      const answers = await Promise.all([
        tryGetCredentials(server, ids[0]!, logins),
        tryGetCredentials(otherNode, ids[1]!, logins),
        tryGetId(server, pool.id, logins),
      ]);

      const owners = await Promise.all(logins.map((login) => getId(otherNode, pool.id, [login])));
      expect(new Set(owners.map(({ id }) => id))).toEqual(new Set(await liveOf(ids)));
      expect(await liveOf(ids)).toHaveLength(1);
      expect(codesOf(answers).filter((code) => code !== 'NOT_AUTHORIZED')).toEqual([]);
    }
  });

  it('of two users of the back end into each other end in one merge, and both calls tell the survivor', async () => {
    for (let round = 0; round < 5; round += 1) {
      const users = [`to-and-${round}`, `fro-${round}`];
      const ids: string[] = [];
      for (const token of users) {
        const input = { identityPoolId: pool.id, logins: [{ provider: DEVELOPER, token }] };
        const call = 'getOpenIdTokenForDeveloperIdentity { identityId }';
        const { data } = await mutate(server, call, input, server.admin);
        ids.push(data.getOpenIdTokenForDeveloperIdentity.identityId);
      }

      const answers = await atOnce(2, (node, at) => {
        const input = {
          identityPoolId: pool.id,
          developerProviderName: DEVELOPER,
          sourceUserIdentifier: users[at],
          destinationUserIdentifier: users[1 - at],
        };
        return mutate(node, 'mergeDeveloperIdentities { identityId }', input, node.admin);
      });

      const live = await liveOf(ids);
      expect(live).toHaveLength(1);
      expect(answers.map((answer) => answer.data.mergeDeveloperIdentities.identityId)).toEqual([
        live[0],
        live[0],
      ]);
    }
  });

  it('with writes to the loser in flight lose no acknowledged write', async () => {
    for (let round = 0; round < 3; round += 1) {
      const login = await loginOf(google, `in-flight-${round}`);
      const owner = await getId(server, pool.id, [login]);
      const id = await guest();
      const bearer = (await getCredentials(server, id)).accessToken;
      const acknowledged: string[] = [];
      /** Writes until it is refused: to one dataset that is there, or to ever new ones. */
      const keepWriting = async (node: TestServer, writer: number): Promise<void> => {
        for (let n = 0; ; n += 1) {
          const key = `${writer}-${n}`;
          const datasetName = `settings-${writer % 3 === 0 ? n % 18 : 0}`;
          await write(node, bearer, datasetName, [key, 'v']);
          acknowledged.push(key);
        }
      };

      const writers = atOnce(6, (node, writer) => keepWriting(node, writer).catch(() => undefined));
      await eventually(
        () => Promise.resolve(acknowledged.length),
        (count) => count > 10,
      );
      await tryGetCredentials(otherNode, id, [login]);
      await writers;

      const rows = await rowsOf(
        server,
        `SELECT record_key FROM records WHERE identity_id = $1 AND dataset_name LIKE 'settings-%.' || $2`,
        [owner.id, id],
      );
      expect(rows.map((row) => row.record_key)).toEqual(expect.arrayContaining(acknowledged));
      expect(await countOf(server, 'records', 'identity_id', id)).toBe(0);
    }
  });

  it('into an identity that is deleted at that moment leave the other with its data, or take it along', async () => {
    for (let round = 0; round < 6; round += 1) {
      const { logins, ids } = await twoIdentities(`deleted-${round}`);
      const [survivor, other] = [ids[0]!, ids[1]!];
      const deletion = 'deleteIdentities { unprocessedIdentityIds { errorCode } }';

      const [, deleted] = await Promise.all([
        tryGetId(server, pool.id, logins),
        mutate(otherNode, deletion, { identityIdsToDelete: [survivor] }, otherNode.admin),
      ]);

      const isLeft = (await liveOf([other])).length === 1;
      expect(deleted.data.deleteIdentities.unprocessedIdentityIds).toEqual([]);
      expect(await liveOf([survivor])).toEqual([]);
      expect(await countOf(server, 'datasets', 'identity_id', other)).toBe(isLeft ? 1 : 0);
      const now = await getId(server, pool.id, [logins[1]!]);
      expect(now.id === other).toBe(isLeft);
    }
  });
});
