import type { AddressRules } from '../../webhooks/address-rules';
import type { StreamEvent } from '../stream-event';

/** One event on its way to a target. */
export interface StreamPut {
  event: StreamEvent;
  /** The identity's id. Events with the same key arrive in order. */
  partitionKey: string;
  /** The same for every attempt, so that a target or its consumers know the event again. */
  id: string;
}

/** What became of one event. A reason is a clause such as "the webhook answered with status 500", without secrets. */
export type PutOutcome =
  | { outcome: 'DELIVERED' }
  /** Not this time. It may have arrived all the same, so consumers have to expect it twice. */
  | { outcome: 'RETRY'; reason: string; retryAfterSeconds?: number }
  /** The stream or the permission for it is gone: streaming is to be switched off until an administrator mends it. */
  | { outcome: 'BROKEN'; reason: string };

/** Where the events of a pool go. */
export interface StreamTarget {
  /** Bytes of UTF-8 that the JSON of one event may have; a larger one goes by reference. */
  readonly maxBytes: number;
  /**
   * Puts events, each at least once, and answers an outcome for each in their order. After an event that did not
   * arrive, later ones with its partition key are not put. Connects on first use. Never throws.
   */
  put(events: StreamPut[]): Promise<PutOutcome[]>;
  /** Gives up its connection. For when nothing is being put any more. */
  close(): Promise<void>;
}

/** What every target needs beside its settings. */
export interface TargetOptions {
  rules: AddressRules;
  /** Milliseconds that one attempt may take: a request, or a connection and then a confirmation. */
  timeoutMs: number;
  /** The clock that signatures are dated by. */
  now: () => Date;
}

/** It arrived. */
export const DELIVERED: PutOutcome = { outcome: 'DELIVERED' };

/** Later again. */
export const retry = (reason: string, retryAfterSeconds?: number): PutOutcome => ({
  outcome: 'RETRY',
  reason,
  ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
});

/** Not again until an administrator did something. */
export const broken = (reason: string): PutOutcome => ({ outcome: 'BROKEN', reason });

/** A code that a server sent, for a reason: itself when it is a single word, so that nothing else of the answer gets in. */
export const wordOf = (code: unknown): string =>
  /^[\w.-]{1,64}$/.test(String(code)) ? String(code) : 'unknown error';
