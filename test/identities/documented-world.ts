import { startIdentityProvider, type TestIdentityProvider } from '../support/identity-provider';
import {
  allow,
  createPool,
  createRole,
  getId,
  loginOf,
  mutate,
  refusalOf,
  registerProvider,
  trustOf,
  type Data,
  type Login,
} from '../support/factories';
import { startTestServer, type GraphqlAnswer, type TestServer } from '../support/server';

export const DEVELOPER = 'login.my.app';
export const UNKNOWN = 'us-east-1:00000000-0000-4000-8000-000000000000';

/** A node with a pool of two issuers, guests, a developer provider and the classic flow; and ways to make others. */
export interface DocumentedWorld {
  server: TestServer;
  google: TestIdentityProvider;
  github: TestIdentityProvider;
  /** ARNs of the two. */
  arns: string[];
  pool: Data;
  /** A pool like it, but for what is said. */
  poolWith(changes: object): Promise<Data>;
  /** The pool with these role mappings for Google. */
  mappedPool(mapping: object): Promise<Data>;
  guest(identityPoolId?: string): Promise<string>;
  /** A new person who signed in at Google, with the login. */
  person(identityPoolId?: string): Promise<{ id: string; login: Login }>;
  /** A new user of the back end, with the token that it got. */
  developer(identityPoolId?: string): Promise<{ id: string; user: string; token: string }>;
  /** A login of somebody new. */
  stranger(at: 'google' | 'github', claims?: object): Promise<Login>;
  /** A role that identities of the pool may take. */
  role(identityPoolId: string): Promise<Data>;
  administer(call: string, input: object): Promise<GraphqlAnswer>;
  close(): Promise<void>;
}

/** Opens it; close it in `afterAll`. */
export const openDocumentedWorld = async (): Promise<DocumentedWorld> => {
  const [server, google, github] = await Promise.all([
    startTestServer(),
    startIdentityProvider(),
    startIdentityProvider(),
  ]);
  const arns = [await registerProvider(server, google), await registerProvider(server, github)];
  const issuers = { google, github };
  const poolWith = (changes: object): Promise<Data> =>
    createPool(server, {
      openIdConnectProviderARNs: arns,
      developerProviderName: DEVELOPER,
      allowClassicFlow: true,
      ...changes,
    });
  const pool = await poolWith({});
  let people = 0;
  const newName = (): string => `person-${(people += 1)}`;
  const administer = (call: string, input: object): Promise<GraphqlAnswer> =>
    mutate(server, call, input, server.admin);

  return {
    server,
    google,
    github,
    arns,
    pool,
    poolWith,
    administer,
    mappedPool: async (mapping) => {
      const mapped = await poolWith({});
      const roleMappings = [
        { identityProvider: arns[0], type: 'TOKEN', ambiguousRoleResolution: 'DENY', ...mapping },
      ];
      const input = { identityPoolId: mapped.id, roles: mapped.roles, roleMappings };
      const { errors } = await administer('setIdentityPoolRoles { identityPool { id } }', input);
      if (errors) throw new Error(JSON.stringify(errors));
      return mapped;
    },
    guest: async (identityPoolId = pool.id) => (await getId(server, identityPoolId)).id,
    person: async (identityPoolId = pool.id) => {
      const login = await loginOf(google, newName());
      return { id: (await getId(server, identityPoolId, [login])).id, login };
    },
    developer: async (identityPoolId = pool.id) => {
      const user = newName();
      const input = { identityPoolId, logins: [{ provider: DEVELOPER, token: user }] };
      const { data } = await administer('getOpenIdTokenForDeveloperIdentity { identityId token }', input);
      const { identityId: id, token } = data.getOpenIdTokenForDeveloperIdentity;
      return { id, user, token };
    },
    stranger: (at, claims) => loginOf(issuers[at], newName(), claims),
    role: (identityPoolId) =>
      createRole(server, {
        roleName: newName(),
        assumeRolePolicyDocument: trustOf(identityPoolId),
        policies: [{ policyName: 'p', policyDocument: allow('cognito-sync:*') }],
      }),
    close: async () => {
      await Promise.all([google.close(), github.close()]);
      await server.close();
    },
  };
};

/**
 * A message with what differs from run to run in the letters of the sheet: ID, PROVIDER for the place of Google and
 * GITHUB for that of GitHub, and NOW and EXP for seconds.
 */
const asInTheSheet = ({ google, github }: DocumentedWorld, message: string): string =>
  message
    .replaceAll(google.loginKey, 'PROVIDER')
    .replaceAll(github.loginKey, 'GITHUB')
    .replaceAll(/[a-z]{2}-[a-z]+-\d:[0-9a-f-]{36}/g, 'ID')
    .replaceAll(/\d{10} >= \d{10}/g, 'NOW >= EXP');

/** What leads to it, its code, its words (or a part of them that is ours), and the call. */
export type DocumentedCase = [
  when: string,
  code: string,
  message: string | RegExp,
  call: () => Promise<GraphqlAnswer>,
];

/** A test for each: the call is refused with that code and these words. */
export const checkDocumented = (world: () => DocumentedWorld, cases: DocumentedCase[]): void => {
  it.each(cases)('%s: %s', async (_when, code, message, call) => {
    const refusal = refusalOf(await call());

    const said = asInTheSheet(world(), refusal.message);
    expect([refusal.code, said]).toEqual([
      code,
      typeof message === 'string' ? message : expect.stringMatching(message),
    ]);
  });
};
