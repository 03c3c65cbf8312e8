import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { buildSchema, parse, validate } from 'graphql';

const ROOT = join(__dirname, '..');
const SKIPPED = new Set(['node_modules', '.git', 'dist', '.rockpool', 'coverage']);

const markdownFiles = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (SKIPPED.has(entry.name)) return [];
    const path = join(folder, entry.name);
    return entry.isDirectory() ? markdownFiles(path) : entry.name.endsWith('.md') ? [path] : [];
  });

const FILES = markdownFiles(ROOT).map((file) => relative(ROOT, file));

it.each(FILES)('%s links to files that exist', (file) => {
  const links = [...readFileSync(join(ROOT, file), 'utf8').matchAll(/\]\((?!https?:)([^)#]+)/g)].map(
    (m) => m[1] ?? '',
  );

  const dead = links.filter((link) => !existsSync(join(ROOT, dirname(file), link)));

  expect(dead).toEqual([]);
});

const SCHEMA = buildSchema(readFileSync(join(ROOT, 'schema.graphql'), 'utf8'));

it.each(FILES)('%s has GraphQL examples that fit the schema, each a request of its own', (file) => {
  const text = readFileSync(join(ROOT, file), 'utf8');
  const examples = [...text.matchAll(/^```graphql\n(.*?)^```/gms)].map((match) => match[1] ?? '');

  const mistakes = examples.flatMap((example) => validate(SCHEMA, parse(example)).map(String));

  expect(mistakes).toEqual([]);
});

it('docs/errors.md explains every code of the catalogue', () => {
  const source = readFileSync(join(ROOT, 'src/errors.ts'), 'utf8');
  const codes = [...source.matchAll(/^ {2}\| '([A-Z_]+)'/gm)].map((match) => match[1]);
  const page = readFileSync(join(ROOT, 'docs/errors.md'), 'utf8');

  expect(codes.length).toBeGreaterThan(10);
  expect(codes.filter((code) => !new RegExp(`^\\| \`${code}\` `, 'm').test(page))).toEqual([]);
});

it('README names every variable that the configuration reads', () => {
  const source = readFileSync(join(ROOT, 'src/config.ts'), 'utf8');
  const variables = [...source.matchAll(/^ {2}([A-Z][A-Z_]+):/gm)].map((match) => match[1] ?? '');
  const page = readFileSync(join(ROOT, 'README.md'), 'utf8');

  expect(variables.length).toBeGreaterThan(10);
  expect(variables.filter((variable) => !page.includes(`\`${variable}\``))).toEqual([]);
});
