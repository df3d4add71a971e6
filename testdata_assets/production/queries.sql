-- Reading a catalog. Every query looks at user objects only: no system or temporary schemas, nothing that an
-- extension owns. All run with an empty search_path, so that names and definitions come out schema-qualified.

-- name: identity
SELECT current_setting('server_version_num')::int AS server_version,
       current_database() AS database,
       getdatabaseencoding() AS encoding,
       (SELECT to_jsonb(d) FROM pg_database d WHERE d.datname = current_database()) AS default_collation,
       CASE WHEN has_function_privilege('pg_catalog.pg_control_system()', 'EXECUTE')
            THEN (SELECT system_identifier::text FROM pg_control_system()) ELSE '' END AS system_identifier,
       pg_is_in_recovery() AS replica,
       (SELECT count(*) FROM pg_largeobject_metadata) AS large_objects

-- name: tables
WITH RECURSIVE ancestry AS (
    SELECT c.oid, c.oid AS root, 0 AS depth FROM pg_class c WHERE c.relkind IN ('r', 'p', 'f')
    UNION ALL
    SELECT a.oid, i.inhparent, a.depth + 1
    FROM ancestry a JOIN pg_inherits i ON i.inhrelid = a.root AND i.inhseqno = 1
), roots AS (
    SELECT DISTINCT ON (oid) oid, root FROM ancestry ORDER BY oid, depth DESC
)
SELECT c.oid, n.nspname AS schema, c.relname AS name, c.relkind::text AS kind,
       c.relispartition AS is_partition,
       rn.nspname AS root_schema, rc.relname AS root_name,
       (SELECT coalesce(json_agg(json_build_array(pn.nspname, pc.relname) ORDER BY i.inhseqno), '[]')
          FROM pg_inherits i JOIN pg_class pc ON pc.oid = i.inhparent JOIN pg_namespace pn ON pn.oid = pc.relnamespace
         WHERE i.inhrelid = c.oid) AS parents,
       CASE WHEN c.relkind = 'r' THEN pg_relation_size(c.oid) / current_setting('block_size')::int ELSE 0 END AS pages,
       greatest(c.reltuples, 0)::bigint AS estimated_rows,
       row_security_active(c.oid) AS row_security,
       has_table_privilege(c.oid, 'SELECT') AND has_schema_privilege(n.oid, 'USAGE') AS readable,
       (SELECT coalesce(array_agg(a.attname ORDER BY k.ordinality), '{}')
          FROM pg_partitioned_table p CROSS JOIN LATERAL unnest(p.partattrs::int2[]) WITH ORDINALITY AS k(attnum, ordinality)
          LEFT JOIN pg_attribute a ON a.attrelid = p.partrelid AND a.attnum = k.attnum AND k.attnum > 0
         WHERE p.partrelid = c.oid) AS partition_columns
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN roots r ON r.oid = c.oid
JOIN pg_class rc ON rc.oid = r.root
JOIN pg_namespace rn ON rn.oid = rc.relnamespace
WHERE c.relkind IN ('r', 'p', 'f') AND c.relpersistence <> 't'
  AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)'
  AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
ORDER BY n.nspname, c.relname

-- name: columns
WITH RECURSIVE base AS (
    SELECT t.oid, t.oid AS base, t.typnotnull AS not_null, NULL::int AS typmod FROM pg_type t
    UNION ALL
    SELECT b.oid, t.typbasetype, b.not_null OR p.typnotnull, coalesce(b.typmod, nullif(t.typtypmod, -1))
    FROM base b JOIN pg_type t ON t.oid = b.base AND t.typtype = 'd' JOIN pg_type p ON p.oid = t.typbasetype
), leaf AS (
    SELECT b.oid, b.base, b.not_null, b.typmod FROM base b JOIN pg_type t ON t.oid = b.base WHERE t.typtype <> 'd'
)
SELECT a.attrelid AS table_oid, a.attname AS name, a.attnum AS position,
       format_type(a.atttypid, a.atttypmod) AS type, t.typname AS base_type, t.typcategory::text AS category,
       CASE WHEN t.typname IN ('varchar', 'bpchar') AND coalesce(nullif(a.atttypmod, -1), l.typmod) > 4
            THEN coalesce(nullif(a.atttypmod, -1), l.typmod) - 4 END AS max_length,
       a.attnotnull OR l.not_null AS not_null,
       a.attgenerated <> '' AS generated, a.attgenerated = 'v' AS virtual,
       a.attidentity::text AS identity,
       NOT coalesce(co.collisdeterministic, true) AS nondeterministic,
       (SELECT coalesce(array_agg(e.enumlabel::text ORDER BY e.enumsortorder), '{}') FROM pg_enum e
         WHERE e.enumtypid = l.base) AS labels
FROM pg_attribute a
LEFT JOIN pg_collation co ON co.oid = a.attcollation
JOIN leaf l ON l.oid = a.atttypid
JOIN pg_type t ON t.oid = l.base
WHERE a.attrelid = ANY (%(oids)s) AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attrelid, a.attnum

-- name: column_types
-- The types below domains of columns that are arrays or composites, with their modifiers.
WITH RECURSIVE base AS (
    SELECT t.oid, t.oid AS base, NULL::int AS typmod FROM pg_type t
    UNION ALL
    SELECT b.oid, t.typbasetype, coalesce(b.typmod, nullif(t.typtypmod, -1))
    FROM base b JOIN pg_type t ON t.oid = b.base AND t.typtype = 'd'
)
SELECT a.attrelid AS table_oid, a.attnum AS position, t.oid::bigint AS base_oid,
       coalesce(nullif(a.atttypmod, -1), b.typmod) AS typmod
FROM pg_attribute a
JOIN base b ON b.oid = a.atttypid
JOIN pg_type t ON t.oid = b.base AND t.typtype <> 'd'
WHERE a.attrelid = ANY (%(oids)s) AND a.attnum > 0 AND NOT a.attisdropped AND (t.typelem <> 0 OR t.typtype = 'c')

-- name: type_parts
-- What arrays and composites among some types (and among their parts) consist of. An array's element has no
-- modifier of its own: it takes that of the array.
WITH RECURSIVE base AS (
    SELECT t.oid, t.oid AS base, t.typnotnull AS not_null, NULL::int AS typmod FROM pg_type t
    UNION ALL
    SELECT b.oid, t.typbasetype, b.not_null OR p.typnotnull, coalesce(b.typmod, nullif(t.typtypmod, -1))
    FROM base b JOIN pg_type t ON t.oid = b.base AND t.typtype = 'd' JOIN pg_type p ON p.oid = t.typbasetype
), leaf AS (
    SELECT b.oid, b.base, b.not_null, b.typmod FROM base b JOIN pg_type t ON t.oid = b.base WHERE t.typtype <> 'd'
), edges AS (
    SELECT w.oid AS whole, '' AS name, 1 AS position, w.typelem AS part, NULL::int AS typmod, true AS is_element
    FROM pg_type w JOIN pg_type e ON e.oid = w.typelem AND e.typarray = w.oid
    UNION ALL
    SELECT w.oid, a.attname, a.attnum, a.atttypid, nullif(a.atttypmod, -1), false
    FROM pg_type w JOIN pg_attribute a ON a.attrelid = w.typrelid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE w.typtype = 'c'
), wanted AS (
    SELECT unnest(%(types)s::oid[]) AS oid
    UNION
    SELECT l.base FROM wanted w JOIN edges e ON e.whole = w.oid JOIN leaf l ON l.oid = e.part
)
SELECT e.whole::bigint AS whole, e.name, e.position, e.is_element, format_type(e.part, e.typmod) AS type,
       t.typname AS base_type, t.typcategory::text AS category, l.not_null,
       l.base::bigint AS base_oid, coalesce(e.typmod, l.typmod) AS typmod
FROM edges e
JOIN leaf l ON l.oid = e.part
JOIN pg_type t ON t.oid = l.base
WHERE e.whole IN (SELECT oid FROM wanted)
ORDER BY e.whole, e.position

-- name: foreign_keys
-- Keys over a PERIOD came with Postgres 18: the column is not there before. Constraints with a parent are a declared
-- key's parts: one for each partition of either side, which hold together and not each for itself.
SELECT k.conname AS name, k.conrelid AS table_oid, k.confrelid AS referenced_oid, k.convalidated AS validated,
       coalesce((to_jsonb(k) ->> 'conperiod')::bool, false) AS period,
       (SELECT array_agg(a.attname ORDER BY u.ordinality) FROM unnest(k.conkey) WITH ORDINALITY AS u(attnum, ordinality)
          JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.attnum) AS columns,
       (SELECT array_agg(a.attname ORDER BY u.ordinality) FROM unnest(k.confkey) WITH ORDINALITY AS u(attnum, ordinality)
          JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.attnum) AS referenced_columns
FROM pg_constraint k
WHERE k.contype = 'f' AND k.conparentid = 0 AND k.conrelid = ANY (%(oids)s) AND k.confrelid = ANY (%(oids)s)
ORDER BY k.conrelid, k.conname

-- name: unique_indexes
-- NULLS NOT DISTINCT came with Postgres 15: the column is not there before. What CREATE INDEX CONCURRENTLY did not
-- finish proves nothing, and no dump holds it; an index of a partitioned table may wait for its partitions.
SELECT ic.relname AS name, i.indrelid AS table_oid, i.indisprimary AS primary, i.indisexclusion AS exclusion,
       coalesce((to_jsonb(i) ->> 'indnullsnotdistinct')::bool, false) AS nulls_collide,
       (SELECT coalesce(array_agg(a.attname ORDER BY u.ordinality), '{}')
          FROM unnest(i.indkey) WITH ORDINALITY AS u(attnum, ordinality)
          JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = u.attnum
         WHERE u.ordinality <= i.indnkeyatts AND u.attnum > 0) AS columns,
       (SELECT coalesce(array_agg(pg_get_indexdef(i.indexrelid, u.ordinality::int, true) ORDER BY u.ordinality), '{}')
          FROM unnest(i.indkey) WITH ORDINALITY AS u(attnum, ordinality)
         WHERE u.ordinality <= i.indnkeyatts AND u.attnum = 0) AS expressions,
       (SELECT coalesce(array_agg(DISTINCT a.attname), '{}')
          FROM pg_depend d JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
         WHERE d.classid = 'pg_class'::regclass AND d.objid = i.indexrelid
           AND d.refclassid = 'pg_class'::regclass AND d.refobjid = i.indrelid AND d.refobjsubid > 0) AS used_columns,
       pg_get_expr(i.indpred, i.indrelid) AS predicate
FROM pg_index i JOIN pg_class ic ON ic.oid = i.indexrelid
WHERE (i.indisunique OR i.indisexclusion) AND i.indrelid = ANY (%(oids)s)
  AND (i.indisvalid AND i.indisready OR ic.relkind = 'I')
ORDER BY i.indrelid, ic.relname

-- name: sequences
SELECT n.nspname AS schema, c.relname AS name, s.seqincrement AS increment,
       coalesce(p.last_value, p.start_value) AS last_value, p.last_value IS NOT NULL AS is_called,
       -- Without either right pg_sequences shows no last value, as if the sequence had never been used.
       has_sequence_privilege(c.oid, 'SELECT, USAGE') AS readable,
       tn.nspname AS owner_schema, t.relname AS owner_table, a.attname AS owner_column
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_sequence s ON s.seqrelid = c.oid
JOIN pg_sequences p ON p.schemaname = n.nspname AND p.sequencename = c.relname
LEFT JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.refclassid = 'pg_class'::regclass
                     AND d.deptype IN ('a', 'i') AND d.refobjsubid > 0
LEFT JOIN pg_class t ON t.oid = d.refobjid
LEFT JOIN pg_namespace tn ON tn.oid = t.relnamespace
LEFT JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)'
  AND NOT EXISTS (SELECT 1 FROM pg_depend e WHERE e.classid = 'pg_class'::regclass AND e.objid = c.oid AND e.deptype = 'e')
ORDER BY n.nspname, c.relname

-- name: extension_schemas
SELECT string_agg(quote_ident(n.nspname), ', ' ORDER BY n.nspname)
FROM pg_namespace n
WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)'
  AND EXISTS (SELECT 1 FROM pg_extension e WHERE e.extnamespace = n.oid)

-- name: extensions
SELECT extname AS name, extversion AS version FROM pg_extension WHERE extname <> 'plpgsql' ORDER BY extname

-- name: views
SELECT n.nspname AS schema, c.relname AS name, c.relkind::text AS kind
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('v', 'm') AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)'
  AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
ORDER BY c.oid

-- name: collations
-- The server's own collations that columns, domains, indexes and partition keys name.
WITH user_schemas AS (
    SELECT oid FROM pg_namespace WHERE nspname NOT IN ('pg_catalog', 'information_schema') AND nspname !~ '^pg_(toast|temp)'
), used AS (
    SELECT a.attcollation AS oid FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid AND c.relkind IN ('r', 'p', 'c')
      JOIN user_schemas u ON u.oid = c.relnamespace WHERE a.attnum > 0
    UNION
    SELECT t.typcollation FROM pg_type t JOIN user_schemas u ON u.oid = t.typnamespace WHERE t.typtype = 'd'
    UNION
    SELECT unnest(i.indcollation::oid[]) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
      JOIN user_schemas u ON u.oid = c.relnamespace
    UNION
    SELECT unnest(p.partcollation::oid[]) FROM pg_partitioned_table p JOIN pg_class c ON c.oid = p.partrelid
      JOIN user_schemas u ON u.oid = c.relnamespace
)
SELECT DISTINCT co.collname AS name
FROM used JOIN pg_collation co ON co.oid = used.oid JOIN pg_namespace cn ON cn.oid = co.collnamespace
WHERE cn.nspname = 'pg_catalog' AND co.collname NOT IN ('default', 'C', 'POSIX')
ORDER BY 1

-- name: made_collations
SELECT n.nspname AS schema, co.collname AS name, to_jsonb(co) AS facts
FROM pg_collation co JOIN pg_namespace n ON n.oid = co.collnamespace
WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)'
  AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_collation'::regclass AND d.objid = co.oid AND d.deptype = 'e')
ORDER BY 1, 2

-- name: text_ranges
-- Tables partitioned by ranges of text that sorts as the database does: elsewhere rows may fit other partitions, or none.
SELECT n.nspname AS schema, c.relname AS name
FROM pg_partitioned_table p JOIN pg_class c ON c.oid = p.partrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE p.partstrat = 'r' AND 'pg_catalog."default"'::regcollation = ANY (p.partcollation::oid[])
  AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)'
ORDER BY 1, 2

-- name: texts
-- Comments of what never reaches an image have a kind of their own. Of foreign tables, which an empty table stands in
-- for, nothing else is told.
WITH user_schemas AS (
    SELECT oid, nspname FROM pg_namespace
    WHERE nspname NOT IN ('pg_catalog', 'information_schema') AND nspname !~ '^pg_(toast|temp)'
), owned AS (
    SELECT classid, objid FROM pg_depend WHERE deptype = 'e'
), foreign_tables AS (
    SELECT oid FROM pg_class WHERE relkind = 'f'
), not_restored AS (
    SELECT 'pg_class'::regclass AS classid, oid AS objid FROM foreign_tables
    UNION ALL SELECT 'pg_class'::regclass, i.indexrelid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
              WHERE NOT (i.indisvalid AND i.indisready OR c.relkind = 'I')
    UNION ALL SELECT 'pg_constraint'::regclass, k.oid FROM pg_constraint k JOIN foreign_tables t ON t.oid = k.conrelid
    UNION ALL SELECT 'pg_trigger'::regclass, g.oid FROM pg_trigger g JOIN foreign_tables t ON t.oid = g.tgrelid
), found AS (
    SELECT CASE WHEN d.classoid IN ('pg_publication'::regclass, 'pg_subscription'::regclass, 'pg_event_trigger'::regclass,
                                    'pg_foreign_server'::regclass, 'pg_foreign_data_wrapper'::regclass,
                                    'pg_largeobject'::regclass)
                  OR EXISTS (SELECT 1 FROM not_restored x WHERE x.classid = d.classoid AND x.objid = d.objoid)
                THEN 'comment_not_restored' ELSE 'comment' END AS kind,
           pg_describe_object(d.classoid, d.objoid, d.objsubid) AS object, d.description AS text,
           d.classoid AS classid, d.objoid AS objid
    FROM pg_description d
    WHERE d.objoid >= 16384 OR d.classoid = 'pg_largeobject'::regclass
       -- Schema public is older than any user, and every database comes with this comment on it.
       OR (d.classoid = 'pg_namespace'::regclass AND d.objoid IN (SELECT oid FROM user_schemas)
           AND d.description <> 'standard public schema')
    EXCEPT ALL -- CREATE EXTENSION writes a comment, too: the one of the extension's own control file.
    SELECT 'comment', pg_describe_object('pg_extension'::regclass, e.oid, 0), a.comment, 'pg_extension'::regclass, e.oid
    FROM pg_extension e JOIN pg_available_extensions a ON a.name = e.extname
    UNION ALL
    SELECT 'default', c.oid::regclass || '.' || a.attname, pg_get_expr(f.adbin, f.adrelid), 'pg_class'::regclass, c.oid
    FROM pg_attrdef f JOIN pg_class c ON c.oid = f.adrelid JOIN user_schemas u ON u.oid = c.relnamespace
    JOIN pg_attribute a ON a.attrelid = f.adrelid AND a.attnum = f.adnum
    WHERE c.relkind <> 'f'
    UNION ALL
    SELECT 'check', coalesce(nullif(k.conrelid, 0)::regclass::text, nullif(k.contypid, 0)::regtype::text) || '.' || k.conname,
           pg_get_constraintdef(k.oid), 'pg_constraint'::regclass, k.oid
    FROM pg_constraint k JOIN user_schemas u ON u.oid = k.connamespace
    WHERE k.contype = 'c' AND k.conrelid NOT IN (SELECT oid FROM foreign_tables)
    UNION ALL
    SELECT 'index', c.oid::regclass::text, pg_get_indexdef(c.oid), 'pg_class'::regclass, c.oid
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN user_schemas u ON u.oid = c.relnamespace
    WHERE (i.indpred IS NOT NULL OR i.indexprs IS NOT NULL) AND (i.indisvalid AND i.indisready OR c.relkind = 'I')
    UNION ALL
    SELECT 'enum_label', t.oid::regtype::text, e.enumlabel, 'pg_type'::regclass, t.oid
    FROM pg_enum e JOIN pg_type t ON t.oid = e.enumtypid JOIN user_schemas u ON u.oid = t.typnamespace
    UNION ALL
    SELECT CASE c.relkind WHEN 'v' THEN 'view' ELSE 'matview' END, c.oid::regclass::text, pg_get_viewdef(c.oid),
           'pg_class'::regclass, c.oid
    FROM pg_class c JOIN user_schemas u ON u.oid = c.relnamespace WHERE c.relkind IN ('v', 'm')
    UNION ALL
    SELECT 'function', p.oid::regprocedure::text, pg_get_functiondef(p.oid), 'pg_proc'::regclass, p.oid
    FROM pg_proc p JOIN user_schemas u ON u.oid = p.pronamespace WHERE p.prokind IN ('f', 'p')
    UNION ALL
    SELECT 'partition_bound', c.oid::regclass::text, pg_get_expr(c.relpartbound, c.oid), 'pg_class'::regclass, c.oid
    FROM pg_class c JOIN user_schemas u ON u.oid = c.relnamespace WHERE c.relispartition AND c.relpartbound IS NOT NULL
    UNION ALL
    SELECT 'policy', c.oid::regclass || '.' || p.polname,
           concat_ws(' ', pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid)),
           'pg_class'::regclass, c.oid
    FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid JOIN user_schemas u ON u.oid = c.relnamespace
    UNION ALL
    SELECT 'trigger', c.oid::regclass || '.' || g.tgname, pg_get_triggerdef(g.oid), 'pg_trigger'::regclass, g.oid
    FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid JOIN user_schemas u ON u.oid = c.relnamespace
    WHERE NOT g.tgisinternal AND g.tgparentid = 0 AND c.relkind <> 'f'
    UNION ALL
    SELECT 'rule', c.oid::regclass || '.' || w.rulename, pg_get_ruledef(w.oid), 'pg_class'::regclass, c.oid
    FROM pg_rewrite w JOIN pg_class c ON c.oid = w.ev_class JOIN user_schemas u ON u.oid = c.relnamespace
    WHERE w.rulename <> '_RETURN'
    UNION ALL
    SELECT 'statistics', format('%I.%I', u.nspname, s.stxname), pg_get_statisticsobjdef(s.oid),
           'pg_statistic_ext'::regclass, s.oid
    FROM pg_statistic_ext s JOIN user_schemas u ON u.oid = s.stxnamespace WHERE s.stxexprs IS NOT NULL
    UNION ALL
    SELECT 'default', t.oid::regtype::text, t.typdefault, 'pg_type'::regclass, t.oid
    FROM pg_type t JOIN user_schemas u ON u.oid = t.typnamespace WHERE t.typtype = 'd' AND t.typdefault IS NOT NULL
    UNION ALL
    SELECT 'partition_key', c.oid::regclass::text, pg_get_partkeydef(c.oid), 'pg_class'::regclass, c.oid
    FROM pg_partitioned_table p JOIN pg_class c ON c.oid = p.partrelid JOIN user_schemas u ON u.oid = c.relnamespace
    WHERE p.partexprs IS NOT NULL
    UNION ALL
    SELECT 'aggregate', p.oid::regprocedure::text, concat_ws(' ', g.agginitval, g.aggminitval), 'pg_proc'::regclass, p.oid
    FROM pg_aggregate g JOIN pg_proc p ON p.oid = g.aggfnoid JOIN user_schemas u ON u.oid = p.pronamespace
    UNION ALL
    SELECT 'text_search_dictionary', format('%I.%I', u.nspname, d.dictname), d.dictinitoption, 'pg_ts_dict'::regclass, d.oid
    FROM pg_ts_dict d JOIN user_schemas u ON u.oid = d.dictnamespace
)
SELECT kind, object, text FROM found f
WHERE text IS NOT NULL AND text <> ''
  AND NOT EXISTS (SELECT 1 FROM owned o WHERE o.classid = f.classid AND o.objid = f.objid)
ORDER BY kind, object, text

-- name: definitions
-- Everything a schema consists of as (kind, object, definition), for comparing an image with its source.
-- Not-null constraints of Postgres 18 are left out: older servers keep them on the column, where they are compared.
-- So are the copies that partitions have of their root's triggers: Postgres 14 calls them internal, 15 does not. So are
-- the parts of foreign keys from or to partitioned tables: the server names them, as it happens. So are indexes that
-- were never finished, which no dump holds. Of foreign tables there is what makes an empty table to stand in for them.
WITH user_schemas AS (
    SELECT oid, nspname FROM pg_namespace
    WHERE nspname NOT IN ('pg_catalog', 'information_schema') AND nspname !~ '^pg_(toast|temp)'
), owned AS (
    SELECT classid, objid FROM pg_depend WHERE deptype = 'e'
), found AS (
    SELECT 'schema' AS kind, nspname::text AS object, '' AS definition, 'pg_namespace'::regclass AS classid, oid AS objid
    FROM user_schemas
    UNION ALL
    SELECT 'relation', c.oid::regclass::text, c.relkind::text || ' ' || coalesce(pg_get_partkeydef(c.oid), '')
           || coalesce(pg_get_expr(c.relpartbound, c.oid), ''), 'pg_class'::regclass, c.oid
    FROM pg_class c JOIN user_schemas u ON u.oid = c.relnamespace WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S')
    UNION ALL
    SELECT 'column', c.oid::regclass || '.' || a.attname,
           concat_ws(' ', format_type(a.atttypid, a.atttypmod), CASE WHEN a.attnotnull THEN 'not null' END,
                     nullif(a.attidentity, '')::text, nullif(a.attgenerated, '')::text, pg_get_expr(f.adbin, f.adrelid)),
           'pg_class'::regclass, c.oid
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN user_schemas u ON u.oid = c.relnamespace
    LEFT JOIN pg_attrdef f ON f.adrelid = a.attrelid AND f.adnum = a.attnum
    WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'm')
    UNION ALL
    SELECT 'constraint', coalesce(nullif(k.conrelid, 0)::regclass::text, nullif(k.contypid, 0)::regtype::text) || '.' || k.conname,
           pg_get_constraintdef(k.oid), 'pg_constraint'::regclass, k.oid
    FROM pg_constraint k JOIN user_schemas u ON u.oid = k.connamespace
    WHERE (k.contype IN ('c', 'p', 'u', 'x') OR (k.contype = 'f' AND k.conparentid = 0))
      AND k.conrelid NOT IN (SELECT oid FROM pg_class WHERE relkind = 'f')
    UNION ALL
    SELECT 'index', c.oid::regclass::text, pg_get_indexdef(c.oid) || CASE WHEN i.indisvalid THEN '' ELSE ' invalid' END,
           'pg_class'::regclass, c.oid
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN user_schemas u ON u.oid = c.relnamespace
    WHERE i.indisvalid AND i.indisready OR c.relkind = 'I'
    UNION ALL
    SELECT 'view', c.oid::regclass::text, pg_get_viewdef(c.oid), 'pg_class'::regclass, c.oid
    FROM pg_class c JOIN user_schemas u ON u.oid = c.relnamespace WHERE c.relkind IN ('v', 'm')
    UNION ALL
    SELECT 'function', p.oid::regprocedure::text, pg_get_functiondef(p.oid), 'pg_proc'::regclass, p.oid
    FROM pg_proc p JOIN user_schemas u ON u.oid = p.pronamespace WHERE p.prokind IN ('f', 'p')
    UNION ALL
    SELECT 'trigger', c.oid::regclass || '.' || g.tgname, pg_get_triggerdef(g.oid), 'pg_class'::regclass, c.oid
    FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid JOIN user_schemas u ON u.oid = c.relnamespace
    WHERE NOT g.tgisinternal AND g.tgparentid = 0 AND c.relkind <> 'f'
    UNION ALL
    SELECT 'stand_in', c.oid::regclass::text,
           format('CREATE TABLE %s (%s)%s', c.oid::regclass,
                  concat_ws(', ',
                      (SELECT string_agg(concat_ws(' ', quote_ident(a.attname), format_type(a.atttypid, a.atttypmod),
                                  CASE WHEN a.attcollation NOT IN (0, t.typcollation)
                                       THEN format('COLLATE %I.%I', cn.nspname, co.collname) END,
                                  CASE WHEN a.attgenerated = 's'
                                       THEN format('GENERATED ALWAYS AS (%s) STORED', pg_get_expr(f.adbin, f.adrelid)) END,
                                  CASE WHEN a.attnotnull THEN 'NOT NULL' END), ', ' ORDER BY a.attnum)
                       FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
                       LEFT JOIN pg_attrdef f ON f.adrelid = a.attrelid AND f.adnum = a.attnum
                       LEFT JOIN pg_collation co ON co.oid = a.attcollation
                       LEFT JOIN pg_namespace cn ON cn.oid = co.collnamespace
                       WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
                      (SELECT string_agg(format('CONSTRAINT %I %s', k.conname, pg_get_constraintdef(k.oid)), ', '
                                         ORDER BY k.conname)
                       FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'c' AND k.convalidated)),
                  (SELECT format(' INHERITS (%s)', string_agg(h.inhparent::regclass::text, ', ' ORDER BY h.inhseqno))
                   FROM pg_inherits h WHERE h.inhrelid = c.oid AND NOT c.relispartition HAVING count(*) > 0)),
           'pg_class'::regclass, c.oid
    FROM pg_class c JOIN user_schemas u ON u.oid = c.relnamespace WHERE c.relkind = 'f'
    UNION ALL
    -- The roles of production are not made for images: a policy for some of them holds for everybody there.
    SELECT 'policy_for_roles', concat_ws(' ', u.nspname, c.relname, p.polname),
           format('CREATE POLICY %I ON %s AS %s FOR %s%s%s', p.polname, c.oid::regclass,
                  CASE WHEN p.polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END,
                  CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE'
                                ELSE 'ALL' END,
                  ' USING (' || pg_get_expr(p.polqual, p.polrelid) || ')',
                  ' WITH CHECK (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')'),
           'pg_policy'::regclass, p.oid
    FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid JOIN user_schemas u ON u.oid = c.relnamespace
    WHERE p.polroles <> '{0}' AND c.relkind <> 'f'
    UNION ALL
    SELECT 'stand_in_default', c.oid::regclass || '.' || quote_ident(a.attname),
           format('ALTER TABLE %s ALTER %I SET DEFAULT %s', c.oid::regclass, a.attname, pg_get_expr(f.adbin, f.adrelid)),
           'pg_class'::regclass, c.oid
    FROM pg_attrdef f JOIN pg_class c ON c.oid = f.adrelid JOIN user_schemas u ON u.oid = c.relnamespace
    JOIN pg_attribute a ON a.attrelid = f.adrelid AND a.attnum = f.adnum
    WHERE c.relkind = 'f' AND a.attgenerated = ''
    UNION ALL
    SELECT 'enum', t.oid::regtype::text, string_agg(e.enumlabel, ',' ORDER BY e.enumsortorder), 'pg_type'::regclass, t.oid
    FROM pg_enum e JOIN pg_type t ON t.oid = e.enumtypid JOIN user_schemas u ON u.oid = t.typnamespace GROUP BY t.oid
)
SELECT kind, object, definition FROM found f
WHERE NOT EXISTS (SELECT 1 FROM owned o WHERE o.classid = f.classid AND o.objid = f.objid)
ORDER BY kind, object, definition
