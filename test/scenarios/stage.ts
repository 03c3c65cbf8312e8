import { loadConfig } from '../../src/config';
import { createRole, mutate } from '../support/factories';
import { TEST_ADMIN, startTestServer, type TestServer, type TestServerOptions } from '../support/server';
import type { Caller, Door, Login, PoolInput, SyncCalls } from './door';
import { APP, startLoginProviders, type LoginProviders } from './login-providers';

/** A running installation seen through one door, with an issuer that people sign in with. */
export interface Stage {
  server: TestServer;
  door: Door;
  administrator: Caller;
  providers: LoginProviders;
  issuer: LoginProviders['issuer'];
  /** The ARN of the registered issuer. */
  providerArn: string;
  /** A pool with guests, sign-in at the issuer and the default roles, but for what is said. */
  newPool(changes?: Partial<PoolInput>): Promise<string>;
  /** A pool that people sign in to with providers of every kind. */
  newPoolOfAllProviders(): Promise<string>;
  /** The ARN of a new role that the identities of a pool may take. */
  newRole(identityPoolId: string, ...statements: object[]): Promise<string>;
  /** A new ID token of a person, with more claims if it is to have some. */
  loginOf(person: string, claims?: object): Promise<Login>;
  /** A new guest of a pool, with its calls. */
  newGuest(identityPoolId: string): Promise<Guest>;
  /** Somebody who signs in, with their calls; always the same identity for the same person. */
  signIn(identityPoolId: string, ...logins: Login[]): Promise<Guest>;
  close(): Promise<void>;
}

/** An identity with its credentials and its calls. */
export interface Guest {
  identityId: string;
  credentials: Caller;
  sync: SyncCalls;
}

/** Starts it. What AWS leaves to IAM, such as roles and keys, an administrator does over GraphQL whatever the door. */
export const openStage = async (
  doorTo: (url: string) => Door,
  options: Pick<TestServerOptions, 'now'> = {},
): Promise<Stage> => {
  const providers = await startLoginProviders();
  const loginProviders = { ...loadConfig({}).loginProviders, ...providers.urls };
  const server = await startTestServer({ ...options, config: { loginProviders } });
  const door = doorTo(server.url);
  const administrator: Caller = { ...TEST_ADMIN, bearer: server.admin };
  const { providerArn, samlProviderArn } = await registerProviders(server, providers);

  /** What AWS's console makes beside a pool, and its API does not. */
  const giveRoles = async (identityPoolId: string): Promise<void> => {
    const [authenticated, unauthenticated] = await Promise.all([
      newRole(server, identityPoolId, OWN_ACCESS),
      newRole(server, identityPoolId, OWN_ACCESS),
    ]);
    await door.setIdentityPoolRoles(administrator, {
      identityPoolId,
      roles: { authenticated, unauthenticated },
    });
  };
  const newPool: Stage['newPool'] = async (changes = {}) => {
    const input = {
      identityPoolName: 'game',
      allowUnauthenticatedIdentities: true,
      openIdConnectProviderARNs: [providerArn],
      ...changes,
    };
    const { identityPoolId } = await door.createIdentityPool(administrator, input);
    if (!door.createsDefaultRoles) await giveRoles(identityPoolId);
    return identityPoolId;
  };
  const goOnAs = async (identityId: string, logins: Login[]): Promise<Guest> => {
    const answer = await door.getCredentialsForIdentity({ identityId, logins });
    return { ...answer, sync: door.sync(answer.credentials) };
  };

  return {
    server,
    door,
    administrator,
    providers,
    issuer: providers.issuer,
    providerArn,
    newPool,
    newPoolOfAllProviders: () => newPool({ ...providers.ofPools, samlProviderARNs: [samlProviderArn] }),
    newRole: (identityPoolId, ...statements) => newRole(server, identityPoolId, statements),
    loginOf: (person, claims) => providers.loginOf('OpenID Connect', person, claims),
    newGuest: async (identityPoolId) => {
      const { identityId } = await door.getId({ identityPoolId });
      return goOnAs(identityId, []);
    },
    signIn: async (identityPoolId, ...logins) => {
      const { identityId } = await door.getId({ identityPoolId, logins });
      return goOnAs(identityId, logins);
    },
    close: async () => {
      await Promise.all([server.close(), providers.close()]);
    },
  };
};

const registerProviders = async (
  server: TestServer,
  { issuer, samlMetadataDocument }: LoginProviders,
): Promise<{ providerArn: string; samlProviderArn: string }> => {
  const [oidc, saml] = await Promise.all([
    mutate(
      server,
      'createOpenIDConnectProvider { openIDConnectProviderArn }',
      { url: issuer.issuer, clientIDList: [APP] },
      server.admin,
    ),
    mutate(
      server,
      'createSAMLProvider { samlProviderArn }',
      { name: 'scenario', samlMetadataDocument },
      server.admin,
    ),
  ]);
  return {
    providerArn: oidc.data.createOpenIDConnectProvider.openIDConnectProviderArn,
    samlProviderArn: saml.data.createSAMLProvider.samlProviderArn,
  };
};

/** What the default roles of a pool allow. */
const OWN_ACCESS = [
  {
    Effect: 'Allow',
    Action: 'cognito-sync:*',
    Resource:
      'arn:aws:cognito-sync:*:*:identitypool/${cognito-identity.amazonaws.com:aud}/identity/${cognito-identity.amazonaws.com:sub}/*',
  },
  { Effect: 'Allow', Action: 'cognito-identity:DescribeIdentity', Resource: '*' },
];

let rolesMade = 0;

const newRole = async (server: TestServer, identityPoolId: string, statements: object[]): Promise<string> => {
  const trust = {
    Effect: 'Allow',
    Principal: { Federated: 'cognito-identity.amazonaws.com' },
    Action: ['sts:AssumeRoleWithWebIdentity', 'sts:TagSession'],
    Condition: { StringEquals: { 'cognito-identity.amazonaws.com:aud': identityPoolId } },
  };
  const policyDocument = { Version: '2012-10-17', Statement: statements };
  const role = await createRole(server, {
    roleName: `scenario-${(rolesMade += 1)}`,
    assumeRolePolicyDocument: { Version: '2012-10-17', Statement: [trust] },
    policies: [{ policyName: 'p', policyDocument }],
  });
  return role.arn;
};
