/** Milliseconds of a day. */
export const DAY_MS = 86_400_000;

/** The day of a time, in UTC: `YYYY-MM-DD`. */
export const dayOf = (time: Date): string => time.toISOString().slice(0, 10);
