import ts from 'typescript';
import {
  importCycles,
  parseSource,
  sourceFiles,
  sourceFolders,
  stringsOf,
  withoutComments,
  type Import,
  type SourceFile,
} from './support/source-files';

const files = sourceFiles();

/** The left never imports the right (docs/decisions/0001-roles-and-logins-before-pools.md). */
const FEATURES = [
  'audit',
  'rate-limits',
  'webhooks',
  'events',
  'policy',
  'tokens',
  'roles',
  'logins',
  'identity-pools',
  'sync',
  'identities',
  'credentials',
  'push',
  'streams',
  'data-export',
  'cognito-import',
];

/** What everything may stand on. It stands on nothing but itself. */
const BOTTOM = [
  'actor.ts',
  'authorize.ts',
  'config-values.ts',
  'config.ts',
  'context.ts',
  'db',
  'errors.ts',
  'faults.ts',
  'ids.ts',
  'json-size.ts',
  'page.ts',
  'policy',
  'protocol',
  'redis',
  'request-origin.ts',
  'service-urls.ts',
  'validate.ts',
];

const DOORS = ['aws', 'graphql', 'http'];

/** The first part of a path: the folder of a feature, a door, or a file at the top. */
const areaOf = (path: string): string => path.split('/')[0] ?? path;

const localImports = (file: SourceFile): string[] =>
  file.imports.flatMap(({ target }) => (target === undefined ? [] : [target]));

const packagesOf = (file: SourceFile): string[] =>
  file.imports.flatMap(({ specifier, target }) => (target === undefined ? [specifier] : []));

/** `from -> to` for every import of these files that breaks a rule. */
const violations = (of: SourceFile[], breaks: (from: string, to: string) => boolean): string[] =>
  of.flatMap((file) =>
    localImports(file)
      .filter((target) => breaks(file.path, target))
      .map((target) => `${file.path} -> ${target}`),
  );

const inAreas = (...areas: string[]): SourceFile[] =>
  files.filter((file) => areas.includes(areaOf(file.path)));

/** The files of the AWS door that have its operations: each reads members, calls one service and names its answer. */
const awsOperations = files.filter((file) => /^aws\/(identity|sts|sync)\//.test(file.path));

const resolvers = files.filter((file) => file.path.endsWith('.resolver.ts'));
const entityFiles = files.filter((file) => file.path.endsWith('.entity.ts'));

describe('imports', () => {
  it('all lead to files that exist', () => {
    expect(violations(files, (_from, to) => to.startsWith('unknown: '))).toEqual([]);
  });

  it('go from a feature to the features before it, never to one after it', () => {
    const rank = (path: string): number => FEATURES.indexOf(areaOf(path));

    expect(violations(inAreas(...FEATURES), (from, to) => rank(to) > rank(from))).toEqual([]);
  });

  it('go from the doors to the features, never back', () => {
    expect(violations(inAreas(...FEATURES), (_from, to) => DOORS.includes(areaOf(to)))).toEqual([]);
  });

  it('of the GraphQL types come from resolvers and types alone', () => {
    const others = inAreas(...FEATURES).filter((file) => !/\.(resolver|types)\.ts$/.test(file.path));
    const usesGraphql = others.filter((file) =>
      packagesOf(file).some((name) => /^(type-graphql|graphql|@apollo\/.*)$/.test(name)),
    );

    expect(violations(others, (_from, to) => areaOf(to) === 'graphql-types')).toEqual([]);
    expect(usesGraphql.map((file) => file.path)).toEqual([]);
  });

  it('of the shared bottom layer stay within it', () => {
    const theOneWhoKnowsAllEntities = 'db/data-source.ts -> entities.ts';

    expect(violations(inAreas(...BOTTOM), (_from, to) => !BOTTOM.includes(areaOf(to)))).toEqual([
      theOneWhoKnowsAllEntities,
    ]);
  });

  it('of the AWS door lead to services and types of the features, and never to another door', () => {
    const fromFeatures = inAreas('aws').flatMap((file) =>
      file.imports
        .filter(({ target, isTypeOnly }) => FEATURES.includes(areaOf(target ?? '')) && !isTypeOnly)
        .filter(({ target }) => !target?.endsWith('.service.ts'))
        .map(({ target }) => `${file.path} -> ${target}`),
    );
    const beforeAndAfterOperations = [
      'aws/authenticate-signature.ts -> credentials/access-key-holder.ts',
      'aws/handle.ts -> audit/record-audit.ts',
    ];

    expect(fromFeatures).toEqual(beforeAndAfterOperations);
    expect(violations(inAreas('aws'), (_from, to) => /^(graphql|http)\b/.test(to))).toEqual([]);
    expect(
      violations(inAreas('aws'), (_from, to) => /^(authorize|validate|db|redis|entities)\b/.test(to)),
    ).toEqual([]);
  });

  it('of the AWS door’s protocols and signatures know no service and no operation', () => {
    const own = files.filter(({ path }) => /^aws\/(protocols|members|sigv4)\//.test(path));
    const mayKnow =
      /^(aws\/(protocols|members|sigv4)\/|aws\/(aws-error|operation|wire)\.ts|protocol\/|json-size\.ts)/;
    const sigv4 = own.filter(({ path }) => path.startsWith('aws/sigv4/'));

    expect(violations(own, (_from, to) => !mayKnow.test(to))).toEqual([]);
    expect(violations(sigv4, (_from, to) => !to.startsWith('aws/sigv4/'))).toEqual([]);
  });

  it('of the AWS door from outside lead to where it is mounted', () => {
    const others = files.filter(({ path }) => areaOf(path) !== 'aws');

    expect(violations(others, (_from, to) => areaOf(to) === 'aws')).toEqual(['http/app.ts -> aws/mount.ts']);
  });

  it('of the list of entities are entities', () => {
    expect(violations(inAreas('entities.ts'), (_from, to) => !to.endsWith('.entity.ts'))).toEqual([]);
  });

  it('never lead to the composition root or the entry, but from each other', () => {
    const top = ['admin-key.ts', 'cli', 'demo', 'main.ts', 'start.ts', 'welcome.ts'];
    const isTop = (path: string): boolean => top.includes(areaOf(path));

    expect(violations(files, (from, to) => isTop(to) && !isTop(from))).toEqual([]);
  });

  it('of what the client shares with the server stay within protocol/ and name no package', () => {
    const protocol = inAreas('protocol');

    expect(violations(protocol, (_from, to) => areaOf(to) !== 'protocol')).toEqual([]);
    expect(protocol.flatMap(packagesOf)).toEqual([]);
  });

  it('of the policy engine name nothing but errors, and node:net for the form of addresses', () => {
    const policy = inAreas('policy');

    expect(violations(policy, (_from, to) => areaOf(to) !== 'policy' && to !== 'errors.ts')).toEqual([]);
    expect(policy.flatMap(packagesOf)).toEqual(['node:net']);
  });

  it('of an entity are TypeORM, its own feature’s types, and entities or types that it points at', () => {
    const allowed = (found: Import): boolean =>
      found.target === undefined
        ? found.specifier === 'typeorm' || found.isTypeOnly
        : found.isTypeOnly || found.target.endsWith('.entity.ts');
    const wrong = entityFiles.flatMap((file) =>
      file.imports.filter((found) => !allowed(found)).map((found) => `${file.path} -> ${found.specifier}`),
    );

    expect(wrong).toEqual([]);
  });

  it('are seen in every form, with what is left of them at run time', () => {
    const text = `import { a } from './b';
      import type { B } from './c';
      import { type D } from './d';
      export { e } from './e';
      const f = await import('./f');
      type G = import('./g').G;`;
    const { imports } = parseSource('tokens/planted.ts', text);

    expect(imports.map((found) => [found.specifier, found.isTypeOnly])).toEqual([
      ['./b', false],
      ['./c', true],
      ['./d', true],
      ['./e', false],
      ['./f', false],
      ['./g', true],
    ]);
  });

  it('that go in a circle are seen, whatever leads into it', () => {
    const planted = { 'a.ts': './b', 'b.ts': './c', 'c.ts': './b', 'd.ts': './a' };
    const parsed = Object.entries(planted).map(([path, target]) => ({
      ...parseSource(path, ''),
      imports: [{ specifier: target, target: `${target.slice(2)}.ts`, isTypeOnly: false }],
    }));

    expect(importCycles(parsed, () => true)).toEqual([['b.ts', 'c.ts']]);
  });

  it('make no circle at run time', () => {
    expect(importCycles(files, (found) => !found.isTypeOnly)).toEqual([]);
  });

  it('make no circle of types either', () => {
    expect(importCycles(files, () => true)).toEqual([]);
  });
});

describe('files and folders', () => {
  it('are no barrels', () => {
    const indexes = files.map((file) => file.path).filter((path) => /(^|\/)index\.tsx?$/.test(path));
    const allowed = ['client/index.ts', 'db/migrations/index.ts'];

    expect(indexes.filter((path) => !allowed.includes(path))).toEqual([]);
  });

  it('are named after what they are about', () => {
    const vague = /^(utils?|helpers?|common|types|shared|misc|lib)$/;
    const vagueFile = /manager|helper|util|common|misc/i;

    expect(sourceFolders().filter((path) => path.split('/').some((part) => vague.test(part)))).toEqual([]);
    expect(files.map((file) => file.path).filter((path) => vagueFile.test(path))).toEqual([]);
  });

  it('have at most 300 lines', () => {
    expect(files.filter((file) => file.lines > 300).map((file) => `${file.path}: ${file.lines}`)).toEqual([]);
  });

  it('have no default export', () => {
    expect(files.filter((file) => /^export default/m.test(file.text)).map((file) => file.path)).toEqual([]);
  });
});

const code = files.map((file) => ({ path: file.path, text: withoutComments(file) }));

/** The files whose code, comments aside, has a match. */
const filesWith = (pattern: RegExp): string[] =>
  code.filter(({ text }) => pattern.test(text)).map(({ path }) => path);

describe('the process', () => {
  it('has one reader of the environment', () => {
    expect(filesWith(/process\s*\.\s*env|process\[/)).toEqual(['config.ts']);
  });

  it('ends in one place', () => {
    expect(filesWith(/process\s*\.\s*(exit|abort|reallyExit)\b(?!Code)/)).toEqual(['main.ts']);
  });

  it('writes to the console from its entries only', () => {
    const entries = /^(main|admin-key|graphql\/emit-schema)\.ts$|^demo\//;

    expect(filesWith(/\bconsole\s*\./).filter((path) => !entries.test(path))).toEqual([]);
  });
});

const isExported = (node: ts.Node): boolean =>
  ts.canHaveModifiers(node) &&
  (ts.getModifiers(node) ?? []).some((modifier) => modifier.kind === ts.SyntaxKind.ExportKeyword);

const nameOf = (statement: ts.Statement): string => {
  if (ts.isVariableStatement(statement))
    return statement.declarationList.declarations.map((declaration) => declaration.name.getText()).join();
  return (statement as ts.DeclarationStatement).name?.getText() ?? '?';
};

/** A class of the GraphQL schema says in its description what others say in a comment. */
const describesItself = (statement: ts.Statement): boolean =>
  ts.isClassDeclaration(statement) &&
  (ts.getDecorators(statement) ?? []).some((decorator) => /description:/.test(decorator.getText()));

/** `type X = z.input<…>`: what it holds is said where its schema is. */
const isTypeOfSchema = (statement: ts.Statement): boolean =>
  ts.isTypeAliasDeclaration(statement) && /^z\.(input|infer)</.test(statement.type.getText());

const undocumented = ({ ast, path }: SourceFile): string[] =>
  ast.statements
    .filter((statement) => isExported(statement) && !describesItself(statement) && !isTypeOfSchema(statement))
    .filter((statement) => ts.getJSDocCommentsAndTags(statement).length === 0)
    .map((statement) => `${path}: ${nameOf(statement)}`);

const percentile = (sorted: number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;

describe('the code', () => {
  const lengths = files.flatMap((file) => file.functions.map((found) => found.lines)).sort((a, b) => a - b);

  it('is made of short functions: half have at most 12 lines, nine in ten at most 35', () => {
    expect(lengths.length).toBeGreaterThan(300);
    expect(percentile(lengths, 0.5)).toBeLessThanOrEqual(12);
    expect(percentile(lengths, 0.9)).toBeLessThanOrEqual(35);
  });

  it('says in a comment what each export promises', () => {
    expect(files.flatMap(undocumented)).toEqual([]);
  });

  it('has resolvers that only call a service and shape its answer', () => {
    const forbidden = /^(authorize|validate)\.ts$/;
    const packages = ['zod', 'typeorm', 'pg'];
    const long = resolvers.flatMap((file) =>
      file.functions
        .filter((found) => found.lines > 20)
        .map((found) => `${file.path}: ${found.name} has ${found.lines} lines`),
    );

    expect(violations(resolvers, (_from, to) => forbidden.test(to) || to.endsWith('.entity.ts'))).toEqual([]);
    expect(resolvers.flatMap(packagesOf).filter((name) => packages.includes(name))).toEqual([]);
    expect(long).toEqual([]);
  });
});

describe('the operations of the AWS door', () => {
  it('only call a service and shape its answer', () => {
    const long = awsOperations.flatMap((file) =>
      file.functions
        .filter((found) => found.lines > 20)
        .map((found) => `${file.path}: ${found.name} has ${found.lines} lines`),
    );
    const wrong = awsOperations.flatMap((file) =>
      file.imports
        .filter(({ target, isTypeOnly }) => target === undefined && !isTypeOnly)
        .map(({ specifier }) => `${file.path} -> ${specifier}`),
    );

    expect(awsOperations.length).toBeGreaterThan(15);
    expect(long).toEqual([]);
    expect(wrong).toEqual([]);
  });

  it('throw nothing themselves: what is refused beyond a form is refused by the service', () => {
    const throwing = /\bthrow\b|\binvalidParameter\b|\bnew \w*Error\b/;
    const paths = new Set(awsOperations.map(({ path }) => path));

    expect(filesWith(throwing).filter((path) => paths.has(path))).toEqual([]);
  });
});

describe('the SQL', () => {
  const isSql = (text: string): boolean =>
    /\b(SELECT|INSERT INTO|UPDATE|DELETE FROM|CREATE|ALTER|DROP|LOCK)\b/.test(text);
  const statements = files.flatMap((file) =>
    stringsOf(file)
      .filter(isSql)
      .map((sql) => ({ path: file.path, sql })),
  );
  /** Where a statement has it. */
  const using = (pattern: RegExp): string[] => [
    ...new Set(statements.filter(({ sql }) => pattern.test(sql)).map(({ path }) => path)),
  ];

  it('is found', () => {
    expect(statements.length).toBeGreaterThan(20);
  });

  it('takes times and ids as parameters', () => {
    const clocks =
      /\b(now|clock_timestamp|statement_timestamp|transaction_timestamp|gen_random_uuid|uuid_generate_v\d|random|nextval)\s*\(|\bCURRENT_(TIMESTAMP|DATE|TIME)\b|\bLOCALTIME/i;

    expect(using(clocks)).toEqual([]);
    expect(filesWith(/['"`](now|gen_random_uuid)\(\)['"`]/)).toEqual([]);
    expect(filesWith(/@(Generated|PrimaryGenerated|CreateDate|UpdateDate|DeleteDate|Version)\w*\(/)).toEqual(
      [],
    );
  });

  it('makes no triggers, rules, row policies, sequences, generated or deferred things', () => {
    const unportable =
      /CREATE\s+(OR\s+REPLACE\s+)?(CONSTRAINT\s+)?(TRIGGER|RULE|POLICY|SEQUENCE)|\b(big|small)?serial\b|GENERATED\s+(ALWAYS|BY)|\bDEFERRABLE\b|\bEXCLUDE\s+USING\b|ROW LEVEL SECURITY|CREATE\s+EXTENSION/i;

    expect(using(unportable)).toEqual([]);
  });

  it('never depends on advisory locks, but for migrations', () => {
    expect(using(/pg_(try_)?advisory/i)).toEqual(['db/migrate.ts']);
  });

  it('locks rows, never tables, and sets nothing that outlives a transaction', () => {
    expect(using(/\bLOCK\s+TABLE\b/i)).toEqual([]);
    expect(using(/^\s*SET\s+(?!LOCAL)/i)).toEqual([]);
    expect(using(/CREATE\s+TEMP/i)).toEqual([]);
  });

  it('is never changed by TypeORM itself', () => {
    expect(
      filesWith(
        /synchronize:\s*true|(source|connection)\.synchronize\(|migrationsRun:\s*true|dropSchema:\s*true/,
      ),
    ).toEqual([]);
  });

  it('keeps the rows of an identity under primary keys that begin with its id', () => {
    const created = files
      .filter((file) => file.path.startsWith('db/migrations/'))
      .flatMap(stringsOf)
      .flatMap(
        (sql) =>
          /CREATE TABLE (\w+)/
            .exec(sql)
            ?.slice(1, 2)
            .map((table) => ({ table, sql })) ?? [],
      );
    const ofIdentities = created.filter(({ sql }) => /\bidentity_id\b/.test(sql));
    const otherwise = ofIdentities.filter(({ sql }) => !/PRIMARY KEY \(identity_id\b/.test(sql));

    expect(ofIdentities.map(({ table }) => table)).toEqual(
      expect.arrayContaining(['identities', 'identity_logins', 'datasets', 'records', 'used_sync_sessions']),
    );
    // The tables that are unique across identities: their keys are the login and the token of a device itself.
    expect(otherwise.map(({ table }) => table)).toEqual(['logins', 'device_tokens']);
  });
});
