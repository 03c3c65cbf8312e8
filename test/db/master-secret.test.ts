import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadMasterSecret } from '../../src/db/master-secret';

describe('the master secret', () => {
  let dataDir: string;

  beforeEach(async () => {
    dataDir = join(await mkdtemp(join(tmpdir(), 'rockpool-secret-')), 'data');
  });
  afterEach(() => rm(join(dataDir, '..'), { recursive: true, force: true }));

  it('is 32 random bytes that only its owner can read', async () => {
    const secret = await loadMasterSecret(dataDir);
    const other = await loadMasterSecret(join(dataDir, 'other'));

    const { mode } = await stat(join(dataDir, 'secrets', 'master-secret'));
    expect(secret).toMatch(/^[0-9a-f]{64}$/);
    expect(other).not.toBe(secret);
    expect(mode & 0o777).toBe(0o600);
  });

  it('is the same for all that ask at once and ever after', async () => {
    const secrets = await Promise.all(Array.from({ length: 8 }, () => loadMasterSecret(dataDir)));
    const later = await loadMasterSecret(dataDir);

    expect(new Set([...secrets, later]).size).toBe(1);
    expect(await readdir(join(dataDir, 'secrets'))).toEqual(['master-secret']);
  });

  it('is not replaced when its file is damaged, because what it sealed would be lost', async () => {
    await loadMasterSecret(dataDir);
    await writeFile(join(dataDir, 'secrets', 'master-secret'), 'half');

    await expect(loadMasterSecret(dataDir)).rejects.toThrow('is damaged');
  });
});
