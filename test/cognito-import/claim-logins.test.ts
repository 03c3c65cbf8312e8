import { randomUUID } from 'node:crypto';
import { claimable, type IdentityState, type OwnedLogin } from '../../src/identities/decide-logins';
import {
  createPool,
  getId,
  loginOf,
  mutate,
  refusalOf,
  registerProvider,
  rowsOf,
  tryGetCredentials,
  type Data,
} from '../support/factories';
import { startIdentityProvider, type TestIdentityProvider } from '../support/identity-provider';
import { startTestServer, type TestServer } from '../support/server';

let server: TestServer;
let google: TestIdentityProvider;
let github: TestIdentityProvider;
let pool: Data;
let user = 0;

beforeAll(async () => {
  [server, google, github] = await Promise.all([
    startTestServer(),
    startIdentityProvider(),
    startIdentityProvider(),
  ]);
  const providers = [await registerProvider(server, google), await registerProvider(server, github)];
  pool = await createPool(server, {
    openIdConnectProviderARNs: providers,
    developerProviderName: 'login.our.company',
  });
});
afterAll(async () => {
  await Promise.all([google?.close(), github?.close()]);
  await server?.close();
});
beforeEach(() => {
  user += 1;
});

const NOT_MATCHING = {
  code: 'NOT_AUTHORIZED',
  message: "Logins don't match. Please include at least one valid login for this identity or identity pool.",
};

const imported = async (given: object = {}, claimLogins = true, id = newId()): Promise<string> => {
  const dates = { creationDate: '2020-01-01T00:00:00.000Z', lastModifiedDate: '2020-01-01T00:00:00.000Z' };
  const identity = { identityId: id, ...dates, logins: [google.loginKey], ...given };
  const input = { identityPoolId: pool.id, identities: [identity], claimLogins };
  const answer = await mutate(
    server,
    'importIdentities { identities { status error { message } } }',
    input,
    server.admin,
  );
  expect(answer.data?.importIdentities.identities[0].error).toBeNull();
  return id;
};
const newId = (): string => `us-east-1:${randomUUID()}`;
const ofGoogle = (name: string) => loginOf(google, `${name}-${user}`);
const ofGithub = (name: string) => loginOf(github, `${name}-${user}`);
const namesOf = async (id: string): Promise<string[]> =>
  (await server.run('query ($id: ID!) { identity(id: $id) { logins } }', { id }, server.admin)).identity
    .logins;
const linkedOf = (id: string) =>
  rowsOf(server, 'SELECT provider, subject FROM identity_logins WHERE identity_id = $1 ORDER BY provider', [
    id,
  ]);
const counted = async (provider: string): Promise<number> =>
  (
    await rowsOf(
      server,
      `SELECT coalesce(sum(created - removed), 0)::int AS count FROM identity_counts
        WHERE identity_pool_id = $1 AND provider = $2`,
      [pool.id, provider],
    )
  )[0].count;
const unlink = (id: string, login: object, provider: string) =>
  mutate(server, 'unlinkIdentity { identity { id } }', {
    identityId: id,
    logins: [login],
    loginsToRemove: [provider],
  });
/** The back end says that a login is of one of its users, who has the identity. */
const vouched = (id: string, name: string, login: object) =>
  mutate(
    server,
    'getOpenIdTokenForDeveloperIdentity { identityId }',
    {
      identityPoolId: pool.id,
      identityId: id,
      logins: [{ provider: 'login.our.company', token: `${name}-${user}` }, login],
    },
    server.admin,
  );
const mergeUsers = (source: string, destination: string) =>
  mutate(
    server,
    'mergeDeveloperIdentities { identityId }',
    {
      identityPoolId: pool.id,
      developerProviderName: 'login.our.company',
      sourceUserIdentifier: `${source}-${user}`,
      destinationUserIdentifier: `${destination}-${user}`,
    },
    server.admin,
  );
const claimsOf = (id: string) =>
  rowsOf(
    server,
    `SELECT actor_kind, details FROM audit_events WHERE action = 'cognito-identity:ClaimLogin' AND actor_id = $1`,
    [id],
  );

describe('an imported identity with an unproven login', () => {
  test('shows the provider’s name, is authenticated, and is no guest’s to use', async () => {
    const id = await imported();

    expect(await namesOf(id)).toEqual([google.loginKey]);
    expect(refusalOf(await tryGetCredentials(server, id))).toMatchObject({
      code: 'NOT_AUTHORIZED',
      message: `Access to Identity '${id}' is forbidden.`,
    });
  });

  test('is claimed by nobody unless the import allows it', async () => {
    const id = await imported({}, false);

    expect(refusalOf(await tryGetCredentials(server, id, [await ofGoogle('ann')]))).toMatchObject(
      NOT_MATCHING,
    );
    expect(await linkedOf(id)).toEqual([]);
  });

  test('belongs to the first login of the provider that comes with its id, which is written down', async () => {
    const id = await imported();

    const { data } = await tryGetCredentials(server, id, [await ofGoogle('ann')]);

    expect(data.getCredentialsForIdentity.identityId).toBe(id);
    expect(await linkedOf(id)).toEqual([{ provider: google.loginKey, subject: `ann-${user}` }]);
    expect(await namesOf(id)).toEqual([google.loginKey]);
    expect(await claimsOf(id)).toEqual([
      { actor_kind: 'identity', details: { identityId: id, providers: [google.loginKey] } },
    ]);
    expect((await getId(server, pool.id, [await ofGoogle('ann')])).id).toBe(id);
  });

  test('is not claimed by a second user, nor by one of another of its providers', async () => {
    const id = await imported({ logins: [google.loginKey, github.loginKey] });
    await tryGetCredentials(server, id, [await ofGoogle('ann')]);

    expect(refusalOf(await tryGetCredentials(server, id, [await ofGoogle('eve')]))).toMatchObject(
      NOT_MATCHING,
    );
    expect(refusalOf(await tryGetCredentials(server, id, [await ofGithub('eve')]))).toMatchObject(
      NOT_MATCHING,
    );
    expect(await linkedOf(id)).toEqual([{ provider: google.loginKey, subject: `ann-${user}` }]);
    expect((await namesOf(id)).sort()).toEqual([google.loginKey, github.loginKey].sort());
  });

  test('takes the other provider from whoever claimed it, beside the login that was linked', async () => {
    const id = await imported({ logins: [google.loginKey, github.loginKey] });
    await tryGetCredentials(server, id, [await ofGoogle('ann')]);

    const logins = [await ofGoogle('ann'), await ofGithub('ann')];
    const { data } = await tryGetCredentials(server, id, logins);

    expect(data.getCredentialsForIdentity.identityId).toBe(id);
    expect(await linkedOf(id)).toHaveLength(2);
    expect((await namesOf(id)).sort()).toEqual([google.loginKey, github.loginKey].sort());
  });

  test('is not claimed by a login of a provider that it did not have', async () => {
    const id = await imported();

    expect(refusalOf(await tryGetCredentials(server, id, [await ofGithub('eve')]))).toMatchObject(
      NOT_MATCHING,
    );
  });

  test('is not claimed by a login that another identity has, alone or beside a new one', async () => {
    const id = await imported({ logins: [google.loginKey, github.loginKey] });
    const { id: other } = await getId(server, pool.id, [await ofGoogle('bob')]);

    const alone = await tryGetCredentials(server, id, [await ofGoogle('bob')]);
    const beside = await tryGetCredentials(server, id, [await ofGoogle('bob'), await ofGithub('bob')]);

    expect(refusalOf(alone)).toMatchObject(NOT_MATCHING);
    expect(refusalOf(beside)).toMatchObject(NOT_MATCHING);
    expect((await getId(server, pool.id, [await ofGoogle('bob')])).id).toBe(other);
  });

  test('is not claimed through unlinkIdentity, which proves nothing', async () => {
    const id = await imported();

    const answer = await mutate(server, 'unlinkIdentity { identity { id } }', {
      identityId: id,
      logins: [await ofGoogle('eve')],
      loginsToRemove: [google.loginKey],
    });

    expect(refusalOf(answer)).toMatchObject(NOT_MATCHING);
    expect(await namesOf(id)).toEqual([google.loginKey]);
  });

  test('goes to one of two users who claim it at once', async () => {
    const id = await imported();
    const logins = await Promise.all(['ann', 'bob', 'eve'].map(ofGoogle));

    const answers = await Promise.all(logins.map((login) => tryGetCredentials(server, id, [login])));

    const refused = answers.filter(({ errors }) => errors).map((answer) => refusalOf(answer));
    expect(refused).toMatchObject([NOT_MATCHING, NOT_MATCHING]);
    expect(await linkedOf(id)).toHaveLength(1);
  });

  test('is not claimed again by an import after its login was unlinked here', async () => {
    const id = await imported();
    const ann = await ofGoogle('ann');
    await tryGetCredentials(server, id, [ann]);
    await unlink(id, ann, google.loginKey);

    await imported({ lastModifiedDate: '2021-01-01T00:00:00.000Z' }, true, id);

    expect(await namesOf(id)).toEqual([]);
    expect(refusalOf(await tryGetCredentials(server, id, [await ofGoogle('eve')]))).toMatchObject(
      NOT_MATCHING,
    );
  });

  test('is not claimed by its other providers after whoever claimed it left, whatever later imports say', async () => {
    const both = { logins: [google.loginKey, github.loginKey] };
    const id = await imported(both);
    const ann = await ofGoogle('ann');
    await tryGetCredentials(server, id, [ann]);
    await unlink(id, ann, google.loginKey);

    const left = await tryGetCredentials(server, id, [await ofGithub('eve')]);
    await imported({ ...both, lastModifiedDate: '2021-01-01T00:00:00.000Z' }, true, id);
    const again = await tryGetCredentials(server, id, [await ofGithub('eve')]);

    expect([left, again].map(refusalOf)).toMatchObject([NOT_MATCHING, NOT_MATCHING]);
    expect(await namesOf(id)).toEqual([github.loginKey]);
  });

  test('is not claimed when its user linked a login that came from here, and unlinked it', async () => {
    const id = await imported({ developerUserIdentifiers: [`ann-${user}`] });
    const bob = await ofGithub('bob');
    await vouched(id, 'ann', bob);
    await unlink(id, bob, github.loginKey);

    expect(refusalOf(await tryGetCredentials(server, id, [await ofGoogle('eve')]))).toMatchObject(
      NOT_MATCHING,
    );
  });

  test('that was a guest, and was signed in to and left here, is claimed by no name that comes later', async () => {
    const id = await imported({ logins: [] });
    const bob = await ofGithub('bob');
    await tryGetCredentials(server, id, [bob]);
    await unlink(id, bob, github.loginKey);

    await imported({}, true, id);

    expect(await namesOf(id)).toEqual([google.loginKey]);
    expect(refusalOf(await tryGetCredentials(server, id, [await ofGoogle('eve')]))).toMatchObject(
      NOT_MATCHING,
    );
  });

  test('that was a guest, and was signed in to here, is claimed by no name that came later', async () => {
    const id = await imported({ logins: [] });
    const bob = await ofGithub('bob');
    await tryGetCredentials(server, id, [bob]);
    await imported({}, true, id);
    await unlink(id, bob, github.loginKey);

    expect(refusalOf(await tryGetCredentials(server, id, [await ofGoogle('eve')]))).toMatchObject(
      NOT_MATCHING,
    );
  });

  test('is not claimed by another provider where a file says who has it, not even while the file’s login is taken', async () => {
    const ann = { provider: google.loginKey, subject: `ann-${user}` };
    await getId(server, pool.id, [await ofGoogle('ann')]);
    const id = await imported({ logins: [google.loginKey, github.loginKey], linkedLogins: [ann] });

    expect(refusalOf(await tryGetCredentials(server, id, [await ofGithub('eve')]))).toMatchObject(
      NOT_MATCHING,
    );
  });

  test('gives its names to who takes it in by a merge, where nobody claims them', async () => {
    const one = await imported({ developerUserIdentifiers: [`one-${user}`] });
    const two = await imported({ developerUserIdentifiers: [`two-${user}`], logins: [] });
    await mergeUsers('one', 'two');

    expect(await namesOf(two)).toContain(google.loginKey);
    for (const id of [one, two])
      expect(refusalOf(await tryGetCredentials(server, id, [await ofGoogle('eve')])).code).toBe(
        'NOT_AUTHORIZED',
      );
    expect(await linkedOf(two)).toHaveLength(2);
  });

  test('is not claimed when it is disabled or deleted', async () => {
    const [disabled, deleted] = [await imported({ isDisabled: true }), await imported()];
    const input = { identityIdsToDelete: [deleted] };
    await mutate(server, 'deleteIdentities { unprocessedIdentityIds { identityId } }', input, server.admin);
    const eve = await ofGoogle('eve');

    expect(refusalOf(await tryGetCredentials(server, disabled, [eve])).code).toBe('NOT_AUTHORIZED');
    expect(refusalOf(await tryGetCredentials(server, deleted, [eve])).code).toBe('IDENTITY_DELETED');
    expect(await linkedOf(disabled)).toEqual([]);
  });

  test('is not claimed twice with one login at the same time', async () => {
    const ids = [await imported(), await imported()];
    const ann = await ofGoogle('ann');

    const answers = await Promise.all(ids.map((id) => tryGetCredentials(server, id, [ann])));

    expect(answers.filter(({ errors }) => errors).map((answer) => refusalOf(answer))).toMatchObject([
      NOT_MATCHING,
    ]);
    expect((await Promise.all(ids.map(linkedOf))).flat()).toHaveLength(1);
  });

  test('is not claimed any more when a later import forbids it', async () => {
    const id = await imported();
    await imported({}, false, id);

    expect(refusalOf(await tryGetCredentials(server, id, [await ofGoogle('ann')]))).toMatchObject(
      NOT_MATCHING,
    );
  });

  test('is counted with its provider, until it is deleted', async () => {
    const before = await counted(google.loginKey);
    const id = await imported();
    const after = await counted(google.loginKey);
    await tryGetCredentials(server, id, [await ofGoogle('ann')]);
    const claimed = await counted(google.loginKey);
    const unproven = await imported();
    const input = { identityIdsToDelete: [id, unproven] };
    await mutate(server, 'deleteIdentities { unprocessedIdentityIds { identityId } }', input, server.admin);

    expect([after, claimed, await counted(google.loginKey)]).toEqual([before + 1, before + 1, before]);
    expect(await rowsOf(server, 'SELECT 1 FROM unproven_logins WHERE identity_id = $1', [unproven])).toEqual(
      [],
    );
  });

  test('keeps the name when the developer’s back end merges it, and two users of a provider stay apart', async () => {
    const [one, two, three] = [
      await imported({ developerUserIdentifiers: [`one-${user}`] }),
      await imported({ developerUserIdentifiers: [`two-${user}`], logins: [github.loginKey] }),
      await imported({ developerUserIdentifiers: [`three-${user}`] }),
    ];
    const merged = await mergeUsers('one', 'two');
    const refused = await mergeUsers('three', 'two');

    expect(merged.data.mergeDeveloperIdentities.identityId).toBe(two);
    expect((await namesOf(two)).sort()).toEqual(
      [google.loginKey, github.loginKey, 'login.our.company', 'login.our.company'].sort(),
    );
    expect(await namesOf(one)).toEqual([]);
    expect(refusalOf(refused)).toMatchObject({ code: 'RESOURCE_CONFLICT', provider: google.loginKey });
    expect(await namesOf(three)).toContain(google.loginKey);
  });
});

describe('the rule', () => {
  const login = (given: Partial<OwnedLogin> = {}): OwnedLogin => ({
    key: 'k',
    provider: 'p',
    subject: 's',
    ownerId: null,
    isDeveloper: false,
    ...given,
  });
  const identity = (given: Partial<IdentityState> = {}): IdentityState => ({
    id: 'i',
    isAuthenticated: true,
    isDisabled: false,
    mergedInto: null,
    createdAt: new Date(0),
    logins: [],
    unproven: [{ provider: 'p', isClaimable: true, isDeveloper: false }],
    ...given,
  });
  const linked = { key: 'l', provider: 'q', isDeveloper: false };

  it.each([
    ['a login of the provider', identity(), [login()], ['p']],
    [
      'several, each of a provider of its own',
      identity({
        unproven: [...identity().unproven, { provider: 'q', isClaimable: true, isDeveloper: false }],
      }),
      [login(), login({ key: 'k2', provider: 'q' })],
      ['p', 'q'],
    ],
    [
      'one beside a user of the back end',
      identity({ logins: [{ ...linked, isDeveloper: true }] }),
      [login()],
      ['p'],
    ],
    ['none of another provider', identity(), [login({ provider: 'q' })], []],
    ['none that somebody has', identity(), [login({ ownerId: 'j' })], []],
    [
      'none beside one that somebody has',
      identity(),
      [login(), login({ key: 'k2', provider: 'q', ownerId: 'j' })],
      [],
    ],
    ['none when a public login is linked', identity({ logins: [linked] }), [login()], []],
    ['none of a developer provider', identity(), [login({ isDeveloper: true })], []],
    ['none of a guest', identity({ isAuthenticated: false }), [login()], []],
    [
      'none that may not be claimed',
      identity({ unproven: [{ provider: 'p', isClaimable: false, isDeveloper: false }] }),
      [login()],
      [],
    ],
  ])('lets an identity be claimed by %s', (_name, state, logins, claimed) => {
    expect(claimable(state, logins).map(({ provider }) => provider)).toEqual(claimed);
  });
});
