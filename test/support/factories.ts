import type { GraphqlAnswer, TestServer } from './server';
import type { TestIdentityProvider } from './identity-provider';

/** What an operation answered, or a row of a table: of any shape. */
export type Data = GraphqlAnswer['data'];

/** A login as callers send it. */
export interface Login {
  provider: string;
  token: string;
}

/** What a refused call was refused with: the extensions of its one error, and the message. */
export interface Refusal extends Record<string, unknown> {
  code: string;
  message: string;
}

/** The one error of a call that must fail. */
export const refusalOf = (answer: GraphqlAnswer): Refusal => {
  const [error, ...more] = answer.errors ?? [];
  if (!error || more.length > 0) throw new Error(`Not refused: ${JSON.stringify(answer, null, 2)}`);
  return { ...error.extensions, code: error.extensions.code as string, message: error.message };
};

/** A policy with one statement. */
export const allow = (
  action: string | string[],
  resource: string | string[] = '*',
  rest: object = {},
): object => ({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: action, Resource: resource, ...rest }],
});

/** A trust policy for the identities of one pool. */
export const trustOf = (identityPoolId: string, condition: object = {}): object => ({
  Version: '2012-10-17',
  Statement: [
    {
      Effect: 'Allow',
      Principal: { Federated: 'cognito-identity.amazonaws.com' },
      Action: 'sts:AssumeRoleWithWebIdentity',
      Condition: { StringEquals: { 'cognito-identity.amazonaws.com:aud': identityPoolId }, ...condition },
    },
  ],
});

const CREATE_POOL = `mutation ($input: CreateIdentityPoolInput!) {
  createIdentityPool(input: $input) { identityPool {
    id arn name allowUnauthenticatedIdentities allowClassicFlow openIdConnectProviderARNs creationDate lastModifiedDate
    roles { authenticated unauthenticated } tags { key value } } } }`;

/** A pool, for guests unless told otherwise. */
export const createPool = async (server: TestServer, input: object = {}): Promise<Data> => {
  const given = { identityPoolName: 'A pool', allowUnauthenticatedIdentities: true, ...input };
  const data = await server.run(CREATE_POOL, { input: given }, server.admin);
  return data.createIdentityPool.identityPool;
};

/** The same as an answer, for pools that are refused. */
export const tryCreatePool = (
  server: TestServer,
  input: object,
  bearer = server.admin,
): Promise<GraphqlAnswer> =>
  server.graphql(
    CREATE_POOL,
    { input: { identityPoolName: 'A pool', allowUnauthenticatedIdentities: true, ...input } },
    bearer,
  );

/** Registers an issuer for the audience `client`; answers the provider's ARN. */
export const registerProvider = async (
  server: TestServer,
  { issuer }: { issuer: string },
): Promise<string> => {
  const data = await server.run(
    `mutation ($input: CreateOpenIDConnectProviderInput!) {
       createOpenIDConnectProvider(input: $input) { openIDConnectProviderArn } }`,
    { input: { url: issuer, clientIDList: ['client'] } },
    server.admin,
  );
  return data.createOpenIDConnectProvider.openIDConnectProviderArn;
};

/** What the issuer says of a user who signed in to the app `client`. */
export const loginOf = async (
  issuer: TestIdentityProvider,
  sub: string,
  claims: object = {},
): Promise<Login> => ({
  provider: issuer.loginKey,
  token: await issuer.sign({ sub, aud: 'client', ...claims }),
});

/** Any mutation that takes an `input`, as an answer; `call` is its name with what to select, as `getId { identityId }`. */
export const mutate = (
  server: TestServer,
  call: string,
  input: object,
  bearer?: string,
): Promise<GraphqlAnswer> => {
  const name = call.slice(0, call.indexOf(' '));
  const type = `${call[0]?.toUpperCase()}${name.slice(1)}Input`;
  const field = call.replace(name, `${name}(input: $input)`);
  return server.graphql(`mutation ($input: ${type}!) { ${field} }`, { input }, bearer);
};

const GET_ID = `mutation ($input: GetIdInput!) { getId(input: $input) {
  identityId identity { id identityPoolId logins isAuthenticated isDisabled creationDate lastModifiedDate } } }`;

/** GetId as an answer. */
export const tryGetId = (
  server: TestServer,
  identityPoolId: string,
  logins?: Login[],
): Promise<GraphqlAnswer> => server.graphql(GET_ID, { input: { identityPoolId, logins } });

/** The identity of the logins, or a new guest. */
export const getId = async (server: TestServer, identityPoolId: string, logins?: Login[]): Promise<Data> => {
  const data = await server.run(GET_ID, { input: { identityPoolId, logins } });
  return data.getId.identity;
};

const GET_CREDENTIALS = `mutation ($input: GetCredentialsForIdentityInput!) { getCredentialsForIdentity(input: $input) {
  identityId credentials { accessKeyId secretKey sessionToken accessToken expiration } } }`;

/** GetCredentialsForIdentity as an answer. */
export const tryGetCredentials = (
  server: TestServer,
  identityId: string,
  logins?: Login[],
): Promise<GraphqlAnswer> => server.graphql(GET_CREDENTIALS, { input: { identityId, logins } });

/** Credentials of the enhanced flow. */
export const getCredentials = async (
  server: TestServer,
  identityId: string,
  logins?: Login[],
): Promise<Data> => {
  const data = await server.run(GET_CREDENTIALS, { input: { identityId, logins } });
  return data.getCredentialsForIdentity.credentials;
};

const CREATE_ROLE = `mutation ($input: CreateRoleInput!) { createRole(input: $input) { role {
  id arn name description assumeRolePolicyDocument policies { policyName policyDocument } maxSessionDuration
  creationDate lastModifiedDate } } }`;

/** CreateRole as an answer. */
export const tryCreateRole = (
  server: TestServer,
  input: object,
  bearer = server.admin,
): Promise<GraphqlAnswer> => server.graphql(CREATE_ROLE, { input }, bearer);

/** A role. */
export const createRole = async (server: TestServer, input: object): Promise<Data> => {
  const data = await server.run(CREATE_ROLE, { input }, server.admin);
  return data.createRole.role;
};

/** Puts roles into the slots of a pool. */
export const setRoles = async (server: TestServer, identityPoolId: string, roles: object): Promise<Data> => {
  const data = await server.run(
    `mutation ($input: SetIdentityPoolRolesInput!) {
       setIdentityPoolRoles(input: $input) { identityPool { roles { authenticated unauthenticated } } } }`,
    { input: { identityPoolId, roles } },
    server.admin,
  );
  return data.setIdentityPoolRoles.identityPool.roles;
};

const CREATE_KEY = `mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) {
  secretAccessKey apiKey { id accessKeyId name managedPolicies policies { policyName policyDocument } creationDate
    revokedDate } } }`;

/** CreateApiKey as an answer. */
export const tryCreateKey = (
  server: TestServer,
  input: object,
  bearer = server.admin,
): Promise<GraphqlAnswer> => server.graphql(CREATE_KEY, { input: { name: 'a key', ...input } }, bearer);

/** An API key with its secret. */
export const createKey = async (server: TestServer, input: object): Promise<Data> => {
  const data = await server.run(CREATE_KEY, { input: { name: 'a key', ...input } }, server.admin);
  return data.createApiKey;
};

/** The bearer of a new API key that may do what the policy says. */
export const bearerWith = async (server: TestServer, policyDocument: object): Promise<string> => {
  const key = await createKey(server, { policies: [{ policyName: 'own', policyDocument }] });
  return `${key.apiKey.accessKeyId}.${key.secretAccessKey}`;
};

/** Rows of the server's database. */
export const rowsOf = (server: TestServer, sql: string, parameters: unknown[] = []): Promise<Data[]> =>
  server.dataSource.query(sql, parameters);

/** How many rows of a table have this value in this column. */
export const countOf = async (
  server: TestServer,
  table: string,
  column: string,
  value: string,
): Promise<number> => {
  const [row] = await rowsOf(server, `SELECT count(*)::int AS count FROM ${table} WHERE ${column} = $1`, [
    value,
  ]);
  return row.count;
};

/** Asks again until the answer satisfies; for what takes effect within seconds. The test's own time limit ends it. */
export const eventually = async <T>(ask: () => Promise<T>, satisfies: (answer: T) => boolean): Promise<T> => {
  for (;;) {
    const answer = await ask();
    if (satisfies(answer)) return answer;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
};
