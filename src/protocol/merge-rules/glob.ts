/**
 * Whether the whole of `text` matches: `*` is any run of characters, `?` is any one, nothing else is special. A mismatch
 * goes back to the last `*` only, so that the work is at most the length of the pattern times that of the text.
 */
export const matchesGlob = (pattern: string, text: string): boolean => {
  const [glob, characters] = [[...pattern], [...text]];
  let [g, t, star, resume] = [0, 0, -1, 0];
  while (t < characters.length) {
    if (glob[g] === '*') {
      star = g++;
      resume = t;
    } else if (glob[g] === '?' || glob[g] === characters[t]) {
      g++;
      t++;
    } else if (star >= 0) {
      g = star + 1;
      t = ++resume;
    } else return false;
  }
  while (glob[g] === '*') g++;
  return g === glob.length;
};
