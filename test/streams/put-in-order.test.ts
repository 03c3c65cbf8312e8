import { putInOrder } from '../../src/streams/targets/put-in-order';
import {
  broken,
  DELIVERED,
  retry,
  type PutOutcome,
  type StreamPut,
} from '../../src/streams/targets/stream-target';
import { putOf } from '../support/stream-puts';

const events = (...ids: string[]): StreamPut[] => ids.map((id) => putOf(id.slice(0, 1), id));

/** Puts events and tells which were put together. */
const put = async (
  ids: string[],
  atOnce: number,
  outcomeOf: (id: string) => PutOutcome = () => DELIVERED,
) => {
  const together: string[][] = [];
  const outcomes = await putInOrder(events(...ids), atOnce, async (some) => {
    together.push(some.map(({ id }) => id));
    return some.map(({ id }) => outcomeOf(id));
  });
  return { together, outcomes };
};

const WAITING = retry('an earlier event of the same identity has not arrived');

test('Events of one identity are put one after the other, those of others at the same time', async () => {
  const { together, outcomes } = await put(['a1', 'a2', 'b1', 'a3', 'c1'], 10);

  expect(together).toEqual([['a1', 'b1', 'c1'], ['a2'], ['a3']]);
  expect(outcomes).toEqual([DELIVERED, DELIVERED, DELIVERED, DELIVERED, DELIVERED]);
});

test('No more are put at once than allowed', async () => {
  const { together } = await put(['a1', 'b1', 'c1', 'a2', 'd1'], 2);

  expect(together).toEqual([['a1', 'b1'], ['c1', 'a2'], ['d1']]);
});

test('After an event that did not arrive, later ones of its identity wait and others go on', async () => {
  const { together, outcomes } = await put(['a1', 'a2', 'b1', 'b2'], 10, (id) =>
    id === 'a1' ? retry('busy', 5) : DELIVERED,
  );

  expect(together).toEqual([['a1', 'b1'], ['b2']]);
  expect(outcomes).toEqual([retry('busy', 5), WAITING, DELIVERED, DELIVERED]);
});

test('A broken target gets nothing more', async () => {
  const { together, outcomes } = await put(['a1', 'b1', 'a2', 'c1'], 2, (id) =>
    id === 'b1' ? broken('gone') : DELIVERED,
  );

  expect(together).toEqual([['a1', 'b1']]);
  expect(outcomes).toEqual([DELIVERED, broken('gone'), broken('gone'), broken('gone')]);
});

test('When nothing of what was put together arrives, the rest waits for the next time', async () => {
  const { together, outcomes } = await put(['a1', 'b1', 'c1', 'a2'], 2, () => retry('busy', 5));

  expect(together).toEqual([['a1', 'b1']]);
  expect(outcomes).toEqual([retry('busy', 5), retry('busy', 5), retry('busy', 5), retry('busy', 5)]);
});

test('Nothing to put is nothing to do', async () => {
  expect(await put([], 2)).toEqual({ together: [], outcomes: [] });
});
