/** Who speaks in the demo. */
export type Speaker = 'admin' | 'phone' | 'tablet' | 'server';

/** Tells the story, line by line. */
export interface Narrator {
  /** A new part of the story. */
  chapter(title: string): void;
  /** What somebody does or sees. */
  says(who: Speaker, text: string): void;
  /** What a device shows its owner now. */
  shows(who: Speaker, settings: Readonly<Record<string, string>>): void;
  /** A line of nobody in particular. */
  note(text: string): void;
}

const WIDTH = 'tablet'.length;

/** A narrator that prefixes each line with who speaks: `phone  | theme = dark`. */
export const narrator = (write: (line: string) => void): Narrator => {
  let chapters = 0;
  const says = (who: Speaker, text: string): void => write(`  ${who.padEnd(WIDTH)} | ${text}`);
  return {
    chapter: (title) => write(`\n${(chapters += 1)}. ${title}\n`),
    says,
    shows: (who, settings) => says(who, `its records now: ${inWords(settings)}`),
    note: write,
  };
};

/** `bestScore = 1200, theme = dark` */
export const inWords = (settings: Readonly<Record<string, string>>): string =>
  Object.keys(settings)
    .sort()
    .map((key) => `${key} = ${settings[key]}`)
    .join(', ') || 'none';
