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
    masked_columns = %(masked_columns)s, row_counts = %(row_counts)s
WHERE golden_id = %(golden_id)s AND status = 'building'

-- name: image_checked
UPDATE testdata.golden_images
SET checks = %(checks)s, profile = %(profile)s, seconds = seconds || %(seconds)s
WHERE golden_id = %(golden_id)s

-- name: image_published
UPDATE testdata.golden_images
SET status = 'published', published_at = now(), attestation = %(attestation)s
WHERE golden_id = %(golden_id)s AND status = 'candidate'

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
