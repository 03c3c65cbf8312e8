import { decodeProtectedHeader } from 'jose';
import { loadConfig } from '../../src/config';
import { createKey, eventually, mutate, refusalOf, type Data } from '../support/factories';
import { startTestServer, type TestServer } from '../support/server';
import { Device } from '../support/device';
import { graphqlDoor } from './doors/graphql';
import { openStage, type Stage } from './stage';

/*
 * Stories of what AWS has no operation for, or none that programs may call. There is one door that plays them.
 */

const FIVE_SECONDS = 5000;
const DAY_MS = 86_400_000;

/** Milliseconds by which the clock of the stage is ahead. */
let ahead = 0;
let stage: Stage;
let otherNode: TestServer;

beforeAll(async () => {
  const now = (): Date => new Date(Date.now() + ahead);
  stage = await openStage(graphqlDoor, { now });
  const { database, config } = stage.server;
  otherNode = await startTestServer({ database, now, config: { publicUrl: config.publicUrl } });
});
afterEach(() => {
  ahead = 0;
});
afterAll(async () => {
  await otherNode?.close();
  await stage?.close();
});

/** What an administrator is answered. */
const ask = (query: string, variables: object = {}): Promise<Data> =>
  stage.server.run(query, variables, stage.server.admin);

const administer = async (call: string, input: object): Promise<Data> => {
  const { data, errors } = await mutate(stage.server, call, input, stage.server.admin);
  if (errors) throw new Error(JSON.stringify(errors));
  return Object.values(data)[0];
};

/** Asks until the answer is this one, and fails after 5 seconds: what nodes promise each other. */
const withinFiveSeconds = async (askFor: () => Promise<string>, answer: string): Promise<void> => {
  const start = Date.now();
  await eventually(askFor, (current) => current === answer || Date.now() - start > FIVE_SECONDS);
  expect(await askFor()).toBe(answer);
};

test('an app asks what signing in would merge before it does, and afterwards both sides show what became of them', async () => {
  const { newPool, newGuest, signIn, loginOf, door } = stage;
  const identityPoolId = await newPool();
  const owner = await signIn(identityPoolId, await loginOf('ada'));
  const guest = await newGuest(identityPoolId);
  const phone = new Device('phone', 'game');
  phone.put('coins', '12');
  await phone.sync(guest.sync);
  const logins = [await loginOf('ada')];
  const { identityId } = guest;

  const { previewMerge } = await stage.server.run(
    `query ($input: PreviewMergeInput!) { previewMerge(input: $input) {
       identityId merges { identityId datasets { from to } } conflictingProviders } }`,
    { input: { identityPoolId, identityId, logins } },
  );
  const merged = await door.getCredentialsForIdentity({ identityId, logins });

  const { identity } = await ask(
    'query ($id: ID!) { identity(id: $id) { isDisabled mergedInto { id datasets { nodes { name } } } } }',
    { id: identityId },
  );
  const to = `game.${identityId}`;
  expect(previewMerge).toEqual({
    identityId: owner.identityId,
    merges: [{ identityId, datasets: [{ from: 'game', to }] }],
    conflictingProviders: [],
  });
  expect(merged.identityId).toBe(owner.identityId);
  expect(identity).toEqual({
    isDisabled: true,
    mergedInto: { id: owner.identityId, datasets: { nodes: [{ name: to }] } },
  });
});

test('the signing key is rotated while an app holds a token: it goes on working on every node, and new ones have the new key', async () => {
  const { newPool, newRole, door } = stage;
  const identityPoolId = await newPool({ allowClassicFlow: true });
  const roleArn = await newRole(identityPoolId, { Effect: 'Allow', Action: '*', Resource: '*' });
  const { identityId } = await door.getId({ identityPoolId });
  const { token: old } = await door.getOpenIdToken({ identityId });
  const keyOf = (token: string): string => decodeProtectedHeader(token).kid!;
  const otherDoor = graphqlDoor(otherNode.url);

  const { signingKeys } = await administer('rotateSigningKey { signingKeys { id state } }', {
    evenIfRecent: true,
  });

  const current = signingKeys.find((key: Data) => key.state === 'CURRENT').id;
  await withinFiveSeconds(async () => keyOf((await otherDoor.getOpenIdToken({ identityId })).token), current);
  for (const each of [door, otherDoor]) {
    const input = { roleArn, roleSessionName: 'old-token', webIdentityToken: old };
    const { assumedRoleArn } = await each.assumeRoleWithWebIdentity(input);
    expect(assumedRoleArn).toMatch(/\/old-token$/);
  }
  expect(keyOf(old)).not.toBe(current);
});

test('a key that leaked is revoked and a role that was too wide is narrowed, on every node within 5 seconds', async () => {
  const { newPool, newGuest, newRole, door, administrator } = stage;
  const identityPoolId = await newPool();
  const unauthenticated = await newRole(identityPoolId, { Effect: 'Allow', Action: '*', Resource: '*' });
  await door.setIdentityPoolRoles(administrator, { identityPoolId, roles: { unauthenticated } });
  const { credentials } = await newGuest(identityPoolId);
  const { apiKey, secretAccessKey } = await createKey(stage.server, { managedPolicies: ['READ_ONLY'] });
  const codeOf = async (query: string, bearer: string): Promise<string> =>
    (await otherNode.graphql(query, {}, bearer)).errors?.[0]?.extensions.code ?? 'OK';
  const byKey = () => codeOf('{ roles { nodes { arn } } }', `${apiKey.accessKeyId}.${secretAccessKey}`);
  const byGuest = () => codeOf('{ listRecords(input: { datasetName: "d" }) { count } }', credentials.bearer);
  const before = [await byKey(), await byGuest()];

  await administer('revokeApiKey { apiKey { id } }', { accessKeyId: apiKey.accessKeyId });
  await administer('updateRole { role { arn } }', {
    roleName: unauthenticated.split('/').at(-1),
    policies: [],
  });

  expect(before).toEqual(['OK', 'OK']);
  await withinFiveSeconds(byKey, 'NOT_AUTHORIZED');
  await withinFiveSeconds(byGuest, 'ACCESS_DENIED');
});

test('the counts of a pool follow what people do: guests come, sign in, merge and go', async () => {
  const { newPool, newGuest, signIn, loginOf, door, issuer, administrator } = stage;
  const identityPoolId = await newPool();
  const counts = async (): Promise<Data> => {
    const { identityPool } = await ask(
      `query ($id: ID!) { identityPool(id: $id) { analytics {
         totalIdentities providers { provider identities } days { newIdentities totalIdentities } } } }`,
      { id: identityPoolId },
    );
    const { totalIdentities, providers, days } = identityPool.analytics;
    const everNew = days.reduce((sum: number, day: Data) => sum + day.newIdentities, 0);
    return { total: totalIdentities, providers, everNew, today: days.at(-1).totalIdentities };
  };
  const ofIssuer = (identities: number) => [{ provider: issuer.loginKey, identities }];

  const [ada, guest] = [await newGuest(identityPoolId), await newGuest(identityPoolId)];
  const asGuests = await counts();
  await door.getCredentialsForIdentity({ identityId: ada.identityId, logins: [await loginOf('ada')] });
  await signIn(identityPoolId, await loginOf('grace'));
  const asUsers = await counts();
  await door.getCredentialsForIdentity({ identityId: guest.identityId, logins: [await loginOf('ada')] });
  await door.deleteIdentities(administrator, [ada.identityId]);
  const inTheEnd = await counts();

  expect([asGuests.total, asGuests.providers]).toEqual([2, []]);
  expect([asUsers.total, asUsers.providers]).toEqual([3, ofIssuer(2)]);
  expect([inTheEnd.total, inTheEnd.providers]).toEqual([1, ofIssuer(1)]);
  expect([inTheEnd.everNew, inTheEnd.today]).toEqual([3, 1]);
});

test('support finds the identity of somebody who writes in, by subject or token, and sees how they sign in', async () => {
  const { newPoolOfAllProviders, providers, signIn, issuer } = stage;
  const identityPoolId = await newPoolOfAllProviders();
  const login = await providers.loginOf('OpenID Connect', 'ada');
  const { identityId } = await signIn(identityPoolId, login, await providers.loginOf('Facebook', 'lovelace'));
  const LOOKUP = `query ($input: LookupLoginInput!) { lookupLogin(input: $input) {
    identityId identity { linkedLogins { provider subject } } } }`;
  const lookup = async (input: object): Promise<Data> =>
    (await ask(LOOKUP, { input: { identityPoolId, ...input } })).lookupLogin;

  const bySubject = await lookup({ provider: 'graph.facebook.com', subject: 'lovelace' });
  const byToken = await lookup(login);
  const nobody = await lookup({ provider: issuer.loginKey, subject: 'nobody' });

  expect(byToken).toEqual(bySubject);
  expect(bySubject.identityId).toBe(identityId);
  expect(bySubject.identity.linkedLogins).toEqual(
    expect.arrayContaining([
      { provider: issuer.loginKey, subject: 'ada' },
      { provider: 'graph.facebook.com', subject: 'lovelace' },
    ]),
  );
  expect(nobody).toEqual({ identityId: null, identity: null });
});

test('guests who stayed away are counted first and then deleted; who came back or signed in stays', async () => {
  const { newPool, newGuest, signIn, loginOf, door, administrator } = stage;
  const identityPoolId = await newPool();
  const user = await signIn(identityPoolId, await loginOf('ada'));
  const [regular, away, alsoAway] = [
    await newGuest(identityPoolId),
    await newGuest(identityPoolId),
    await newGuest(identityPoolId),
  ];
  const sweep = (input: object): Promise<Data> => {
    const idleSince = new Date(Date.now() + ahead - 2 * DAY_MS).toISOString();
    return administer('deleteIdleGuests { dryRun count identityIds hasMore }', {
      identityPoolId,
      idleSince,
      ...input,
    });
  };
  const present = async () => (await door.listIdentities(administrator, { identityPoolId })).toSorted();

  ahead = 3 * DAY_MS;
  await door.getCredentialsForIdentity({ identityId: regular.identityId });
  const rehearsal = await sweep({});
  const afterRehearsal = await present();
  const sweeping = await sweep({ dryRun: false });

  const idle = [away.identityId, alsoAway.identityId];
  expect(rehearsal).toMatchObject({ dryRun: true, count: 2, hasMore: false });
  expect(rehearsal.identityIds.toSorted()).toEqual(idle.toSorted());
  expect(afterRehearsal).toEqual([user.identityId, regular.identityId, ...idle].toSorted());
  expect(sweeping).toMatchObject({ dryRun: false, count: 2, hasMore: false });
  expect(await present()).toEqual([user.identityId, regular.identityId].toSorted());
});

test('whoever asks for too many guests is told how many seconds to wait, and after those is served again', async () => {
  const rateLimits = { ...loadConfig({}).rateLimits, enabled: true, windowSeconds: 4, guestsPerIp: 3 };
  const { database, config } = stage.server;
  const limited = await startTestServer({ database, config: { rateLimits, publicUrl: config.publicUrl } });
  const identityPoolId = await stage.newPool();
  const newGuest = () => mutate(limited, 'getId { identityId }', { identityPoolId });

  const answers = [await newGuest(), await newGuest(), await newGuest()];
  const refusal = refusalOf(await newGuest());
  const seconds = Number(refusal.retryAfterSeconds);
  await new Promise((resolve) => setTimeout(resolve, Math.min(seconds, 5) * 1000));
  const afterwards = await newGuest();
  await limited.close();

  expect(answers.flatMap(({ errors }) => errors ?? [])).toEqual([]);
  expect(refusal).toMatchObject({ code: 'TOO_MANY_REQUESTS', limit: 'guestsPerIp', maximum: 3 });
  expect([1, 2, 3, 4]).toContain(seconds);
  expect(afterwards.errors).toBeUndefined();
});

test('the audit log tells who did what in a pool, what was refused, and no secret of anybody', async () => {
  const { newPool, loginOf, door, administrator } = stage;
  const identityPoolId = await newPool({ developerProviderName: 'login.my.app' });
  const { apiKey, secretAccessKey } = await createKey(stage.server, { managedPolicies: ['READ_ONLY'] });
  const reader = { ...administrator, bearer: `${apiKey.accessKeyId}.${secretAccessKey}` };
  const login = await loginOf('ada');
  const { identityId } = await door.getId({ identityPoolId, logins: [login] });

  const { credentials } = await door.getCredentialsForIdentity({ identityId, logins: [login] });
  const input = { identityPoolId, logins: [{ provider: 'login.my.app', token: 'user-1' }] };
  const { token } = await door.getOpenIdTokenForDeveloperIdentity(administrator, input);
  await door.setIdentityPoolRoles(reader, { identityPoolId, roles: {} }).catch(() => undefined);

  const { auditEvents } = await ask(
    `query ($filter: AuditEventFilterInput) { auditEvents(filter: $filter) {
       nodes { action actorId outcome resourceArn identityPoolId sourceIp userAgent details } } }`,
    { filter: { identityPoolId } },
  );
  const story = auditEvents.nodes.map((event: Data) => [event.action, event.actorId, event.outcome]);
  expect(story.toReversed()).toEqual([
    ['cognito-identity:CreateIdentityPool', administrator.accessKeyId, 'ALLOWED'],
    ['cognito-identity:GetCredentialsForIdentity', identityId, 'ALLOWED'],
    ['cognito-identity:GetOpenIdTokenForDeveloperIdentity', administrator.accessKeyId, 'ALLOWED'],
    ['cognito-identity:SetIdentityPoolRoles', apiKey.accessKeyId, 'DENIED'],
  ]);
  const told = JSON.stringify(await ask('{ auditEvents { nodes { actorArn resourceArn details } } }'));
  const { secretAccessKey: temporary, sessionToken, bearer } = credentials;
  const secrets = [secretAccessKey, administrator.secretAccessKey, temporary, sessionToken!, bearer];
  for (const secret of [...secrets, login.token, token]) expect(told).not.toContain(secret);
});
