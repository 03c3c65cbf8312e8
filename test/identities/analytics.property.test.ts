import fc from 'fast-check';
import { startIdentityProvider, type TestIdentityProvider } from '../support/identity-provider';
import { createPool, loginOf, registerProvider, rowsOf, type Data, type Login } from '../support/factories';
import { startTestServer, type GraphqlAnswer, type TestServer } from '../support/server';

const DEVELOPER = 'login.my.app';
const USERS = ['ann', 'ben', 'cat'];

let server: TestServer;
let issuers: TestIdentityProvider[];
let arns: string[];
/** Every user at every issuer. */
let logins: Login[];

beforeAll(async () => {
  server = await startTestServer();
  issuers = await Promise.all([startIdentityProvider(), startIdentityProvider()]);
  arns = [];
  for (const issuer of issuers) arns.push(await registerProvider(server, issuer));
  const pairs = issuers.flatMap((issuer) => USERS.map((user) => ({ issuer, user })));
  logins = await Promise.all(pairs.map(({ issuer, user }) => loginOf(issuer, user)));
});
afterAll(() => Promise.all([server, ...issuers].map((each) => each.close())));

/** What a call is about, by places in lists that are as long as they happen to be. */
type Step =
  | { kind: 'guest' }
  | { kind: 'getId' | 'prove'; identity: number; with: number[] }
  | { kind: 'unlink'; identity: number; with: number[] }
  | { kind: 'developer'; identity: number | null; user: number }
  | { kind: 'mergeDevelopers' | 'unlinkDeveloper'; identity: number; user: number; other: number }
  | { kind: 'delete'; identity: number }
  | { kind: 'idle'; mode: string; first: number };

const place = fc.nat({ max: 20 });
const some = fc.uniqueArray(fc.nat({ max: 5 }), { minLength: 1, maxLength: 3 });
const user = fc.nat({ max: USERS.length - 1 });

const steps = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('guest' as const) }),
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('getId' as const), identity: place, with: some }) },
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('prove' as const), identity: place, with: some }) },
    fc.record({ kind: fc.constant('unlink' as const), identity: place, with: some }),
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constant('developer' as const), identity: fc.option(place), user }),
    },
    fc.record({
      kind: fc.constantFrom('mergeDevelopers' as const, 'unlinkDeveloper' as const),
      identity: place,
      user,
      other: user,
    }),
    fc.record({ kind: fc.constant('delete' as const), identity: place }),
    fc.record({
      kind: fc.constant('idle' as const),
      mode: fc.constantFrom('DELETE', 'DISABLE'),
      first: fc.integer({ min: 1, max: 2 }),
    }),
  ),
  { minLength: 5, maxLength: 25 },
) as fc.Arbitrary<Step[]>;

const call = async (name: string, input: object, selection: string, bearer?: string): Promise<Data> => {
  const type = `${name[0]!.toUpperCase()}${name.slice(1)}Input`;
  const query = `mutation ($input: ${type}!) { ${name}(input: $input) { ${selection} } }`;
  const answer: GraphqlAnswer = await server.graphql(query, { input }, bearer);
  expect(answer.errors?.map(({ extensions }) => extensions.code) ?? []).not.toContain('INTERNAL_ERROR');
  return answer.data?.[name];
};

const inOnePool = (identityPoolId: string) => {
  const known: string[] = [];
  const identityAt = (index: number): string => known[index % known.length] ?? `us-east-1:0000`;
  const chosen = (places: number[]): Login[] => places.map((index) => logins[index]!);

  const act = (step: Step): Promise<Data> => {
    switch (step.kind) {
      case 'guest':
        return call('getId', { identityPoolId }, 'identityId');
      case 'getId':
        return call('getId', { identityPoolId, logins: chosen(step.with) }, 'identityId');
      case 'prove': {
        const input = { identityId: identityAt(step.identity), logins: chosen(step.with) };
        return call('getOpenIdToken', input, 'identityId');
      }
      case 'unlink': {
        const identityId = identityAt(step.identity);
        const remove = chosen(step.with).map((login) => login.provider);
        return call(
          'unlinkIdentity',
          { identityId, logins: chosen(step.with), loginsToRemove: remove },
          'identityId',
        );
      }
      case 'developer': {
        const identityId = step.identity === null ? null : identityAt(step.identity);
        const own = [{ provider: DEVELOPER, token: USERS[step.user] }];
        const input = { identityPoolId, identityId, logins: own };
        return call('getOpenIdTokenForDeveloperIdentity', input, 'identityId', server.admin);
      }
      case 'mergeDevelopers': {
        const [source, destination] = [USERS[step.user], USERS[step.other]];
        const users = { sourceUserIdentifier: source, destinationUserIdentifier: destination };
        const input = { ...users, developerProviderName: DEVELOPER, identityPoolId };
        return call('mergeDeveloperIdentities', input, 'identityId', server.admin);
      }
      case 'unlinkDeveloper': {
        const who = { identityId: identityAt(step.identity), developerUserIdentifier: USERS[step.user] };
        const input = { ...who, developerProviderName: DEVELOPER, identityPoolId };
        return call('unlinkDeveloperIdentity', input, 'identityId', server.admin);
      }
      case 'delete': {
        const input = { identityIdsToDelete: [identityAt(step.identity)] };
        return call('deleteIdentities', input, 'unprocessedIdentityIds { identityId }', server.admin);
      }
      case 'idle':
        return idle(step.mode, step.first);
    }
  };

  const idle = async (mode: string, first: number): Promise<Data> => {
    const longAgo = new Date(Date.now() - 30 * 86_400_000);
    await rowsOf(server, 'UPDATE identities SET last_active_at = $2 WHERE identity_pool_id = $1', [
      identityPoolId,
      longAgo,
    ]);
    const idleSince = new Date(Date.now() - 2 * 86_400_000).toISOString();
    return call(
      'deleteIdleGuests',
      { identityPoolId, idleSince, dryRun: false, mode, first },
      'count',
      server.admin,
    );
  };

  return async (step: Step): Promise<void> => {
    const identityId = (await act(step))?.identityId;
    if (identityId && !known.includes(identityId)) known.push(identityId);
  };
};

/** What there is, by provider; '' is all. */
const counted = (identityPoolId: string): Promise<Data[]> =>
  rowsOf(
    server,
    `SELECT '' AS provider, count(*)::int AS identities FROM identities
       WHERE identity_pool_id = $1 AND disabled_at IS NULL HAVING count(*) > 0
     UNION ALL
     SELECT l.provider, count(DISTINCT l.identity_id)::int FROM identity_logins l
       JOIN identities i ON i.identity_id = l.identity_id WHERE i.identity_pool_id = $1 GROUP BY l.provider
     ORDER BY provider`,
    [identityPoolId],
  );

const fromCounters = (identityPoolId: string): Promise<Data[]> =>
  rowsOf(
    server,
    `SELECT provider, (sum(created) - sum(removed))::int AS identities FROM identity_counts
       WHERE identity_pool_id = $1 GROUP BY provider HAVING sum(created) <> sum(removed) ORDER BY provider`,
    [identityPoolId],
  );

const newPool = async (): Promise<string> => {
  const input = { openIdConnectProviderARNs: arns, developerProviderName: DEVELOPER, allowClassicFlow: true };
  return (await createPool(server, input)).id;
};

it('counters say what a count over the rows says, after any sequence of create, link, unlink, merge, delete', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (sequence) => {
      const identityPoolId = await newPool();
      const run = inOnePool(identityPoolId);
      for (const step of sequence) {
        await run(step);
        expect(await fromCounters(identityPoolId)).toEqual(await counted(identityPoolId));
      }
    }),
    { numRuns: 25 },
  );
}, 120_000);

it('counters say so too when the calls come at once', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (sequence) => {
      const identityPoolId = await newPool();
      const run = inOnePool(identityPoolId);
      await run({ kind: 'getId', identity: 0, with: [0] });
      await run({ kind: 'getId', identity: 0, with: [4] });
      await run({ kind: 'developer', identity: null, user: 0 });

      await Promise.all(sequence.map(run));

      expect(await fromCounters(identityPoolId)).toEqual(await counted(identityPoolId));
    }),
    { numRuns: 15 },
  );
}, 120_000);
