/** Characters of a name or an error's sentence that are shown. */
const SHOWN = 1000;

/**
 * What a source says, for a terminal: in one line of at most 1,000 characters, without the control characters by which it
 * could write over what stands there.
 */
export const printable = (text: string): string =>
  text
    .slice(0, SHOWN)
    .replace(/\s+/g, ' ')
    .replace(/[\p{Cc}\p{Cf}]/gu, '\uFFFD');
