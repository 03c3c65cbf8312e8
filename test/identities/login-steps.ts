import fc from 'fast-check';

/** Public providers, and users of each: login number `n` is of the provider `n % PROVIDERS`. */
export const PROVIDERS = 3;
export const USERS = 3;

/** What a call is about. Numbers are places in lists that are as long as they happen to be. */
export type Step =
  | { kind: 'guest' }
  | { kind: 'getId'; logins: number[] }
  | { kind: 'credentials' | 'unlink'; identity: number | null; logins: number[] }
  | { kind: 'developer'; identity: number | null; user: number; logins: number[] }
  | { kind: 'mergeDevelopers'; user: number; other: number }
  | { kind: 'unlinkDeveloper'; user: number }
  | { kind: 'delete'; identities: number[] }
  | { kind: 'write' | 'deleteDataset'; identity: number; dataset: number };

const identity = fc.nat({ max: 12 });
const perhaps = fc.option(identity, { freq: 1 });
const dataset = fc.nat({ max: 1 });
const user = fc.nat({ max: 3 });
const logins = (minLength: number) =>
  fc.uniqueArray(fc.nat({ max: PROVIDERS * USERS - 1 }), {
    minLength,
    maxLength: 3,
    selector: (login) => login % PROVIDERS,
  });

const stepOf = <K extends Step['kind'], T>(
  weight: number,
  kind: K,
  rest: { [Member in keyof T]: fc.Arbitrary<T[Member]> },
) => ({ weight, arbitrary: fc.record({ kind: fc.constant(kind), ...rest }) });

const step = fc.oneof(
  stepOf(2, 'guest', {}),
  stepOf(4, 'getId', { logins: logins(1) }),
  stepOf(7, 'credentials', { identity: perhaps, logins: logins(0) }),
  stepOf(2, 'unlink', { identity: fc.constant(null), logins: logins(1) }),
  stepOf(3, 'developer', { identity: perhaps, user, logins: logins(0) }),
  stepOf(3, 'mergeDevelopers', { user, other: user }),
  stepOf(1, 'unlinkDeveloper', { user }),
  stepOf(1, 'delete', { identities: fc.array(identity, { minLength: 1, maxLength: 2 }) }),
  stepOf(5, 'write', { identity, dataset }),
  stepOf(1, 'deleteDataset', { identity, dataset }),
) as fc.Arbitrary<Step>;

/** Guests, users of public providers and of the back end, each with data: merges need something to merge. */
export const BEGINNING: Step[] = [
  { kind: 'guest' },
  { kind: 'guest' },
  { kind: 'getId', logins: [0] },
  { kind: 'getId', logins: [4] },
  { kind: 'developer', identity: null, user: 0, logins: [] },
  { kind: 'developer', identity: null, user: 1, logins: [] },
  ...[0, 1, 2, 3, 4, 5].map((at): Step => ({ kind: 'write', identity: at, dataset: 0 })),
];

/** Sequences of steps, as long as these bounds say. */
export const sequences = (minLength: number, maxLength: number): fc.Arbitrary<Step[]> =>
  fc.array(step, { minLength, maxLength });
