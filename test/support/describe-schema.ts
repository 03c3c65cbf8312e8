import { Client } from 'pg';

interface Described {
  kind: string;
  name: string;
  line: string;
}

/**
 * Everything that migrations make, as one text per object. Types and definitions are as PostgreSQL prints them; what
 * they are named after sorts them, never the order in which they were made.
 */
const OBJECTS = `
  SELECT 'table' AS kind, c.relname::text AS name, string_agg(
      '  ' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
        || CASE WHEN a.attcollation <> t.typcollation THEN ' COLLATE "' || co.collname || '"' ELSE '' END
        || CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END
        || coalesce(' DEFAULT ' || pg_get_expr(d.adbin, d.adrelid), '')
        || CASE WHEN a.attidentity <> '' THEN ' IDENTITY' ELSE '' END
        || CASE WHEN a.attgenerated <> '' THEN ' GENERATED' ELSE '' END,
      E'\\n' ORDER BY a.attnum) AS line
    FROM pg_class c
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    JOIN pg_type t ON t.oid = a.atttypid
    LEFT JOIN pg_collation co ON co.oid = a.attcollation
    LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
    GROUP BY c.relname
  UNION ALL
  SELECT 'constraint', r.relname || '.' || c.conname, '  ' || pg_get_constraintdef(c.oid)
    FROM pg_constraint c JOIN pg_class r ON r.oid = c.conrelid
    WHERE c.connamespace = 'public'::regnamespace AND c.contype <> 'n'
  UNION ALL
  SELECT 'index', i.tablename || '.' || i.indexname, '  ' || replace(i.indexdef, 'public.', '')
    FROM pg_indexes i
    WHERE i.schemaname = 'public' AND NOT EXISTS (
      SELECT FROM pg_constraint c WHERE c.conname = i.indexname AND c.connamespace = 'public'::regnamespace)
  UNION ALL
  SELECT 'function', p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')',
      '  RETURNS ' || pg_get_function_result(p.oid) || ' LANGUAGE ' || l.lanname
        || CASE p.provolatile WHEN 'i' THEN ' IMMUTABLE' WHEN 's' THEN ' STABLE' ELSE ' VOLATILE' END
        || E'\\n' || btrim(p.prosrc, E'\\n')
    FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
    WHERE p.pronamespace = 'public'::regnamespace
  UNION ALL
  SELECT 'trigger', r.relname || '.' || t.tgname, '  ' || pg_get_triggerdef(t.oid)
    FROM pg_trigger t JOIN pg_class r ON r.oid = t.tgrelid WHERE NOT t.tgisinternal
  UNION ALL
  SELECT 'sequence', s.relname, '' FROM pg_class s
    WHERE s.relnamespace = 'public'::regnamespace AND s.relkind = 'S'
  UNION ALL
  SELECT 'type', t.typname, '' FROM pg_type t
    WHERE t.typnamespace = 'public'::regnamespace AND t.typtype IN ('e', 'd', 'r')
  UNION ALL
  SELECT 'extension', e.extname, '' FROM pg_extension e WHERE e.extname <> 'plpgsql'`;

/** The order in which kinds stand in the text; those that the rules of scale-out forbid come last. */
const KINDS = ['table', 'constraint', 'index', 'function', 'sequence', 'trigger', 'type', 'extension'];

/** TypeORM's own list of what ran. */
const isOurs = ({ name }: Described): boolean => !/^migrations(_|\.|$)/.test(name);

const byKindThenName = (a: Described, b: Described): number =>
  KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind) || (a.name < b.name ? -1 : 1);

/** The schema of a database as text that only changes where the schema does: what reviewers see of a migration. */
export const describeSchema = async (url: string): Promise<string> => {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<Described>(OBJECTS);
    const texts = rows
      .filter(isOurs)
      .sort(byKindThenName)
      .map(({ kind, name, line }) => `${kind} ${name}\n${line}`.trimEnd());
    return `${texts.join('\n\n')}\n`;
  } finally {
    await client.end();
  }
};
