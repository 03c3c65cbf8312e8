import type { Data } from '../support/factories';
import type { GraphqlAnswer, TestServer } from '../support/server';

/** The settings of a node that believes a test when it says where a call comes from. */
export const PROXIED = { trustProxy: ['127.0.0.1'], publicUrl: 'http://localhost:4000' };

/** Sends one operation as if from that address. */
export const send = async (
  at: TestServer,
  from: string,
  query: string,
  bearer?: string,
): Promise<GraphqlAnswer> => {
  const response = await fetch(`${at.url}/graphql`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-forwarded-for': from,
      ...(bearer ? { authorization: `Bearer ${bearer}` } : {}),
    },
    body: JSON.stringify({ query }),
  });
  return { status: response.status, ...((await response.json()) as Omit<GraphqlAnswer, 'status'>) };
};

/** Asks for a new guest of a pool. */
export const askForGuest = (
  at: TestServer,
  pool: Data,
  from: string,
  bearer?: string,
): Promise<GraphqlAnswer> =>
  send(at, from, `mutation { getId(input: { identityPoolId: "${pool.id}" }) { identityId } }`, bearer);

/** The codes of so many calls, one after the other. */
export const repeat = async (
  times: number,
  call: (n: number) => Promise<GraphqlAnswer>,
): Promise<string[]> => {
  const codes: string[] = [];
  for (let n = 0; n < times; n += 1) codes.push((await call(n)).errors?.[0]?.extensions.code ?? 'OK');
  return codes;
};

export const OK = (times: number): string[] => Array<string>(times).fill('OK');
export const REFUSED = (times: number): string[] => Array<string>(times).fill('TOO_MANY_REQUESTS');
