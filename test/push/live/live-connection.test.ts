import { ANONYMOUS } from '../../../src/actor';
import { LiveConnection } from '../../../src/push/live/live-connection';

const connection = (): LiveConnection => new LiveConnection(() => Promise.resolve(ANONYMOUS));

/** Lets everything happen that waits for nothing. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('turns come one after the other, in the order in which they were asked for', async () => {
  const shared = connection();
  const had: string[] = [];
  const take = async (name: string): Promise<() => void> => {
    const end = await shared.turn();
    had.push(name);
    return end;
  };

  const [a, b, c] = [take('a'), take('b'), take('c')];
  await settle();
  const first = [...had];
  (await a)();
  await settle();
  const second = [...had];
  (await b)();
  await c;

  expect([first, second, had]).toEqual([['a'], ['a', 'b'], ['a', 'b', 'c']]);
});

test('a turn that was ended twice is ended once', async () => {
  const shared = connection();
  const end = await shared.turn();
  const second = shared.turn();
  const third = shared.turn();
  let hadThird = false;
  void third.then(() => (hadThird = true));

  end();
  end();
  await second;
  await settle();

  expect(hadThird).toBe(false);
});

test('one connection does not wait for another', async () => {
  await connection().turn();
  await connection().turn();
});
