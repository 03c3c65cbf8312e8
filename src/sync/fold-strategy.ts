/**
 * How the dataset of a merged identity (the loser's) becomes one with the survivor's of the same name, key by key:
 *
 * - RULES: by the pool's merge rules. Where none governs a key, or the rule cannot merge, as LAST_WRITER_WINS.
 * - LAST_WRITER_WINS: the record with the later date of its device, on whichever side it is.
 * - BASE_WINS: the survivor's record stays.
 * - MERGED_WINS: the loser's record is taken.
 */
export const FOLD_STRATEGIES = ['RULES', 'LAST_WRITER_WINS', 'BASE_WINS', 'MERGED_WINS'] as const;

/** One of `FOLD_STRATEGIES`. */
export type FoldStrategy = (typeof FOLD_STRATEGIES)[number];
