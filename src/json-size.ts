/** What a JSON text may hold. */
export interface JsonLimits {
  /** Lists and objects inside each other. */
  depth: number;
  /** Members of all lists and objects together, where an empty one counts as having one. */
  members?: number;
}

/**
 * The limit that a JSON text passes, if any: one pass over it without parsing, since parsing megabytes of brackets holds
 * up every other request for seconds. Signs in strings do not count. What is no JSON is for the parser to refuse.
 */
export const passedLimit = (
  text: string,
  { depth: maxDepth, members: maxMembers = Infinity }: JsonLimits,
): keyof JsonLimits | undefined => {
  let depth = 0;
  let members = 0;
  for (let at = 0; at < text.length; at += 1) {
    const sign = text.charCodeAt(at);
    if (sign === QUOTE) at = endOfString(text, at);
    else if (isOpening(sign)) depth += 1;
    else if (isClosing(sign)) depth -= 1;
    if (sign === COMMA || isOpening(sign)) members += 1;
    if (depth > maxDepth) return 'depth';
    if (members > maxMembers) return 'members';
  }
  return undefined;
};

const [QUOTE, COMMA, BACKSLASH, OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [...'",\\[]{}'].map(
  (sign) => sign.charCodeAt(0),
);

const isOpening = (sign: number): boolean => sign === OPEN_LIST || sign === OPEN_OBJECT;
const isClosing = (sign: number): boolean => sign === CLOSE_LIST || sign === CLOSE_OBJECT;

/** Where the string that starts at `start` ends. */
const endOfString = (text: string, start: number): number => {
  for (let at = start + 1; at < text.length; at += 1) {
    const sign = text.charCodeAt(at);
    if (sign === QUOTE) return at;
    if (sign === BACKSLASH) at += 1;
  }
  return text.length;
};
