/** A pattern made ready to be matched: `*` is any run of characters, `?` is any one, nothing else is special. */
export interface Glob {
  /** States as bits: the first n characters of the pattern, stars left out, are matched. */
  words: number;
  accepting: number;
  /** In which states the next character of the pattern is this one. */
  steps: ReadonlyMap<string, Int32Array>;
  /** In which it is `?`: for characters that the pattern does not have. */
  anyStep: Int32Array;
  /** In which a star takes whatever comes. */
  stays: Int32Array;
}

const setBit = (words: Int32Array, bit: number): void => {
  words[bit >> 5]! |= 1 << (bit & 31);
};

/** Reads a pattern. */
export const toGlob = (pattern: string): Glob => {
  const tokens = [...pattern].filter((token) => token !== '*');
  const words = (tokens.length >> 5) + 1;
  const [anyStep, stays] = [new Int32Array(words), new Int32Array(words)];
  let state = 0;
  for (const token of pattern) {
    if (token === '*') setBit(stays, state);
    else if (token === '?') setBit(anyStep, state++);
    else state++;
  }
  const steps = new Map<string, Int32Array>();
  for (const [at, token] of tokens.entries()) {
    if (token === '?') continue;
    if (!steps.has(token)) steps.set(token, anyStep.slice());
    setBit(steps.get(token)!, at);
  }
  return { words, accepting: tokens.length, steps, anyStep, stays };
};

/**
 * Whether the whole of `text` matches. All states are followed at once, 32 to a number, so that no text and no pattern
 * takes longer than a few operations for each character: keys are chosen by whoever writes.
 */
export const matchesGlob = (glob: Glob, text: string): boolean => {
  const { words, accepting, steps, anyStep, stays } = glob;
  const states = new Int32Array(words);
  states[0] = 1;
  for (const character of text) {
    const step = steps.get(character) ?? anyStep;
    let [carry, isAnyLeft] = [0, 0];
    for (let word = 0; word < words; word++) {
      const stepping = states[word]! & step[word]!;
      const next = (stepping << 1) | carry | (states[word]! & stays[word]!);
      carry = stepping >>> 31;
      states[word] = next;
      isAnyLeft |= next;
    }
    if (isAnyLeft === 0) return false;
  }
  return (states[accepting >> 5]! & (1 << (accepting & 31))) !== 0;
};
