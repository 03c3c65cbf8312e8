const LONGEST_WAIT_SECONDS = 86_400;

/**
 * Seconds that a `Retry-After` asks for, a number or a date (RFC 9110, 10.2.3): 0 to a day, since not every server is
 * trusted. Undefined when it says nothing.
 */
export const retryAfter = (header: string | undefined, now: Date): number | undefined => {
  if (header === undefined) return undefined;
  const isNumber = /^\d+$/.test(header);
  const seconds = isNumber ? Number(header) : Math.ceil((Date.parse(header) - now.getTime()) / 1000);
  return Number.isNaN(seconds) ? undefined : Math.min(Math.max(seconds, 0), LONGEST_WAIT_SECONDS);
};
