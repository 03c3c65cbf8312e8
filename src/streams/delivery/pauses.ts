import { waitAfter } from './wait-after';

interface Pause {
  /** The settings that failed; others are tried at once. */
  settings: string;
  failures: number;
  /** Epoch milliseconds. */
  until: number;
}

/** Which pools this node leaves alone for a while, because their targets take nothing. Every node finds out by itself. */
export class Pauses {
  private readonly pauses = new Map<string, Pause>();

  /** The target of a pool took nothing: leaves it alone, longer each time. Answers how often that was in a row. */
  add(identityPoolId: string, settings: string, now: Date, retryAfterSeconds: number): number {
    const before = this.pauses.get(identityPoolId);
    const failures = before?.settings === settings ? before.failures + 1 : 1;
    const until = now.getTime() + waitAfter(failures, Math.random(), retryAfterSeconds);
    this.pauses.set(identityPoolId, { settings, failures, until });
    return failures;
  }

  /** It takes events, or was changed. */
  end(identityPoolId: string): void {
    this.pauses.delete(identityPoolId);
  }

  /** Whether it is to be left alone. */
  holds(identityPoolId: string, settings: string, now: Date): boolean {
    const pause = this.pauses.get(identityPoolId);
    return pause !== undefined && pause.settings === settings && now.getTime() < pause.until;
  }
}
