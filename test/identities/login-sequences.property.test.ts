import fc from 'fast-check';
import { startIdentityProvider, type TestIdentityProvider } from '../support/identity-provider';
import { createPool, loginOf, registerProvider, type Login } from '../support/factories';
import { startTestServer, type TestServer } from '../support/server';
import { brokenRules } from './login-invariants';
import { BEGINNING, PROVIDERS, USERS, sequences, type Step } from './login-steps';
import { DEVELOPER, Walk } from './login-walk';

/*
 * Whatever people, back ends and administrators do to the logins of a pool, one after the other or at once: each login
 * is on one live identity, limits hold, and no value that the server said it wrote is lost but by a deletion.
 */

let server: TestServer;
let otherNode: TestServer;
let issuers: TestIdentityProvider[];
let arns: string[];
let logins: Login[];

beforeAll(async () => {
  server = await startTestServer();
  otherNode = await startTestServer({ database: server.database });
  issuers = await Promise.all(Array.from({ length: PROVIDERS }, () => startIdentityProvider()));
  arns = [];
  for (const issuer of issuers) arns.push(await registerProvider(server, issuer));
  logins = await Promise.all(
    Array.from({ length: PROVIDERS * USERS }, (_, n) => loginOf(issuers[n % PROVIDERS]!, `user-${n}`)),
  );
});
afterAll(async () => {
  await Promise.all((issuers ?? []).map((issuer) => issuer.close()));
  await otherNode?.close();
  await server?.close();
});

const newWalk = async (): Promise<{ walk: Walk; requireOrder: () => Promise<void> }> => {
  const input = { openIdConnectProviderARNs: arns, developerProviderName: DEVELOPER };
  const { id } = await createPool(server, input);
  const walk = new Walk(id, logins, server);
  for (const step of BEGINNING) await walk.take(step, server);
  await walk.crowd(4);
  const requireOrder = async (): Promise<void> => {
    expect(await brokenRules(server, id, DEVELOPER)).toEqual([]);
    expect(await walk.memory.lostValues()).toEqual([]);
  };
  return { walk, requireOrder };
};

it('any sequence of calls leaves logins, limits, merges and datasets in order after each of them', async () => {
  await fc.assert(
    fc.asyncProperty(sequences(8, 16), async (sequence) => {
      const { walk, requireOrder } = await newWalk();
      for (const step of sequence) {
        await walk.take(step, server);
        await requireOrder();
      }
    }),
    { numRuns: 30 },
  );
}, 120_000);

const inBatches = (sequence: Step[], size: number): Step[][] =>
  Array.from({ length: Math.ceil(sequence.length / size) }, (_, at) =>
    sequence.slice(at * size, (at + 1) * size),
  );

it('calls that come at once, to two nodes, leave them in order too', async () => {
  await fc.assert(
    fc.asyncProperty(sequences(10, 25), async (sequence) => {
      const { walk, requireOrder } = await newWalk();
      for (const batch of inBatches(sequence, 5)) {
        await Promise.all(batch.map((step, at) => walk.take(step, at % 2 === 0 ? server : otherNode)));
        await requireOrder();
      }
    }),
    { numRuns: 20 },
  );
}, 120_000);
