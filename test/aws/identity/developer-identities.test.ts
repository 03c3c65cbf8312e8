import type { CognitoIdentity } from '@aws-sdk/client-cognito-identity';
import { decodeJwt } from 'jose';
import { createPool, getId, type Data } from '../../support/factories';
import { startTestServer, type TestServer } from '../../support/server';
import { answerOf, identityClient, refusal } from './clients';

const DEVELOPER = 'login.my.app';

let server: TestServer;
let client: CognitoIdentity;
let pool: Data;
let IdentityPoolId: string;

beforeAll(async () => {
  server = await startTestServer();
  client = identityClient(server);
  pool = await createPool(server, { developerProviderName: DEVELOPER });
  IdentityPoolId = pool.id;
});
afterAll(() => server?.close());

const tokenFor = (user: string, members: object = {}) =>
  client.getOpenIdTokenForDeveloperIdentity({ IdentityPoolId, Logins: { [DEVELOPER]: user }, ...members });

const identityOf = async (user: string): Promise<string> => (await tokenFor(user)).IdentityId!;

describe('GetOpenIdTokenForDeveloperIdentity', () => {
  it('makes the identity of a user once, with a token of a quarter of an hour', async () => {
    const answer = await answerOf(tokenFor('ada'));

    const { sub, amr, iat, exp } = decodeJwt(answer.Token!);
    expect(answer).toEqual({ IdentityId: expect.stringMatching(/^us-east-1:/), Token: expect.any(String) });
    expect([sub, exp! - iat!]).toEqual([answer.IdentityId, 900]);
    expect(amr).toEqual(['authenticated', DEVELOPER, `${DEVELOPER}:${IdentityPoolId}:ada`]);
    expect(await identityOf('ada')).toBe(answer.IdentityId);
  });

  it('puts the duration and the tags that it is given into the token, which gets credentials', async () => {
    const { IdentityId, Token } = await tokenFor('tagged', {
      TokenDuration: 86_400,
      PrincipalTags: { team: 'maps' },
    });

    const claims = decodeJwt(Token!);
    expect(claims.exp! - claims.iat!).toBe(86_400);
    expect(claims['https://aws.amazon.com/tags']).toEqual({ principal_tags: { team: ['maps'] } });

    const plain = await tokenFor('tagged');
    const Logins = { 'cognito-identity.amazonaws.com': plain.Token! };
    const { Credentials } = await client.getCredentialsForIdentity({ IdentityId, Logins });
    expect(Credentials!.AccessKeyId).toMatch(/^ASIA/);
  });

  it('links a user to the identity that it names, unless the user has another', async () => {
    const guest = (await getId(server, IdentityPoolId)).id;
    await identityOf('taken');

    expect((await tokenFor('linked', { IdentityId: guest })).IdentityId).toBe(guest);
    expect(await refusal(tokenFor('taken', { IdentityId: guest }))).toBe(
      'DeveloperUserAlreadyRegisteredException 400: The developer user identifier is already linked to another identity.',
    );
  });

  it('needs one login of the developer provider', async () => {
    expect(await refusal(tokenFor('x', { Logins: { 'accounts.google.com': 'a token' } }))).toBe(
      `InvalidParameterException 400: logins must have one entry of the developer provider ${DEVELOPER}`,
    );
  });

  it('finds no identity of another pool', async () => {
    const other = await createPool(server);
    const IdentityId = (await getId(server, other.id)).id;

    expect(await refusal(tokenFor('ada', { IdentityId }))).toBe(
      `ResourceNotFoundException 400: Identity '${IdentityId}' not found.`,
    );
  });

  it('leaves the developer’s own key closed to the public', async () => {
    const ask = client.getId({ IdentityPoolId, Logins: { [DEVELOPER]: 'ada' } });

    expect(await refusal(ask)).toBe('InvalidParameterException 400: Please provide a valid public provider');
  });
});

describe('LookupDeveloperIdentity', () => {
  it('answers the identity of a user and the users of an identity', async () => {
    const IdentityId = await identityOf('looked up');
    const found = { IdentityId, DeveloperUserIdentifierList: ['looked up'] };
    const DeveloperUserIdentifier = 'looked up';

    expect(
      await answerOf(client.lookupDeveloperIdentity({ IdentityPoolId, DeveloperUserIdentifier })),
    ).toEqual(found);
    expect(await answerOf(client.lookupDeveloperIdentity({ IdentityPoolId, IdentityId }))).toEqual(found);
  });

  it('pages over the users of an identity', async () => {
    const IdentityId = await identityOf('page 1');
    await tokenFor('page 2', { IdentityId });
    const look = (NextToken?: string) =>
      answerOf(client.lookupDeveloperIdentity({ IdentityPoolId, IdentityId, MaxResults: 1, NextToken }));

    const first = await look();

    expect(first).toEqual({
      IdentityId,
      DeveloperUserIdentifierList: ['page 1'],
      NextToken: expect.stringMatching(/^\S+$/),
    });
    expect(await look(first.NextToken)).toEqual({ IdentityId, DeveloperUserIdentifierList: ['page 2'] });
    expect(await refusal(look('made-up'))).toBe(
      'InvalidParameterException 400: nextToken must come from an earlier page of this list',
    );
  });

  it('is a conflict when user and identity do not belong together, and nothing when nobody is named', async () => {
    await identityOf('one');
    const IdentityId = await identityOf('other');
    const look = (given: object) => refusal(client.lookupDeveloperIdentity({ IdentityPoolId, ...given }));

    expect(await look({ IdentityId, DeveloperUserIdentifier: 'one' })).toBe(
      'ResourceConflictException 400: The developer user identifier and the identity do not belong together.',
    );
    expect(await look({ DeveloperUserIdentifier: 'nobody' })).toBe(
      'ResourceNotFoundException 400: No identity has this developer user identifier.',
    );
    expect(await look({})).toBe(
      'InvalidParameterException 400: identityId or developerUserIdentifier must be given',
    );
  });
});

describe('MergeDeveloperIdentities', () => {
  const merge = (source: string, destination: string, DeveloperProviderName = DEVELOPER) =>
    client.mergeDeveloperIdentities({
      SourceUserIdentifier: source,
      DestinationUserIdentifier: destination,
      DeveloperProviderName,
      IdentityPoolId,
    });

  it('moves a user to the identity of the other, which it answers', async () => {
    await identityOf('source');
    const IdentityId = await identityOf('destination');

    expect(await answerOf(merge('source', 'destination'))).toEqual({ IdentityId });
    expect(await identityOf('source')).toBe(IdentityId);
  });

  it('refuses users and providers that it does not know', async () => {
    await identityOf('known');

    expect(await refusal(merge('known', 'unknown'))).toBe(
      'ResourceNotFoundException 400: No identity has this developer user identifier.',
    );
    expect(await refusal(merge('known', 'known', 'login.other.app'))).toBe(
      'InvalidParameterException 400: login.other.app is not the developer provider of this identity pool.',
    );
  });
});

describe('UnlinkDeveloperIdentity', () => {
  const unlink = (IdentityId: string, DeveloperUserIdentifier: string) =>
    client.unlinkDeveloperIdentity({
      IdentityId,
      IdentityPoolId,
      DeveloperProviderName: DEVELOPER,
      DeveloperUserIdentifier,
    });

  it('makes a user count as new the next time', async () => {
    const IdentityId = await identityOf('unlinked');

    expect(await answerOf(unlink(IdentityId, 'unlinked'))).toEqual({});
    expect(await identityOf('unlinked')).not.toBe(IdentityId);
  });

  it('finds no user that the identity does not have', async () => {
    expect(await refusal(unlink(await identityOf('somebody'), 'somebody else'))).toBe(
      'ResourceNotFoundException 400: No identity has this developer user identifier.',
    );
  });
});
