import { loadSecret } from './embedded/data-dir';

/**
 * The master secret that keys at rest are sealed with, for an operator who did not bring one: 32 random bytes in hex,
 * made once and kept in the data directory with mode 0600. All that start at once get the same.
 */
export const loadMasterSecret = (dataDir: string): Promise<string> => loadSecret(dataDir, 'master-secret');
