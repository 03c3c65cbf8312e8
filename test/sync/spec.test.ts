import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const SOURCES = join(__dirname, '../../src/sync');
const MIGRATIONS = join(__dirname, '../../src/db/migrations');
const PROTOCOL = join(__dirname, '../../src/protocol');

const textOf = (folder: string, suffix: string): string =>
  readdirSync(folder)
    .filter((name) => name.endsWith(suffix))
    .map((name) => readFileSync(join(folder, name), 'utf8'))
    .join('\n');

const spec = readFileSync(join(SOURCES, 'SPEC.md'), 'utf8');
const rules = [...spec.matchAll(/^- \*\*(S\d+)\*\* /gm)].map(([, rule]) => rule as string);
const named = (text: string, pattern: RegExp): Set<string> =>
  new Set([...text.matchAll(pattern)].map(([, rule]) => rule as string));

test('every rule of the specification has a number of its own, in order', () => {
  expect(rules).toEqual(Array.from({ length: 60 }, (_, at) => `S${at + 1}`));
});

test('every rule of the specification has a test that starts with its number', () => {
  const tested = named(textOf(__dirname, '.test.ts'), /['[](S\d+)(?:: |',)/g);
  expect(rules.filter((rule) => !tested.has(rule))).toEqual([]);
});

test('every rule that the code or a test names is in the specification', () => {
  const text = [
    textOf(SOURCES, '.ts'),
    textOf(PROTOCOL, 'sync.ts'),
    textOf(MIGRATIONS, '.ts'),
    textOf(__dirname, '.test.ts'),
  ].join('\n');
  const known = new Set(rules);
  expect([...named(text, /\b(S\d+)\b/g)].filter((rule) => !known.has(rule))).toEqual([]);
});
