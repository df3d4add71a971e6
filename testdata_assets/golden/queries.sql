-- name: insert_snapshot
INSERT INTO testdata.snapshots (snapshot_id, folder, dagster_run_id) VALUES (%(snapshot_id)s, %(location)s, %(run_id)s)

-- name: complete_snapshot
UPDATE testdata.snapshots
SET status = 'complete', source_fingerprint = %(source_fingerprint)s, tables = %(tables)s, row_count = %(row_count)s,
    bytes = %(bytes)s, seconds = %(seconds)s
WHERE snapshot_id = %(snapshot_id)s

-- name: drop_snapshot
UPDATE testdata.snapshots SET status = 'dropped', dropped_at = now() WHERE snapshot_id = %(snapshot_id)s

-- name: undropped_snapshots
SELECT *, folder AS location FROM testdata.snapshots WHERE status <> 'dropped' ORDER BY created_at

-- name: snapshot_by_id
SELECT *, folder AS location FROM testdata.snapshots WHERE snapshot_id = %(snapshot_id)s

-- name: snapshot_of_run
SELECT *, folder AS location FROM testdata.snapshots WHERE dagster_run_id = %(run_id)s ORDER BY created_at DESC LIMIT 1

-- name: latest_complete_snapshot
SELECT *, folder AS location FROM testdata.snapshots WHERE status = 'complete' ORDER BY created_at DESC LIMIT 1

-- name: insert_image
INSERT INTO testdata.golden_images (golden_id, database_name, owner_role, snapshot_id, rules_digest, key_id, dagster_run_id)
VALUES (%(golden_id)s, %(database_name)s, %(owner_role)s, %(snapshot_id)s, %(rules_digest)s, %(key_id)s, %(run_id)s)

-- name: image_built
UPDATE testdata.golden_images
SET status = 'candidate', system_identifier = %(system_identifier)s, database_oid = %(database_oid)s,
    table_count = %(table_count)s, row_count = %(row_count)s, bytes = %(bytes)s, seconds = %(seconds)s,
    masked_columns = %(masked_columns)s, row_counts = %(row_counts)s, plan = %(plan)s
WHERE golden_id = %(golden_id)s AND status = 'building'

-- name: image_checked
UPDATE testdata.golden_images
SET checks = %(checks)s, profile = %(profile)s, seconds = seconds || %(seconds)s
WHERE golden_id = %(golden_id)s

-- name: image_published
UPDATE testdata.golden_images
SET status = 'published', published_at = now(), attestation = %(attestation)s, seconds = seconds || %(seconds)s
WHERE golden_id = %(golden_id)s AND status = 'candidate'

-- name: image_verified
UPDATE testdata.golden_images SET verification = %(verification)s WHERE golden_id = %(golden_id)s

-- name: image_rejected
UPDATE testdata.golden_images SET status = 'rejected', reason = %(reason)s
WHERE golden_id = %(golden_id)s AND status IN ('building', 'candidate')

-- name: lock_image
SELECT golden_id FROM testdata.golden_images WHERE golden_id = %(golden_id)s FOR UPDATE

-- name: image_retired
UPDATE testdata.golden_images SET status = 'retired', retired_at = now()
WHERE golden_id = %(golden_id)s AND status = 'published'
  AND NOT EXISTS (SELECT 1 FROM testdata.branches
                  WHERE golden_id = %(golden_id)s AND status IN ('creating', 'ready', 'deleting'))

-- name: published_image
SELECT * FROM testdata.golden_images WHERE status = 'published' ORDER BY published_at DESC LIMIT 1

-- name: image_by_id
SELECT * FROM testdata.golden_images WHERE golden_id = %(golden_id)s

-- name: image_of_run
SELECT * FROM testdata.golden_images WHERE dagster_run_id = %(run_id)s ORDER BY created_at DESC LIMIT 1

-- name: all_images
SELECT * FROM testdata.golden_images ORDER BY created_at DESC

-- name: recent_images
-- The last images that were published, newest first; also retired ones.
SELECT * FROM testdata.golden_images WHERE published_at IS NOT NULL ORDER BY published_at DESC LIMIT %(most)s

-- name: unfinished_images
SELECT * FROM testdata.golden_images WHERE status IN ('building', 'candidate') ORDER BY created_at

-- name: retirable_images
-- Published images that are neither the newest nor needed by a live branch.
SELECT g.* FROM testdata.golden_images g
WHERE g.status = 'published'
  AND g.golden_id <> (SELECT golden_id FROM testdata.golden_images
                      WHERE status = 'published' ORDER BY published_at DESC LIMIT 1)
  AND NOT EXISTS (SELECT 1 FROM testdata.branches b
                  WHERE b.golden_id = g.golden_id AND b.status IN ('creating', 'ready', 'deleting'))
ORDER BY g.published_at

-- name: sequence_users
-- Columns of whole numbers that a sequence numbers: that own it, or whose default names it.
WITH users AS (
    SELECT d.objid AS sequence, d.refobjid AS relation, d.refobjsubid AS position
    FROM pg_depend d
    WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
      AND d.refobjsubid > 0
    UNION
    SELECT d.refobjid, f.adrelid, f.adnum
    FROM pg_depend d JOIN pg_attrdef f ON f.oid = d.objid
    WHERE d.classid = 'pg_attrdef'::regclass AND d.refclassid = 'pg_class'::regclass
), base AS (
    SELECT t.oid, coalesce(b.typname, t.typname) AS name
    FROM pg_type t LEFT JOIN pg_type b ON b.oid = t.typbasetype
)
SELECT sn.nspname, s.relname, tn.nspname, t.relname, a.attname
FROM users u
JOIN pg_class s ON s.oid = u.sequence AND s.relkind = 'S'
JOIN pg_namespace sn ON sn.oid = s.relnamespace
JOIN pg_class t ON t.oid = u.relation AND t.relkind IN ('r', 'p')
JOIN pg_namespace tn ON tn.oid = t.relnamespace
JOIN pg_attribute a ON a.attrelid = u.relation AND a.attnum = u.position
JOIN base b ON b.oid = a.atttypid AND b.name IN ('int2', 'int4', 'int8', 'numeric')
ORDER BY 1, 2, 3, 4, 5

-- name: set_sequence
SELECT setval(seqrelid, least(greatest(%(value)s, seqmin), seqmax), %(called)s)
FROM pg_sequence WHERE seqrelid = %(name)s::regclass

-- name: seal_database
-- A database as its server lists it: all that a copy or whoever connects would take from it.
SELECT (SELECT system_identifier::text FROM pg_control_system()) AS system_identifier,
       d.oid::bigint AS database_oid,
       d.datallowconn AS admits_connections,
       has_function_privilege('pg_catalog.pg_ls_dir(text)', 'EXECUTE')
           AND has_function_privilege('pg_catalog.pg_stat_file(text,boolean)', 'EXECUTE') AS sees_files,
       pg_get_userbyid(d.datdba)::text AS owner,
       d.datistemplate AS is_template,
       d.datconnlimit AS connection_limit,
       pg_encoding_to_char(d.encoding)::text AS encoding,
       d.datcollate::text AS collation,
       d.datctype::text AS character_type,
       shobj_description(d.oid, 'pg_database') AS comment,
       ARRAY(SELECT entry::text FROM unnest(d.datacl) AS entry ORDER BY 1) AS grants,
       ARRAY(SELECT concat_ws(' ', r.rolname, entry)
             FROM pg_db_role_setting s CROSS JOIN unnest(s.setconfig) AS entry LEFT JOIN pg_roles r ON r.oid = s.setrole
             WHERE s.setdatabase = d.oid ORDER BY 1) AS settings,
       (SELECT jsonb_build_object('superuser', o.rolsuper, 'login', o.rolcanlogin, 'create_role', o.rolcreaterole,
                                  'create_database', o.rolcreatedb, 'replication', o.rolreplication,
                                  'bypass_rls', o.rolbypassrls)
        FROM pg_roles o WHERE o.rolname = %(owner_role)s) AS owner_role
FROM pg_database d WHERE d.datname = %(name)s

-- name: seal_files
-- The cache that the first session of a database writes is none of its contents; why others are left out, `seal.py` says.
SELECT f.name, s.size, extract(epoch FROM s.modification)::bigint AS changed
FROM pg_ls_dir('base/' || %(oid)s) AS f(name)
CROSS JOIN LATERAL pg_stat_file('base/' || %(oid)s || '/' || f.name, true) AS s
WHERE f.name !~ '^pg_internal\.init' AND s.size IS NOT NULL
  AND split_part(split_part(f.name, '_', 1), '.', 1) <> ALL (%(left_out)s::text[])
ORDER BY f.name COLLATE "C"

-- name: seal_moving_files
-- Files of pg_class and pg_statistic with their indexes and long values.
WITH moving AS (
    SELECT c.oid, c.reltoastrelid FROM pg_class c
    WHERE c.oid IN ('pg_catalog.pg_class'::regclass, 'pg_catalog.pg_statistic'::regclass)
), tables AS (
    SELECT oid FROM moving UNION SELECT reltoastrelid FROM moving WHERE reltoastrelid <> 0
)
SELECT pg_relation_filenode(oid)::text FROM tables
UNION SELECT pg_relation_filenode(i.indexrelid)::text FROM pg_index i JOIN tables t ON t.oid = i.indrelid
ORDER BY 1

-- name: seal_catalogs
-- Every catalog that is this database's own, with its columns in order.
SELECT n.nspname, c.relname, array_agg(a.attname::text ORDER BY a.attnum)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE n.nspname IN ('pg_catalog', 'information_schema') AND c.relkind = 'r' AND NOT c.relisshared
  AND c.relname <> 'pg_largeobject'
  AND has_table_privilege(c.oid, 'SELECT')
GROUP BY n.nspname, c.relname ORDER BY n.nspname, c.relname

-- name: content_relations
-- All relations with rows of their own outside the catalogs: tables, materialized views, sequences.
SELECT n.nspname, c.relname, c.relkind::text, pg_relation_size(c.oid) / current_setting('block_size')::bigint,
       coalesce((SELECT array_agg(a.attname::text ORDER BY a.attnum) FROM pg_attribute a
                 WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated IN ('', 's')), '{}')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'm', 'S') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
  AND n.nspname !~ '^pg_(toast|temp)'
ORDER BY n.nspname, c.relname

-- name: content_large_objects
SELECT pg_catalog.has_table_privilege('pg_catalog.pg_largeobject', 'SELECT') AS readable,
       (SELECT count(*) FROM pg_catalog.pg_largeobject_metadata) AS present
