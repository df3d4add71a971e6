-- What validation asks an image's catalog beside what production/queries.sql reads.

-- name: materialized_views
SELECT c.oid::int8 AS oid, n.nspname AS schema, c.relname AS name
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'm' AND c.relispopulated
  AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)'
ORDER BY n.nspname, c.relname

-- name: unpopulated
SELECT n.nspname AS schema, c.relname AS name
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'm' AND NOT c.relispopulated
  AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)'
ORDER BY n.nspname, c.relname

-- name: invalid_indexes
-- Those of partitioned tables are compared with the source's, where they may wait for their partitions, too.
SELECT n.nspname AS schema, c.relname AS name
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE NOT (i.indisvalid AND i.indisready AND i.indislive) AND c.relkind = 'i'
  AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)'
ORDER BY n.nspname, c.relname

-- name: relation_pages
SELECT n.nspname AS schema, c.relname AS name, pg_relation_size(c.oid) / current_setting('block_size')::int AS pages
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'm') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
  AND n.nspname !~ '^pg_(toast|temp)'

-- name: distinct_estimates
SELECT schemaname AS schema, tablename AS table, attname AS column, n_distinct
FROM pg_stats
WHERE schemaname NOT IN ('pg_catalog', 'information_schema')

-- name: owners
-- Every user object with its owner; what an extension owns aside. Schema public belongs to the database's owner.
WITH user_schemas AS (
    SELECT oid, nspname FROM pg_namespace
    WHERE nspname NOT IN ('pg_catalog', 'information_schema') AND nspname !~ '^pg_(toast|temp)'
), found AS (
    SELECT 'schema' AS kind, nspname::text AS name, n.nspowner AS owner, 'pg_namespace'::regclass AS classid, oid
    FROM pg_namespace n JOIN user_schemas USING (oid, nspname) WHERE n.nspowner <> 'pg_database_owner'::regrole
      AND n.nspname <> 'public'
    UNION ALL
    SELECT 'relation', c.oid::regclass::text, c.relowner, 'pg_class'::regclass, c.oid
    FROM pg_class c JOIN user_schemas u ON u.oid = c.relnamespace WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
    UNION ALL
    SELECT 'function', p.oid::regprocedure::text, p.proowner, 'pg_proc'::regclass, p.oid
    FROM pg_proc p JOIN user_schemas u ON u.oid = p.pronamespace
    UNION ALL
    SELECT 'type', t.oid::regtype::text, t.typowner, 'pg_type'::regclass, t.oid
    FROM pg_type t JOIN user_schemas u ON u.oid = t.typnamespace WHERE t.typtype IN ('d', 'e', 'r')
)
SELECT kind, name, owner::regrole::text FROM found f
WHERE NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = f.classid AND d.objid = f.oid
    AND (d.deptype = 'e' OR d.deptype = 'i' AND d.classid = 'pg_proc'::regclass))  -- a range type makes functions
ORDER BY kind, name

-- name: grants
-- Rights on user objects of anybody but their owner; those that PUBLIC has by default, and on schema public, aside.
WITH user_schemas AS (
    SELECT oid, nspname FROM pg_namespace
    WHERE nspname NOT IN ('pg_catalog', 'information_schema') AND nspname !~ '^pg_(toast|temp)'
), found AS (
    SELECT 'schema' AS kind, n.nspname::text AS name, n.nspowner AS owner, n.nspacl AS acl,
           'pg_namespace'::regclass AS classid, n.oid
    FROM pg_namespace n JOIN user_schemas USING (oid) WHERE n.nspname <> 'public'
    UNION ALL
    SELECT 'relation', c.oid::regclass::text, c.relowner, c.relacl, 'pg_class'::regclass, c.oid
    FROM pg_class c JOIN user_schemas u ON u.oid = c.relnamespace
    UNION ALL
    SELECT 'column', c.oid::regclass || '.' || a.attname, c.relowner, a.attacl, 'pg_class'::regclass, c.oid
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN user_schemas u ON u.oid = c.relnamespace
    WHERE a.attnum > 0 AND a.attacl IS NOT NULL
    UNION ALL
    SELECT 'function', p.oid::regprocedure::text, p.proowner, p.proacl, 'pg_proc'::regclass, p.oid
    FROM pg_proc p JOIN user_schemas u ON u.oid = p.pronamespace
    UNION ALL
    SELECT 'default privileges', coalesce(n.nspname, 'of the database')::text, d.defaclrole, d.defaclacl,
           'pg_default_acl'::regclass, d.oid
    FROM pg_default_acl d LEFT JOIN pg_namespace n ON n.oid = d.defaclnamespace
)
SELECT kind, name, count(*) AS rights
FROM found f, aclexplode(f.acl) AS a
WHERE a.grantee <> f.owner AND NOT (f.kind = 'function' AND a.grantee = 0)
  AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = f.classid AND d.objid = f.oid
    AND (d.deptype = 'e' OR d.deptype = 'i' AND d.classid = 'pg_proc'::regclass))  -- a range type makes functions
GROUP BY kind, name ORDER BY kind, name

-- name: reaching_out
SELECT 'foreign server' AS kind, srvname::text AS name FROM pg_foreign_server
UNION ALL SELECT 'user mapping', srvname::text FROM pg_user_mappings
UNION ALL SELECT 'publication', pubname::text FROM pg_publication
UNION ALL SELECT 'subscription', subname::text FROM pg_subscription
 WHERE subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())
ORDER BY 1, 2

-- name: object_names
-- Names of everything that reaches an image, with the schema or relation it is in and its place there: by number for
-- columns, else by name.
WITH user_schemas AS (
    SELECT oid, quote_ident(nspname) AS within, nspname FROM pg_namespace
    WHERE nspname NOT IN ('pg_catalog', 'information_schema') AND nspname !~ '^pg_(toast|temp)'
), relations AS (
    SELECT c.oid, c.oid::regclass::text AS name, c.relname, c.relkind, c.relnamespace, u.within
    FROM pg_class c JOIN user_schemas u ON u.oid = c.relnamespace
), found AS (
    SELECT 0 AS depth, 'schema' AS kind, '' AS within, nspname::text AS name, NULL::int AS place FROM user_schemas
    UNION ALL SELECT 1, CASE relkind WHEN 'i' THEN 'index' WHEN 'I' THEN 'index' WHEN 'S' THEN 'sequence' WHEN 'v' THEN 'view'
                                  WHEN 'm' THEN 'materialized view' WHEN 'c' THEN 'composite type' ELSE 'table' END,
                     within, relname, NULL FROM relations
    UNION ALL SELECT 2, 'column', r.name, a.attname, a.attnum
      FROM pg_attribute a JOIN relations r ON r.oid = a.attrelid AND r.relkind NOT IN ('i', 'I', 'S')
      WHERE a.attnum > 0 AND NOT a.attisdropped
    UNION ALL SELECT 2, 'constraint', coalesce(r.name, u.within), k.conname, NULL
      FROM pg_constraint k JOIN user_schemas u ON u.oid = k.connamespace LEFT JOIN relations r ON r.oid = k.conrelid
    UNION ALL SELECT 2, 'trigger', r.name, g.tgname, NULL
      FROM pg_trigger g JOIN relations r ON r.oid = g.tgrelid WHERE NOT g.tgisinternal
    UNION ALL SELECT 2, 'policy', r.name, p.polname, NULL FROM pg_policy p JOIN relations r ON r.oid = p.polrelid
    UNION ALL SELECT 2, 'rule', r.name, w.rulename, NULL
      FROM pg_rewrite w JOIN relations r ON r.oid = w.ev_class WHERE w.rulename <> '_RETURN'
    UNION ALL SELECT 1, 'type', u.within, t.typname, NULL
      FROM pg_type t JOIN user_schemas u ON u.oid = t.typnamespace WHERE t.typrelid = 0 AND t.typelem = 0
    UNION ALL SELECT 1, 'function', u.within, p.proname, NULL
      FROM pg_proc p JOIN user_schemas u ON u.oid = p.pronamespace
    UNION ALL SELECT 2, 'argument', p.oid::regproc::text, a.name, a.place::int
      FROM pg_proc p JOIN user_schemas u ON u.oid = p.pronamespace
      CROSS JOIN LATERAL unnest(p.proargnames) WITH ORDINALITY AS a(name, place) WHERE a.name <> ''
    UNION ALL SELECT 1, 'statistics', u.within, s.stxname, NULL
      FROM pg_statistic_ext s JOIN user_schemas u ON u.oid = s.stxnamespace
    UNION ALL SELECT 1, 'collation', u.within, o.collname, NULL
      FROM pg_collation o JOIN user_schemas u ON u.oid = o.collnamespace
    UNION ALL SELECT 1, 'conversion', u.within, o.conname, NULL
      FROM pg_conversion o JOIN user_schemas u ON u.oid = o.connamespace
    UNION ALL SELECT 1, 'operator', u.within, o.oprname, NULL
      FROM pg_operator o JOIN user_schemas u ON u.oid = o.oprnamespace
    UNION ALL SELECT 1, 'operator class', u.within, o.opcname, NULL
      FROM pg_opclass o JOIN user_schemas u ON u.oid = o.opcnamespace
    UNION ALL SELECT 1, 'operator family', u.within, o.opfname, NULL
      FROM pg_opfamily o JOIN user_schemas u ON u.oid = o.opfnamespace
    UNION ALL SELECT 1, 'text search configuration', u.within, o.cfgname, NULL
      FROM pg_ts_config o JOIN user_schemas u ON u.oid = o.cfgnamespace
    UNION ALL SELECT 1, 'text search dictionary', u.within, o.dictname, NULL
      FROM pg_ts_dict o JOIN user_schemas u ON u.oid = o.dictnamespace
    UNION ALL SELECT 1, 'text search parser', u.within, o.prsname, NULL
      FROM pg_ts_parser o JOIN user_schemas u ON u.oid = o.prsnamespace
    UNION ALL SELECT 1, 'text search template', u.within, o.tmplname, NULL
      FROM pg_ts_template o JOIN user_schemas u ON u.oid = o.tmplnamespace
    UNION ALL SELECT 0, 'language', '', lanname, NULL FROM pg_language WHERE oid >= 16384
    UNION ALL SELECT 0, 'access method', '', amname, NULL FROM pg_am WHERE oid >= 16384
    UNION ALL SELECT 0, 'publication', '', pubname, NULL FROM pg_publication
    UNION ALL SELECT 0, 'subscription', '', subname, NULL FROM pg_subscription
      WHERE subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())
    UNION ALL SELECT 0, 'event trigger', '', evtname, NULL FROM pg_event_trigger
    UNION ALL SELECT 0, 'foreign server', '', srvname, NULL FROM pg_foreign_server
    UNION ALL SELECT 0, 'foreign data wrapper', '', fdwname, NULL FROM pg_foreign_data_wrapper
)
SELECT depth, kind, within, coalesce(place, row_number() OVER (PARTITION BY kind, within ORDER BY name COLLATE "C")), name
FROM found
ORDER BY 1, 2, 3, 4

-- name: unproven_not_null
-- Columns that NOT NULL holds for new rows only, from Postgres 18 on; production may have NULLs there.
SELECT n.nspname AS schema, c.relname AS table, a.attname AS column
FROM pg_constraint k
JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = ANY (k.conkey)
WHERE k.contype = 'n' AND NOT k.convalidated

-- name: catalog_columns
-- Each column that the source or the image has of the source's tables, and how both differ. What is expected is a JSON
-- array of [schema, table, shown, [[column, type, not null, generated, digest of its labels], ...]].
SELECT * FROM (
    WITH RECURSIVE base AS (
        SELECT t.oid, t.typbasetype AS below, t.oid AS leaf, t.typnotnull AS not_null FROM pg_type t
        UNION ALL
        SELECT b.oid, t.typbasetype, t.oid, b.not_null OR t.typnotnull FROM base b JOIN pg_type t ON t.oid = b.below
    ), expected AS (
        SELECT t.v ->> 0 AS schema_name, t.v ->> 1 AS table_name, t.v ->> 2 AS shown, c.v ->> 0 AS column_name, c.place,
               c.v ->> 1 AS type, CAST(c.v ->> 2 AS bool) AS not_null, CAST(c.v ->> 3 AS bool) AS generated,
               c.v ->> 4 AS labels
        FROM jsonb_array_elements(CAST({expected} AS jsonb)) AS t(v),
             jsonb_array_elements(t.v -> 3) WITH ORDINALITY AS c(v, place)
    ), tables AS (
        SELECT DISTINCT schema_name, table_name, shown FROM expected
    ), found AS (
        SELECT t.schema_name, t.table_name, t.shown, a.attname::text AS column_name,
               row_number() OVER (PARTITION BY c.oid ORDER BY a.attnum) AS place,
               format_type(a.atttypid, a.atttypmod) AS type, a.attnotnull OR b.not_null AS not_null,
               a.attgenerated <> '' AS generated,
               (SELECT encode(sha256(convert_to(string_agg(e.enumlabel, chr(1) ORDER BY e.enumsortorder), 'UTF8')), 'hex')
                  FROM pg_enum e WHERE e.enumtypid = b.leaf) AS labels
        FROM tables t
        JOIN pg_namespace n ON n.nspname = t.schema_name
        JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = t.table_name AND c.relkind IN ('r', 'p')
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        JOIN base b ON b.oid = a.atttypid AND b.below = 0
    )
    SELECT coalesce(e.shown, f.shown) AS table_name, column_name,
           CASE WHEN f.column_name IS NULL THEN 'missing'
                WHEN e.column_name IS NULL THEN 'not in the source'
                WHEN (e.place, e.type, e.not_null, e.generated)
                     IS DISTINCT FROM (f.place, f.type, f.not_null, f.generated) THEN 'different'
                ELSE '' END AS difference,
           CASE WHEN e.labels IS DISTINCT FROM f.labels AND e.column_name IS NOT NULL AND f.column_name IS NOT NULL
                THEN 1 ELSE 0 END AS other_labels
    FROM expected e FULL JOIN found f USING (schema_name, table_name, column_name)
) AS facts

-- name: catalog_keys
-- Each unique key of the source as the image has it, and rows under it that are there already. What is expected is a JSON
-- array of [schema, table, shown, key, columns]; duplicates are a CASE over the key's number, as the server proves what
-- is in force, so that only others are counted.
SELECT e.shown AS table_name, e.key_name,
       CASE WHEN i.indexrelid IS NULL THEN 'missing'
            WHEN NOT (i.indisunique OR i.indisexclusion) OR NOT (i.indisvalid AND i.indisready OR i.partitioned)
                 OR i.columns IS DISTINCT FROM ARRAY(SELECT jsonb_array_elements_text(e.columns)) THEN 'different'
            ELSE '' END AS difference,
       {duplicates} AS duplicates
FROM (
    SELECT k.number, k.v ->> 0 AS schema_name, k.v ->> 1 AS table_name, k.v ->> 2 AS shown, k.v ->> 3 AS key_name,
           k.v -> 4 AS columns
    FROM jsonb_array_elements(CAST({expected} AS jsonb)) WITH ORDINALITY AS k(v, number)
) AS e
LEFT JOIN (
    SELECT x.indexrelid, x.indisunique, x.indisexclusion, x.indisvalid, x.indisready, n.nspname AS schema_name,
           c.relname AS table_name, ic.relname AS key_name, ic.relkind = 'I' AS partitioned,
           ARRAY(SELECT a.attname::text FROM unnest(x.indkey) WITH ORDINALITY AS u(attnum, place)
                   JOIN pg_attribute a ON a.attrelid = x.indrelid AND a.attnum = u.attnum
                  WHERE u.place <= x.indnkeyatts AND u.attnum > 0 ORDER BY u.place) AS columns
    FROM pg_index x
    JOIN pg_class ic ON ic.oid = x.indexrelid
    JOIN pg_class c ON c.oid = x.indrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace
) AS i ON (i.schema_name, i.table_name, i.key_name) = (e.schema_name, e.table_name, e.key_name)

-- name: catalog_rows
-- Each table, or all partitions that rows may move between: rows and NULLs beside those expected. Figures are arrays of
-- the table's rows and of the NULLs in each column named.
SELECT table_name, CAST(sum(expected) AS bigint) AS expected_rows, CAST(sum(figures[1]) AS bigint) AS counted_rows,
       CAST(sum(figures[1] - expected) AS bigint) AS difference, CAST(coalesce(sum(nulls), 0) AS bigint) AS nulls,
       coalesce(string_agg(null_columns, ', '), '') AS null_columns
FROM (
    SELECT table_name, expected, figures,
           (SELECT sum(n) FROM unnest(figures[2 :]) AS n) AS nulls,
           (SELECT string_agg(u.name, ', ' ORDER BY u.place)
              FROM unnest(figures[2 :], names) WITH ORDINALITY AS u(n, name, place) WHERE u.n > 0) AS null_columns
    FROM ({leaves}) AS leaf
) AS told
GROUP BY table_name
