-- SQL of the branches room. Blocks marked "server" run on the server of the images, all others in the control database.

-- name: try_lock
SELECT pg_try_advisory_lock(hashtextextended('testdata.branch:' || %(name)s, 0)) AS taken

-- name: unlock
SELECT pg_advisory_unlock(hashtextextended('testdata.branch:' || %(name)s, 0)) AS released

-- name: installation
SELECT (SELECT system_identifier FROM pg_control_system())::text || '/' || oid::text AS id
FROM pg_database
WHERE datname = current_database()

-- name: insert_branch
-- FOR SHARE: retiring an image (which locks its row for update) and branching it exclude each other.
WITH image AS (
    SELECT golden_id FROM testdata.golden_images
    WHERE golden_id = %(golden_id)s AND status = 'published'
    FOR SHARE
)
INSERT INTO testdata.branches (
    name, golden_id, provider, database_name, role_name, password_sealed, status,
    repository, pr_number, head_sha, created_at, expires_at
)
SELECT %(name)s, golden_id, %(provider)s, %(database)s, %(role)s, %(password_sealed)s, 'creating',
       %(repository)s, %(pr_number)s, %(head_sha)s, now(), now() + make_interval(hours => %(ttl_hours)s)
FROM image
RETURNING *

-- name: latest_by_name
SELECT * FROM testdata.branches WHERE name = %(name)s ORDER BY branch_id DESC LIMIT 1

-- name: list_latest
-- failures: how often in a row creating the newest one has failed.
SELECT latest.*, (
    SELECT count(*)::integer FROM testdata.branches AS failed
    WHERE failed.name = latest.name AND latest.status = 'failed' AND NOT EXISTS (
        SELECT FROM testdata.branches AS other
        WHERE other.name = failed.name AND other.branch_id >= failed.branch_id AND other.status <> 'failed'
    )
) AS failures
FROM (
    SELECT DISTINCT ON (name) * FROM testdata.branches ORDER BY name, branch_id DESC
) AS latest
WHERE %(include_deleted)s OR latest.status <> 'deleted'
ORDER BY latest.branch_id

-- name: list_expired
SELECT * FROM testdata.branches
WHERE status IN ('ready', 'failed') AND expires_at <= now()
  AND NOT EXISTS (
      SELECT FROM testdata.branches AS newer
      WHERE newer.name = branches.name AND newer.branch_id > branches.branch_id
  )
ORDER BY branch_id

-- name: list_unfinished
SELECT * FROM testdata.branches WHERE status IN ('creating', 'deleting') ORDER BY branch_id

-- name: list_known_databases
SELECT DISTINCT database_name FROM testdata.branches WHERE status IN ('creating', 'ready', 'deleting')

-- name: set_ready
UPDATE testdata.branches
SET status = 'ready', reason = NULL, copy_on_write = %(copy_on_write)s,
    copy_on_write_evidence = %(evidence)s, seconds = %(seconds)s, bytes = %(bytes)s
WHERE branch_id = %(branch_id)s AND status = 'creating'
RETURNING *

-- name: set_creating
UPDATE testdata.branches SET status = 'creating', reason = NULL, password_sealed = %(password_sealed)s
WHERE branch_id = %(branch_id)s AND status IN ('ready', 'creating')
RETURNING *

-- name: set_deleting
UPDATE testdata.branches SET status = 'deleting', reason = %(reason)s
WHERE branch_id = %(branch_id)s AND status IN ('creating', 'ready', 'deleting', 'failed')
RETURNING *

-- name: set_deleted
UPDATE testdata.branches SET status = 'deleted', deleted_at = now(), password_sealed = NULL
WHERE branch_id = %(branch_id)s
RETURNING *

-- name: set_failed
UPDATE testdata.branches
SET status = 'failed', reason = %(reason)s, deleted_at = now(), password_sealed = NULL
WHERE branch_id = %(branch_id)s
RETURNING *

-- name: touch
-- A pull request's push or a repeated create renews what the branch is for and how long it lives.
UPDATE testdata.branches
SET repository = coalesce(%(repository)s, repository), pr_number = coalesce(%(pr_number)s, pr_number),
    head_sha = coalesce(%(head_sha)s, head_sha),
    expires_at = greatest(expires_at, now() + make_interval(hours => %(ttl_hours)s))
WHERE branch_id = %(branch_id)s AND status = 'ready'
RETURNING *

-- name: write_journal
INSERT INTO testdata.branch_journal (branch_id, operation, step, details)
VALUES (%(branch_id)s, %(operation)s, %(step)s, %(details)s)

-- name: last_operation
SELECT operation FROM testdata.branch_journal WHERE branch_id = %(branch_id)s ORDER BY entry_id DESC LIMIT 1

-- name: journal
SELECT operation, step, at, details FROM testdata.branch_journal
WHERE branch_id = %(branch_id)s ORDER BY entry_id

-- name: server_open_databases
-- Databases anybody may connect to: PUBLIC still has the CONNECT (or TEMPORARY) every new database grants it.
SELECT d.datname AS name,
       d.datallowconn AS reachable,
       r.rolname = current_user
           OR (d.datname IN ('postgres', 'template0', 'template1')
               AND (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)) AS ours
FROM pg_database AS d
JOIN pg_roles AS r ON r.oid = d.datdba
WHERE d.datconnlimit <> -2
  AND EXISTS (
      SELECT FROM aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) AS granted
      WHERE granted.grantee = 0
  )
ORDER BY d.datname

-- name: server_role
SELECT shobj_description(oid, 'pg_authid') AS mark FROM pg_roles WHERE rolname = %(role)s

-- name: server_database
SELECT oid, datallowconn, datconnlimit = -2 AS half_dropped FROM pg_database WHERE datname = %(database)s

-- name: server_marked_roles
SELECT rolname FROM pg_roles
WHERE starts_with(rolname, %(prefix)s) AND shobj_description(oid, 'pg_authid') = %(mark)s
ORDER BY rolname

-- name: server_databases_owned_by
SELECT datname FROM pg_database AS d JOIN pg_roles AS r ON r.oid = d.datdba WHERE r.rolname = %(role)s

-- name: server_terminate_sessions
SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity
WHERE (datname = %(database)s OR usename = %(role)s) AND pid <> pg_backend_pid()

-- name: server_prepared_transactions
SELECT gid, owner FROM pg_prepared_xacts WHERE database = %(database)s ORDER BY prepared

-- name: server_replication_slots
SELECT slot_name, active_pid FROM pg_replication_slots WHERE database = %(database)s

-- name: server_database_settings
SELECT split_part(entry, '=', 1) AS name, substr(entry, strpos(entry, '=') + 1) AS value
FROM pg_db_role_setting AS s
JOIN pg_database AS d ON d.oid = s.setdatabase
CROSS JOIN unnest(s.setconfig) AS entry
WHERE d.datname = %(database)s AND s.setrole = 0

-- name: server_clone_method
SELECT 'clone' = ANY (enumvals) AS available FROM pg_settings WHERE name = 'file_copy_method'

-- name: server_facts
SELECT d.oid::bigint AS oid, pg_database_size(d.oid) AS bytes,
       (SELECT system_identifier FROM pg_control_system()) AS system_identifier
FROM pg_database AS d WHERE d.datname = %(database)s

-- name: branch_foreign_access
-- Ways out of the database that no branch may have.
SELECT 'foreign server' AS kind, srvname::text AS name FROM pg_foreign_server
UNION ALL
SELECT 'user mapping', coalesce(usename, 'public')::text || ' on ' || srvname FROM pg_user_mappings
UNION ALL
SELECT 'subscription', subname::text FROM pg_subscription
WHERE subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())

-- name: branch_kept_by_administrator
-- What the image's owner, a superuser while the image was built, must not pass on: wrappers and event triggers may be
-- a superuser's only, and functions whose EXECUTE an extension has taken from PUBLIC were never the role's to run.
WITH objects AS (
    SELECT 'pg_foreign_data_wrapper'::regclass AS class, oid, fdwowner AS owner FROM pg_foreign_data_wrapper
    UNION ALL
    SELECT 'pg_event_trigger'::regclass, oid, evtowner FROM pg_event_trigger
    UNION ALL
    SELECT 'pg_proc'::regclass, oid, proowner FROM pg_proc
    WHERE proacl IS NOT NULL
      AND NOT EXISTS (SELECT FROM aclexplode(proacl) AS granted WHERE granted.grantee = 0)
      AND EXISTS (
          SELECT FROM pg_depend AS member
          WHERE member.classid = 'pg_proc'::regclass AND member.objid = pg_proc.oid AND member.deptype = 'e'
      )
)
SELECT identified.type AS kind, identified.identity
FROM objects
CROSS JOIN LATERAL pg_identify_object(objects.class, objects.oid, 0) AS identified
WHERE objects.owner = (SELECT oid FROM pg_roles WHERE rolname = %(role)s)
ORDER BY identified.identity

-- name: branch_schemas
-- Schemas go first: an owner who is no superuser can be given an object only where he may create one.
SELECT 'schema' AS kind, quote_ident(nspname) AS identity
FROM pg_namespace
WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
  AND nspowner <> (SELECT oid FROM pg_roles WHERE rolname = %(role)s)
  AND NOT EXISTS (
      SELECT FROM pg_depend AS member
      WHERE member.classid = 'pg_namespace'::regclass AND member.objid = pg_namespace.oid AND member.deptype = 'e'
  )
ORDER BY nspname

-- name: branch_foreign_owned
-- Objects of the clone that REASSIGN OWNED did not reach: their owner is neither the branch role nor an extension's.
-- Parts of others (a range's constructors, an identity's sequence) go with those.
-- Languages, wrappers and event triggers stay with the administrator, as only a superuser may own them.
WITH objects AS (
    SELECT 'pg_class'::regclass AS class, c.oid, relowner AS owner, CASE relkind WHEN 'S' THEN 2 ELSE 1 END AS turn
    FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = relnamespace
    WHERE relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND nspname !~ '^pg_' AND nspname <> 'information_schema'
      AND NOT EXISTS (
          SELECT FROM pg_depend AS own  -- a serial's sequence follows its table
          WHERE own.classid = 'pg_class'::regclass AND own.objid = c.oid AND relkind = 'S'
            AND own.refclassid = 'pg_class'::regclass AND own.deptype = 'a'
      )
    UNION ALL
    SELECT 'pg_type'::regclass, t.oid, typowner, 1
    FROM pg_type AS t
    JOIN pg_namespace AS n ON n.oid = typnamespace
    LEFT JOIN pg_class AS c ON c.oid = typrelid
    WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
      AND (typtype IN ('d', 'e', 'r') OR (typtype = 'b' AND typelem = 0) OR (typtype = 'c' AND relkind = 'c'))
    UNION ALL
    SELECT 'pg_proc'::regclass, oid, proowner, 1 FROM pg_proc WHERE oid >= 16384
    UNION ALL
    SELECT 'pg_operator'::regclass, oid, oprowner, 1 FROM pg_operator WHERE oid >= 16384
    UNION ALL
    SELECT 'pg_opclass'::regclass, oid, opcowner, 1 FROM pg_opclass WHERE oid >= 16384
    UNION ALL
    SELECT 'pg_opfamily'::regclass, oid, opfowner, 1 FROM pg_opfamily WHERE oid >= 16384
    UNION ALL
    SELECT 'pg_collation'::regclass, oid, collowner, 1 FROM pg_collation WHERE oid >= 16384
    UNION ALL
    SELECT 'pg_conversion'::regclass, oid, conowner, 1 FROM pg_conversion WHERE oid >= 16384
    UNION ALL
    SELECT 'pg_ts_dict'::regclass, oid, dictowner, 1 FROM pg_ts_dict WHERE oid >= 16384
    UNION ALL
    SELECT 'pg_ts_config'::regclass, oid, cfgowner, 1 FROM pg_ts_config WHERE oid >= 16384
    UNION ALL
    SELECT 'pg_statistic_ext'::regclass, oid, stxowner, 1 FROM pg_statistic_ext
    UNION ALL
    SELECT 'pg_largeobject'::regclass, oid, lomowner, 1 FROM pg_largeobject_metadata
)
SELECT identified.type AS kind, identified.identity
FROM objects
CROSS JOIN LATERAL pg_identify_object(objects.class, objects.oid, 0) AS identified
WHERE objects.owner <> (SELECT oid FROM pg_roles WHERE rolname = %(role)s)
  AND NOT EXISTS (
      SELECT FROM pg_depend AS member
      WHERE member.classid = objects.class AND member.objid = objects.oid AND member.deptype IN ('e', 'i')
  )
ORDER BY objects.turn, identified.identity
