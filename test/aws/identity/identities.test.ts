import type { CognitoIdentity, Credentials } from '@aws-sdk/client-cognito-identity';
import { decodeJwt } from 'jose';
import {
  allow,
  createKey,
  createPool,
  createRole,
  getId,
  loginOf,
  registerProvider,
  setRoles,
  trustOf,
  type Data,
} from '../../support/factories';
import { startIdentityProvider, type TestIdentityProvider } from '../../support/identity-provider';
import { startTestServer, type TestServer } from '../../support/server';
import { answerOf, callRaw, identityClient, refusal, type Keys } from './clients';

const NOBODY = 'us-east-1:00000000-0000-4000-8000-000000000000';

let server: TestServer;
let issuer: TestIdentityProvider;
let admin: CognitoIdentity;
/** Of nobody: its keys are made up, and the public operations take no notice of them. */
let anyone: CognitoIdentity;
/** Takes guests and the issuer's users, with default roles. */
let pool: Data;
let membersOnly: Data;

beforeAll(async () => {
  [server, issuer] = await Promise.all([startTestServer(), startIdentityProvider()]);
  admin = identityClient(server);
  anyone = identityClient(server, { accessKeyId: 'AKIANOBODY', secretAccessKey: 'made up' });
  const openIdConnectProviderARNs = [await registerProvider(server, issuer)];
  pool = await createPool(server, { openIdConnectProviderARNs });
  membersOnly = await createPool(server, {
    openIdConnectProviderARNs,
    allowUnauthenticatedIdentities: false,
  });
});
afterAll(() => Promise.all([server, issuer].map((each) => each?.close())));

/** The map of logins of a user of the issuer. */
const loginsOf = async (user: string, claims: object = {}): Promise<Record<string, string>> => {
  const { provider, token } = await loginOf(issuer, user, claims);
  return { [provider]: token };
};

const newGuest = async (): Promise<string> => (await anyone.getId({ IdentityPoolId: pool.id })).IdentityId!;

/** What the SDK was given to sign with. */
const toKeys = (credentials: Credentials | undefined): Keys => ({
  accessKeyId: credentials!.AccessKeyId!,
  secretAccessKey: credentials!.SecretKey!,
  sessionToken: credentials!.SessionToken!,
});

/** The temporary keys of a guest. */
const keysOf = async (IdentityId: string): Promise<Keys> =>
  toKeys((await anyone.getCredentialsForIdentity({ IdentityId })).Credentials);

describe('GetId', () => {
  it('makes a new guest for each call without logins, an empty map being none', async () => {
    const body = JSON.stringify({ IdentityPoolId: pool.id, Logins: {} });

    const [first, second] = [await callRaw(server, 'GetId', body), await callRaw(server, 'GetId', body)];

    expect(first).toMatchObject({ status: 200, json: { IdentityId: expect.stringMatching(/^us-east-1:/) } });
    expect(Object.keys(first.json)).toEqual(['IdentityId']);
    expect(second.json.IdentityId).not.toBe(first.json.IdentityId);
    expect((await admin.describeIdentity(first.json)).Logins).toEqual([]);
  });

  it('answers a login with its identity, whatever AccountId an old client sends along', async () => {
    const given = { IdentityPoolId: pool.id, AccountId: '123456789012', Logins: await loginsOf('ada') };

    const [first, second] = [await answerOf(anyone.getId(given)), await answerOf(anyone.getId(given))];

    expect(first).toEqual(second);
    expect((await admin.describeIdentity({ IdentityId: first.IdentityId })).Logins).toEqual([
      issuer.loginKey,
    ]);
  });

  it('refuses guests where there are none', async () => {
    expect(await refusal(anyone.getId({ IdentityPoolId: membersOnly.id }))).toBe(
      'NotAuthorizedException 400: Unauthenticated access is not supported for this identity pool.',
    );
  });

  it('refuses a token that does not hold, and a provider that the pool does not have', async () => {
    const ask = (Logins: Record<string, string>) =>
      refusal(anyone.getId({ IdentityPoolId: pool.id, Logins }));

    expect(await ask(await loginsOf('ada', { aud: 'another app' }))).toBe(
      'NotAuthorizedException 400: Invalid login token. Incorrect token audience.',
    );
    expect(await ask({ 'accounts.google.com': 'a token' })).toBe(
      'NotAuthorizedException 400: Token is not from a supported provider of this identity pool.',
    );
  });

  it('says so when an issuer does not answer', async () => {
    const down = await startIdentityProvider();
    const openIdConnectProviderARNs = [await registerProvider(server, down)];
    const { id: IdentityPoolId } = await createPool(server, { openIdConnectProviderARNs });
    const { provider, token } = await loginOf(down, 'ada');
    await down.close();

    const ask = anyone.getId({ IdentityPoolId, Logins: { [provider]: token } });

    expect(await refusal(ask)).toMatch(/^ExternalServiceException 400: /);
  });

  it('finds no pool that is not there', async () => {
    expect(await refusal(anyone.getId({ IdentityPoolId: NOBODY }))).toBe(
      `ResourceNotFoundException 400: IdentityPool '${NOBODY}' not found.`,
    );
  });
});

describe('GetCredentialsForIdentity', () => {
  it('answers keys of one hour, under the names of this API', async () => {
    const IdentityId = await newGuest();

    const { json } = await callRaw(server, 'GetCredentialsForIdentity', JSON.stringify({ IdentityId }));

    expect(json).toEqual({
      IdentityId,
      Credentials: {
        AccessKeyId: expect.stringMatching(/^ASIA[A-Z2-7]{16}$/),
        SecretKey: expect.stringMatching(/^.{40}$/),
        SessionToken: expect.any(String),
        Expiration: expect.any(Number),
      },
    });
    expect(Math.abs(json.Credentials.Expiration - Date.now() / 1000 - 3600)).toBeLessThan(60);
  });

  it('gives a date to the SDK, and keys that sign for the identity', async () => {
    const Logins = await loginsOf('grace');
    const { IdentityId } = await anyone.getId({ IdentityPoolId: pool.id, Logins });

    const { Credentials } = await anyone.getCredentialsForIdentity({ IdentityId, Logins });

    const self = identityClient(server, toKeys(Credentials));
    expect(Credentials!.Expiration).toBeInstanceOf(Date);
    expect((await self.describeIdentity({ IdentityId })).Logins).toEqual([issuer.loginKey]);
  });

  it('gives keys that may what the role of the pool allows', async () => {
    const own = await createPool(server, { createDefaultRoles: false });
    const role = await createRole(server, { roleName: 'Idle', assumeRolePolicyDocument: trustOf(own.id) });
    await setRoles(server, own.id, { unauthenticated: role.arn });
    const IdentityId = (await getId(server, own.id)).id;

    const denied = refusal(identityClient(server, await keysOf(IdentityId)).describeIdentity({ IdentityId }));

    expect(await denied).toBe(
      'AccessDeniedException 403: User: arn:aws:sts::000000000000:assumed-role/Idle/CognitoIdentityCredentials is not authorized to perform: cognito-identity:DescribeIdentity on resource: *',
    );
  });

  it('links a login to a guest, who keeps the id and is no guest any more', async () => {
    const IdentityId = await newGuest();

    const signedIn = await anyone.getCredentialsForIdentity({
      IdentityId,
      Logins: await loginsOf('new user'),
    });

    expect(signedIn.IdentityId).toBe(IdentityId);
    expect(await refusal(anyone.getCredentialsForIdentity({ IdentityId }))).toBe(
      `NotAuthorizedException 400: Access to Identity '${IdentityId}' is forbidden.`,
    );
  });

  it('refuses logins of somebody else, and a role that none of them gives', async () => {
    const IdentityId = (await getId(server, pool.id, [await loginOf(issuer, 'ada')])).id;
    const CustomRoleArn = 'arn:aws:iam::000000000000:role/Admin';

    expect(
      await refusal(anyone.getCredentialsForIdentity({ IdentityId, Logins: await loginsOf('stranger') })),
    ).toBe(
      "NotAuthorizedException 400: Logins don't match. Please include at least one valid login for this identity or identity pool.",
    );
    expect(
      await refusal(
        anyone.getCredentialsForIdentity({ IdentityId, Logins: await loginsOf('ada'), CustomRoleArn }),
      ),
    ).toMatch(/^NotAuthorizedException 400: /);
  });

  it('finds no identity that is not there', async () => {
    expect(await refusal(anyone.getCredentialsForIdentity({ IdentityId: NOBODY }))).toBe(
      `ResourceNotFoundException 400: Identity '${NOBODY}' not found.`,
    );
  });
});

describe('GetOpenIdToken', () => {
  it('answers a token of ten minutes about the identity', async () => {
    const IdentityId = await newGuest();

    const answer = await answerOf(anyone.getOpenIdToken({ IdentityId }));

    const { sub, aud, amr, iat, exp } = decodeJwt(answer.Token!);
    expect(answer).toEqual({ IdentityId, Token: expect.any(String) });
    expect([sub, aud, amr, exp! - iat!]).toEqual([IdentityId, pool.id, ['unauthenticated'], 600]);
  });

  it('is refused where the classic flow is off', async () => {
    const enhanced = await createPool(server, { allowClassicFlow: false });
    const IdentityId = (await getId(server, enhanced.id)).id;

    expect(await refusal(anyone.getOpenIdToken({ IdentityId }))).toBe(
      'InvalidParameterException 400: Basic (classic) flow is not enabled, please use enhanced flow.',
    );
  });
});

describe('UnlinkIdentity', () => {
  it('takes a login off for whoever proves it, and answers an empty body', async () => {
    const Logins = await loginsOf('leaving');
    const { IdentityId } = await anyone.getId({ IdentityPoolId: pool.id, Logins });
    const body = JSON.stringify({ IdentityId, Logins, LoginsToRemove: [issuer.loginKey] });

    const answer = await callRaw(server, 'UnlinkIdentity', body);

    expect([answer.status, answer.text]).toEqual([200, '']);
    expect((await admin.describeIdentity({ IdentityId })).Logins).toEqual([]);
    expect((await anyone.getId({ IdentityPoolId: pool.id, Logins })).IdentityId).not.toBe(IdentityId);
  });

  it('is refused to a stranger', async () => {
    const IdentityId = (await getId(server, pool.id, [await loginOf(issuer, 'ada')])).id;
    const unlink = anyone.unlinkIdentity({
      IdentityId,
      Logins: await loginsOf('stranger'),
      LoginsToRemove: [issuer.loginKey],
    });

    expect(await refusal(unlink)).toMatch(/^NotAuthorizedException 400: Logins don't match\./);
  });
});

describe('DescribeIdentity', () => {
  it('answers dates as seconds with a fraction', async () => {
    const IdentityId = await newGuest();

    const seen = await answerOf(admin.describeIdentity({ IdentityId }));

    const created = seen.CreationDate!;
    expect(seen).toEqual({ IdentityId, Logins: [], CreationDate: created, LastModifiedDate: created });
    expect(Math.abs(created.getTime() - Date.now())).toBeLessThan(60_000);
  });
});

describe('ListIdentities', () => {
  it('answers the identities of one pool, page after page', async () => {
    const own = await createPool(server);
    const ids = [await getId(server, own.id), await getId(server, own.id), await getId(server, own.id)];
    const expected = ids.map(({ id }) => id).sort();

    const first = await answerOf(admin.listIdentities({ IdentityPoolId: own.id, MaxResults: 2 }));
    const { NextToken } = first;
    const rest = await answerOf(admin.listIdentities({ IdentityPoolId: own.id, MaxResults: 2, NextToken }));

    expect(first.IdentityPoolId).toBe(own.id);
    expect(first.Identities!.map((each) => each.IdentityId)).toEqual(expected.slice(0, 2));
    expect(rest).toEqual({
      IdentityPoolId: own.id,
      Identities: [
        {
          IdentityId: expected[2],
          Logins: [],
          CreationDate: expect.any(Date),
          LastModifiedDate: expect.any(Date),
        },
      ],
    });
  });

  it('leaves out the disabled ones when it is told to', async () => {
    const own = await createPool(server, { openIdConnectProviderARNs: pool.openIdConnectProviderARNs });
    const merged = (await getId(server, own.id)).id;
    const survivor = (await getId(server, own.id, [await loginOf(issuer, 'both')])).id;
    const Logins = await loginsOf('both');
    const list = async (HideDisabled?: boolean) =>
      (await admin.listIdentities({ IdentityPoolId: own.id, MaxResults: 60, HideDisabled })).Identities!.map(
        (each) => each.IdentityId,
      );

    const settled = await anyone.getCredentialsForIdentity({ IdentityId: merged, Logins });

    expect(settled.IdentityId).toBe(survivor);
    expect(await list()).toEqual([merged, survivor].sort());
    expect(await list(true)).toEqual([survivor]);
  });
});

describe('DeleteIdentities', () => {
  it('deletes what is there and takes the rest for done', async () => {
    const IdentityId = await newGuest();

    const answer = await answerOf(admin.deleteIdentities({ IdentityIdsToDelete: [IdentityId, NOBODY] }));

    expect(answer).toEqual({ UnprocessedIdentityIds: [] });
    expect(await refusal(admin.describeIdentity({ IdentityId }))).toMatch(/^ResourceNotFoundException 400: /);
  });

  it('names what the caller may not delete', async () => {
    const mine = await createPool(server);
    const condition = { StringEquals: { 'cognito-identity:IdentityPoolArn': mine.arn } };
    const policy = allow('cognito-identity:DeleteIdentities', '*', { Condition: condition });
    const key = await createKey(server, { policies: [{ policyName: 'own', policyDocument: policy }] });
    const keys = { accessKeyId: key.apiKey.accessKeyId, secretAccessKey: key.secretAccessKey };
    const [own, other] = [(await getId(server, mine.id)).id, await newGuest()];

    const answer = await answerOf(
      identityClient(server, keys).deleteIdentities({ IdentityIdsToDelete: [own, other] }),
    );

    expect(answer).toEqual({ UnprocessedIdentityIds: [{ IdentityId: other, ErrorCode: 'AccessDenied' }] });
  });
});

describe('an identity with keys of its own', () => {
  it('sees nothing of another, be it there or not, nor of the pool', async () => {
    const [mine, theirs] = [await newGuest(), await newGuest()];
    const self = identityClient(server, await keysOf(mine));
    const mismatch =
      'NotAuthorizedException 400: mismatch between session identity id and request identity id';

    expect(await refusal(self.describeIdentity({ IdentityId: theirs }))).toBe(mismatch);
    expect(await refusal(self.describeIdentity({ IdentityId: NOBODY }))).toBe(mismatch);
    expect(await refusal(self.listIdentities({ IdentityPoolId: pool.id, MaxResults: 1 }))).toBe(
      'NotAuthorizedException 400: Only administrators may do this, whatever the role of an identity allows.',
    );
    expect(await answerOf(self.deleteIdentities({ IdentityIdsToDelete: [theirs] }))).toEqual({
      UnprocessedIdentityIds: [{ IdentityId: theirs, ErrorCode: 'AccessDenied' }],
    });
  });
});
