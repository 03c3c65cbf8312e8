import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { withDirectoryLock } from '../../src/db/embedded/directory-lock';
import { identifyProcess } from '../../src/db/embedded/processes';

describe('the lock of a directory', () => {
  let directory: string;
  let lock: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'rockpool-lock-'));
    lock = join(directory, 'lock');
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  it('lets one in at a time', async () => {
    let inside = 0;
    const most: number[] = [];
    const work = async () => {
      most.push(++inside);
      await sleep(5);
      inside--;
    };

    await Promise.all(Array.from({ length: 10 }, () => withDirectoryLock(lock, work)));

    expect(most).toEqual(Array(10).fill(1));
  });

  it('lets one in at a time also when many find the lock of a dead process', async () => {
    await mkdir(lock);
    await writeFile(join(lock, '7'), '999999999@1');
    let inside = 0;
    const most: number[] = [];

    await Promise.all(
      Array.from({ length: 10 }, () =>
        withDirectoryLock(lock, async () => {
          most.push(++inside);
          await sleep(5);
          inside--;
        }),
      ),
    );

    expect(most).toEqual(Array(10).fill(1));
    expect(await readdir(lock)).toEqual(['17']);
  });

  it('is not fooled by a process that got the pid of a dead one', async () => {
    await mkdir(lock);
    await writeFile(join(lock, '1'), `${process.pid}@1`);

    expect(await withDirectoryLock(lock, () => Promise.resolve('in'))).toBe('in');
  });

  it('waits for a process that runs', async () => {
    await mkdir(lock);
    await writeFile(join(lock, '1'), (await identifyProcess(process.pid)) ?? '');

    const taking = withDirectoryLock(lock, () => Promise.resolve('in'));
    const early = await Promise.race([taking, sleep(100, 'waiting')]);
    await writeFile(join(lock, '1'), 'released');

    expect(early).toBe('waiting');
    expect(await taking).toBe('in');
  });

  it('is given back when the work fails, and passes the failure on', async () => {
    const failing = withDirectoryLock(lock, () => Promise.reject(new Error('no disk')));

    await expect(failing).rejects.toThrow('no disk');
    expect(await withDirectoryLock(lock, () => Promise.resolve('in'))).toBe('in');
  });
});
