import { startIdentityProvider, type TestIdentityProvider } from '../support/identity-provider';
import { TEST_ADMIN, startTestServer, type TestServer } from '../support/server';
import type { Caller, Door, Login, SyncCalls } from './door';

/** A running installation seen through one door, with an issuer that people sign in with. */
export interface Stage {
  server: TestServer;
  door: Door;
  administrator: Caller;
  issuer: TestIdentityProvider;
  /** The ARN of the registered issuer. */
  providerArn: string;
  /** A pool with guests, sign-in and the default roles. */
  newPool(): Promise<string>;
  /** A new ID token of a person. */
  loginOf(person: string): Promise<Login>;
  /** A new guest of a pool, with its calls. */
  newGuest(identityPoolId: string): Promise<Guest>;
  close(): Promise<void>;
}

export interface Guest {
  identityId: string;
  credentials: Caller;
  sync: SyncCalls;
}

const APP = 'scenario-app';

/** Starts it. What AWS leaves to IAM, such as roles and keys, an administrator does over GraphQL whatever the door. */
export const openStage = async (doorTo: (url: string) => Door): Promise<Stage> => {
  const [server, issuer] = await Promise.all([startTestServer(), startIdentityProvider()]);
  const door = doorTo(server.url);
  const administrator: Caller = { ...TEST_ADMIN, bearer: server.admin };
  const { createOpenIDConnectProvider } = await server.run(
    `mutation ($input: CreateOpenIDConnectProviderInput!) {
       createOpenIDConnectProvider(input: $input) { openIDConnectProviderArn } }`,
    { input: { url: issuer.issuer, clientIDList: [APP] } },
    server.admin,
  );
  const providerArn: string = createOpenIDConnectProvider.openIDConnectProviderArn;

  const newPool = async (): Promise<string> => {
    const input = {
      identityPoolName: 'game',
      allowUnauthenticatedIdentities: true,
      openIdConnectProviderARNs: [providerArn],
    };
    return (await door.createIdentityPool(administrator, input)).identityPoolId;
  };

  return {
    server,
    door,
    administrator,
    issuer,
    providerArn,
    newPool,
    loginOf: async (sub) => ({ provider: issuer.loginKey, token: await issuer.sign({ sub, aud: APP }) }),
    newGuest: async (identityPoolId) => {
      const { identityId } = await door.getId({ identityPoolId });
      const { credentials } = await door.getCredentialsForIdentity({ identityId });
      return { identityId, credentials, sync: door.sync(credentials) };
    },
    close: async () => {
      await Promise.all([server.close(), issuer.close()]);
    },
  };
};
