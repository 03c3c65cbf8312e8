/** Cognito Events' SyncTrigger of a pool, as it is stored. */
export interface SyncTrigger {
  /** Where it is asked. */
  url: string;
  /** What requests to it are signed with, sealed as `sync-trigger-secret`. */
  sealedSecret: string;
}
