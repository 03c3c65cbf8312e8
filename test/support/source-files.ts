import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import ts from 'typescript';

const ROOT = resolve(__dirname, '../..');
const SRC = join(ROOT, 'src');

/** One import or re-export, as written. */
export interface Import {
  /** What stands between the quotes. */
  specifier: string;
  /** The imported file relative to src/, or undefined for a package. */
  target: string | undefined;
  /** Whether nothing is left of it at run time. */
  isTypeOnly: boolean;
}

/** A function with a name: a declaration, a method, or an arrow function in a constant. */
export interface NamedFunction {
  name: string;
  lines: number;
}

/** One file of src/, parsed. */
export interface SourceFile {
  /** Relative to src/, with forward slashes. */
  path: string;
  text: string;
  lines: number;
  imports: Import[];
  functions: NamedFunction[];
  ast: ts.SourceFile;
}

const isTypeOnlyClause = (clause: ts.ImportClause | undefined): boolean => {
  if (clause === undefined) return false;
  if (clause.isTypeOnly) return true;
  const { namedBindings: bindings } = clause;
  if (clause.name || !bindings || !ts.isNamedImports(bindings)) return false;
  return bindings.elements.length > 0 && bindings.elements.every((element) => element.isTypeOnly);
};

const targetOf = (file: string, specifier: string): string | undefined => {
  if (!specifier.startsWith('.')) return undefined;
  const base = resolve(dirname(file), specifier);
  const found = [`${base}.ts`, join(base, 'index.ts'), base].find((path) => ts.sys.fileExists(path));
  return found === undefined ? `unknown: ${specifier}` : relative(SRC, found).replaceAll('\\', '/');
};

const importsOf = (file: string, ast: ts.SourceFile): Import[] => {
  const found: Import[] = [];
  const add = (specifier: string, isTypeOnly: boolean): void =>
    void found.push({ specifier, target: targetOf(file, specifier), isTypeOnly });
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) && ts.isStringLiteral(node.moduleSpecifier))
      add(node.moduleSpecifier.text, isTypeOnlyClause(node.importClause));
    if (ts.isExportDeclaration(node) && node.moduleSpecifier && ts.isStringLiteral(node.moduleSpecifier))
      add(node.moduleSpecifier.text, node.isTypeOnly);
    if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument))
      add((node.argument.literal as ts.StringLiteral).text, true);
    if (ts.isCallExpression(node) && isDynamicImport(node)) {
      const [specifier] = node.arguments;
      if (specifier && ts.isStringLiteral(specifier)) add(specifier.text, false);
    }
    ts.forEachChild(node, visit);
  };
  visit(ast);
  return found;
};

const isDynamicImport = ({ expression }: ts.CallExpression): boolean =>
  expression.kind === ts.SyntaxKind.ImportKeyword ||
  (ts.isIdentifier(expression) && expression.text === 'require');

const functionsOf = (ast: ts.SourceFile): NamedFunction[] => {
  const found: NamedFunction[] = [];
  const lineOf = (position: number): number => ast.getLineAndCharacterOfPosition(position).line;
  const add = (name: string, node: ts.Node): void =>
    void found.push({ name, lines: lineOf(node.end) - lineOf(node.getStart(ast)) + 1 });
  const visit = (node: ts.Node): void => {
    const isDeclared = ts.isFunctionDeclaration(node) || ts.isMethodDeclaration(node);
    if (isDeclared && node.body) add(node.name?.getText(ast) ?? 'default', node);
    if (ts.isVariableDeclaration(node) && node.initializer && isFunction(node.initializer))
      add(node.name.getText(ast), node);
    ts.forEachChild(node, visit);
  };
  visit(ast);
  return found;
};

const isFunction = (node: ts.Node): boolean => ts.isArrowFunction(node) || ts.isFunctionExpression(node);

/** Parses a text as if it stood at `path` in src/. */
export const parseSource = (path: string, text: string): SourceFile => {
  const file = join(SRC, path);
  const ast = ts.createSourceFile(file, text, ts.ScriptTarget.ES2022, true);
  return {
    path,
    text,
    lines: text.split('\n').length - (text.endsWith('\n') ? 1 : 0),
    imports: importsOf(file, ast),
    functions: functionsOf(ast),
    ast,
  };
};

/** Every TypeScript file of src/, in the order of their paths. */
export const sourceFiles = (): SourceFile[] =>
  readdirSync(SRC, { recursive: true, encoding: 'utf8' })
    .filter((path) => /\.tsx?$/.test(path))
    .map((path) => path.replaceAll('\\', '/'))
    .sort()
    .map((path) => parseSource(path, readFileSync(join(SRC, path), 'utf8')));

/** Every folder of src/, relative to it. */
export const sourceFolders = (): string[] =>
  readdirSync(SRC, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => relative(SRC, join(entry.parentPath, entry.name)).replaceAll('\\', '/'));

/** The text of a file without its comments, for rules about words in code. Line numbers stay. */
export const withoutComments = ({ text, ast }: SourceFile): string => {
  let code = text;
  const seen = new Set<number>();
  const blank = (from: number, to: number): void => {
    code = code.slice(0, from) + code.slice(from, to).replace(/[^\n]/g, ' ') + code.slice(to);
  };
  const visit = (node: ts.Node): void => {
    for (const range of ts.getLeadingCommentRanges(text, node.getFullStart()) ?? [])
      if (!seen.has(range.pos)) {
        seen.add(range.pos);
        blank(range.pos, range.end);
      }
    for (const child of node.getChildren(ast)) visit(child);
  };
  visit(ast);
  return code;
};

/** The texts in quotes or backticks of a file, with the places of `${…}` in them blank. */
export const stringsOf = ({ ast }: SourceFile): string[] => {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isStringLiteralLike(node)) found.push(node.text);
    if (ts.isTemplateExpression(node))
      found.push([node.head.text, ...node.templateSpans.map((span) => span.literal.text)].join(' '));
    ts.forEachChild(node, visit);
  };
  visit(ast);
  return found;
};

/**
 * Groups of files that import each other, directly or in a circle; each with its files in order. `follow` says which
 * imports count.
 */
export const importCycles = (files: SourceFile[], follow: (found: Import) => boolean): string[][] => {
  const edges = new Map(
    files.map((file) => [
      file.path,
      file.imports.filter(follow).flatMap(({ target }) => (target === undefined ? [] : [target])),
    ]),
  );
  const reachableFrom = (start: string): Set<string> => {
    const seen = new Set<string>();
    const stack = [...(edges.get(start) ?? [])];
    for (let next = stack.pop(); next !== undefined; next = stack.pop())
      if (!seen.has(next)) {
        seen.add(next);
        stack.push(...(edges.get(next) ?? []));
      }
    return seen;
  };
  const reachable = new Map([...edges.keys()].map((path) => [path, reachableFrom(path)]));
  const inCycles = [...edges.keys()].filter((path) => reachable.get(path)?.has(path));
  const groups = inCycles.map((path) =>
    inCycles.filter((other) => reachable.get(path)?.has(other) && reachable.get(other)?.has(path)),
  );
  return [...new Map(groups.map((group) => [group.join(), group])).values()];
};
