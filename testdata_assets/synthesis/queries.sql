-- What factories ask beyond the catalog. User tables only; nothing of an extension.

-- name: factory_columns
WITH RECURSIVE base AS (
    SELECT t.oid, t.oid AS base, NULL::int AS typmod, ARRAY[t.oid] AS domains FROM pg_catalog.pg_type t
    UNION ALL
    SELECT b.oid, t.typbasetype, coalesce(b.typmod, nullif(t.typtypmod, -1)), b.domains || t.typbasetype
    FROM base b JOIN pg_catalog.pg_type t ON t.oid = b.base AND t.typtype = 'd'
), leaf AS (
    SELECT b.* FROM base b JOIN pg_catalog.pg_type t ON t.oid = b.base WHERE t.typtype <> 'd'
)
SELECT n.nspname AS schema, c.relname AS table, a.attname AS column,
       pg_catalog.format_type(l.base, coalesce(nullif(a.atttypmod, -1), l.typmod)) AS formatted,
       (SELECT coalesce(array_agg(e.enumlabel::text ORDER BY e.enumsortorder), '{}')
          FROM pg_catalog.pg_enum e WHERE e.enumtypid IN (t.oid, t.typelem)) AS labels,
       (SELECT count(*)::int FROM pg_catalog.pg_attribute f
         WHERE t.typrelid <> 0 AND f.attrelid = t.typrelid AND f.attnum > 0 AND NOT f.attisdropped) AS fields,
       CASE WHEN a.attgenerated = '' THEN pg_catalog.pg_get_expr(d.adbin, d.adrelid) END AS default,
       (SELECT coalesce(array_agg(pg_catalog.pg_get_constraintdef(k.oid) ORDER BY k.conname), '{}')
          FROM pg_catalog.pg_constraint k
         WHERE k.contype = 'c' AND ((k.conrelid = c.oid AND k.conkey = ARRAY[a.attnum])
                                    OR (k.contypid <> 0 AND k.contypid = ANY (l.domains)))) AS checks
FROM pg_catalog.pg_attribute a
JOIN pg_catalog.pg_class c ON c.oid = a.attrelid AND c.relkind IN ('r', 'p') AND c.relpersistence <> 't'
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN leaf l ON l.oid = a.atttypid
JOIN pg_catalog.pg_type t ON t.oid = l.base
LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE a.attnum > 0 AND NOT a.attisdropped
  AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)'

-- name: factory_partitions
SELECT c.oid, c.relname AS table, p.oid AS parent_oid, pn.nspname AS parent_schema, p.relname AS parent_table,
       pg_catalog.pg_get_expr(c.relpartbound, c.oid) AS bound,
       (SELECT array_agg(a.attname::text ORDER BY k.ordinality)
          FROM pg_catalog.pg_partitioned_table t
          CROSS JOIN LATERAL unnest(t.partattrs::int2[]) WITH ORDINALITY AS k(attnum, ordinality)
          LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = t.partrelid AND a.attnum = k.attnum AND k.attnum > 0
         WHERE t.partrelid = p.oid) AS keys
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_inherits i ON i.inhrelid = c.oid
JOIN pg_catalog.pg_class p ON p.oid = i.inhparent
JOIN pg_catalog.pg_namespace pn ON pn.oid = p.relnamespace
WHERE c.relispartition AND c.relkind IN ('r', 'p')
ORDER BY pn.nspname, p.relname, c.relname
