import { firstToAnswer, keepConnection } from '../../src/streams/targets/kept-connection';

/** A connection that counts from 1, and how the test handles it. */
const world = () => {
  const closed: number[] = [];
  const dead = new Set<number>();
  let opened = 0;
  let failure: Error | undefined;
  const connection = keepConnection<number>({
    open: async () => {
      await new Promise(setImmediate);
      if (failure) throw failure;
      opened += 1;
      return opened;
    },
    isOpen: (held) => !dead.has(held),
    close: (held) => void closed.push(held),
  });
  return { connection, closed, dead, fail: (error?: Error) => (failure = error) };
};

test('It is made once, also for two who ask at the same time', async () => {
  const { connection } = world();

  expect(await Promise.all([connection.get(), connection.get()])).toEqual([1, 1]);
  expect(await connection.get()).toBe(1);
});

test('It is made anew when it is gone, once for all who ask', async () => {
  const { connection, dead } = world();
  dead.add(await connection.get());

  expect(await Promise.all([connection.get(), connection.get(), connection.get()])).toEqual([2, 2, 2]);
});

test('It is tried again after it could not be made', async () => {
  const { connection, fail } = world();
  fail(new Error('away'));
  await expect(connection.get()).rejects.toThrow('away');
  fail(undefined);

  expect(await connection.get()).toBe(1);
});

test('A dropped one is closed and replaced', async () => {
  const { connection, closed } = world();
  await connection.drop(await connection.get());

  expect(closed).toEqual([1]);
  expect(await connection.get()).toBe(2);
});

test('Dropping an old one leaves the new one', async () => {
  const { connection, closed, dead } = world();
  dead.add(await connection.get());
  await connection.get();

  await connection.drop(1);

  expect(closed).toEqual([1]);
  expect(await connection.get()).toBe(2);
});

test('A closed one stays closed', async () => {
  const { connection, closed } = world();
  await connection.get();
  await connection.close();

  await expect(connection.get()).rejects.toThrow('The target is closed');
  expect(closed).toEqual([1]);
});

test('Closing waits for a connection that is being made', async () => {
  const closed: string[] = [];
  let made: (connection: string) => void = () => undefined;
  const connection = keepConnection<string>({
    open: () => new Promise((resolve) => (made = resolve)),
    isOpen: () => true,
    close: (held) => void closed.push(held),
  });
  const asked = connection.get();
  await new Promise(setImmediate);
  const closing = connection.close();

  made('late');
  await closing;

  expect(await asked).toBe('late');
  expect(closed).toEqual(['late']);
});

test('The first place that answers is taken, and the last failure told when none does', async () => {
  const ask = async (place: number): Promise<number> => {
    if (place < 3) throw new Error(`not ${place}`);
    return place;
  };

  expect(await firstToAnswer([1, 2, 3, 4], ask)).toBe(3);
  await expect(firstToAnswer([1, 2], ask)).rejects.toThrow('not 2');
});
