import { GraphqlError, send, type Connection } from './graphql';
import { DEMO_CLIENT_ID } from '../graphql/landing-page/demo-issuer';

/** What an administrator set up for the demo, to be taken down again. */
export interface Installation {
  identityPoolId: string;
  name: string;
  roles: { authenticated: string; unauthenticated: string };
  providerArn: string;
}

const REGISTER_ISSUER = `mutation ($url: String!, $clientIDList: [String!]) {
  createOpenIDConnectProvider(input: { url: $url, clientIDList: $clientIDList }) { openIDConnectProviderArn }
}`;

const MAKE_POOL = `mutation ($providers: [String!]) {
  createIdentityPool(input: {
    identityPoolName: "Rockpool demo"
    allowUnauthenticatedIdentities: true
    openIdConnectProviderARNs: $providers
  }) {
    identityPool { id name roles { authenticated unauthenticated } }
  }
}`;

/** Registers the issuer and makes a pool of guests and its users, with the two default roles. */
export const setUp = async (admin: Connection, issuerUrl: string): Promise<Installation> => {
  const variables = { url: issuerUrl, clientIDList: [DEMO_CLIENT_ID] };
  const { createOpenIDConnectProvider } = await send<{
    createOpenIDConnectProvider: { openIDConnectProviderArn: string };
  }>(admin, REGISTER_ISSUER, variables);
  const providerArn = createOpenIDConnectProvider.openIDConnectProviderArn;
  try {
    const { id, name, roles } = await makePool(admin, providerArn);
    return { identityPoolId: id, name, roles, providerArn };
  } catch (error) {
    await deleteProvider(admin, providerArn);
    throw error;
  }
};

interface Pool {
  id: string;
  name: string;
  roles: Installation['roles'];
}

const makePool = async (admin: Connection, providerArn: string): Promise<Pool> => {
  const { createIdentityPool } = await send<{ createIdentityPool: { identityPool: Pool } }>(
    admin,
    MAKE_POOL,
    {
      providers: [providerArn],
    },
  );
  return createIdentityPool.identityPool;
};

const deleteProvider = (admin: Connection, providerArn: string): Promise<unknown> =>
  send(
    admin,
    `mutation ($arn: String!) {
       deleteOpenIDConnectProvider(input: { openIDConnectProviderArn: $arn }) { openIDConnectProvider { arn } }
     }`,
    { arn: providerArn },
  );

const deletePool = (admin: Connection, identityPoolId: string): Promise<unknown> =>
  send(
    admin,
    `mutation ($identityPoolId: ID!) {
       deleteIdentityPool(input: { identityPoolId: $identityPoolId }) { identityPool { id } }
     }`,
    { identityPoolId },
  );

const deleteRole = (admin: Connection, arn: string): Promise<unknown> =>
  send(
    admin,
    'mutation ($roleName: String!) { deleteRole(input: { roleName: $roleName }) { role { name } } }',
    {
      roleName: arn.split('/').at(-1),
    },
  );

/** Takes everything down again. Goes on after a failure, so that as little as possible is left; then throws the first one. */
export const takeDown = async (admin: Connection, installation: Installation): Promise<void> => {
  const failures: unknown[] = [];
  const steps = [
    () => deletePool(admin, installation.identityPoolId),
    () => deleteRole(admin, installation.roles.authenticated),
    () => deleteRole(admin, installation.roles.unauthenticated),
    () => deleteProvider(admin, installation.providerArn),
  ];
  for (const step of steps) await step().catch((error: unknown) => failures.push(error));
  if (failures.length > 0) throw failures[0];
};

/** Whether the server takes the administrator's key. */
export const isAdministrator = async (admin: Connection): Promise<boolean> => {
  try {
    await send(admin, '{ identityPools(first: 1) { nodes { id } } }');
    return true;
  } catch (error) {
    if (error instanceof GraphqlError && error.extensions.code === 'NOT_AUTHORIZED') return false;
    throw error;
  }
};
