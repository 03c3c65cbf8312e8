/** Why a rule cannot merge two values. */
export type MergeConflictReason =
  /** MAX, MIN, SUM: the server's value or the patch's is no number as JSON writes them. */
  | 'NOT_A_NUMBER'
  /** An exponent beyond ±999,999; for SUM a number of more than 400 digits. */
  | 'NUMBER_OUT_OF_RANGE'
  /** UNION: a value is no JSON array. */
  | 'NOT_A_LIST'
  /** JSON_MERGE: a value is no JSON object. */
  | 'NOT_AN_OBJECT'
  /** UNION, JSON_MERGE: arrays and objects more than 64 deep. */
  | 'TOO_DEEP'
  /** SUM: without the number that the patch is based on, nobody knows what was added. */
  | 'BASE_UNKNOWN'
  /** The merged value is longer than a record's may be. */
  | 'TOO_LARGE';

/** Ends a merge from wherever it finds out. `mergeValue` answers it; nobody else sees it. */
export class MergeConflict extends Error {
  constructor(readonly reason: MergeConflictReason) {
    super(reason);
  }
}
