/** How a record is decided that a dataset and one of a merged identity both have (S57). */
export const FOLD_STRATEGIES = ['RULES', 'LAST_WRITER_WINS', 'BASE_WINS', 'MERGED_WINS'] as const;

/** One of `FOLD_STRATEGIES`. */
export type FoldStrategy = (typeof FOLD_STRATEGIES)[number];
