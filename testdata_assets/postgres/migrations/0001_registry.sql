-- The registry: snapshots, golden images, branches with their journal, the inbox of pull-request events, alerts.

CREATE TABLE testdata.snapshots (
    snapshot_id        text PRIMARY KEY,
    status             text NOT NULL DEFAULT 'taking' CHECK (status IN ('taking', 'complete', 'dropped')),
    folder             text NOT NULL,
    source_fingerprint text,
    tables             integer,
    row_count          bigint,
    bytes              bigint,
    seconds            double precision,
    dagster_run_id     text,
    created_at         timestamptz NOT NULL DEFAULT now(),
    dropped_at         timestamptz
);

CREATE TABLE testdata.golden_images (
    golden_id         text PRIMARY KEY,
    database_name     text NOT NULL UNIQUE,
    owner_role        text NOT NULL,
    snapshot_id       text NOT NULL REFERENCES testdata.snapshots,
    status            text NOT NULL DEFAULT 'building'
                      CHECK (status IN ('building', 'candidate', 'published', 'rejected', 'retired')),
    reason            text,
    system_identifier text,
    database_oid      bigint,
    rules_digest      text NOT NULL,
    key_id            text NOT NULL,
    table_count       integer,
    row_count         bigint,
    bytes             bigint,
    seconds           jsonb NOT NULL DEFAULT '{}',
    masked_columns    jsonb NOT NULL DEFAULT '[]',
    row_counts        jsonb NOT NULL DEFAULT '{}',
    checks            jsonb,
    profile           jsonb,
    attestation       jsonb,
    dagster_run_id    text,
    created_at        timestamptz NOT NULL DEFAULT now(),
    published_at      timestamptz,
    retired_at        timestamptz
);
CREATE INDEX golden_images_status ON testdata.golden_images (status, published_at DESC);

CREATE TABLE testdata.branches (
    branch_id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name            text NOT NULL,
    golden_id       text NOT NULL REFERENCES testdata.golden_images,
    provider        text NOT NULL,
    database_name   text NOT NULL,
    role_name       text NOT NULL,
    password_sealed bytea,
    status          text NOT NULL CHECK (status IN ('creating', 'ready', 'deleting', 'deleted', 'failed')),
    reason          text,
    copy_on_write   boolean,
    seconds         double precision,
    bytes           bigint,
    repository      text,
    pr_number       integer,
    head_sha        text,
    created_at      timestamptz NOT NULL DEFAULT now(),
    expires_at      timestamptz,
    deleted_at      timestamptz
);
CREATE UNIQUE INDEX branches_live_name ON testdata.branches (name) WHERE status IN ('creating', 'ready', 'deleting');

CREATE TABLE testdata.branch_journal (
    entry_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    branch_id bigint NOT NULL REFERENCES testdata.branches,
    operation text NOT NULL,
    step      text NOT NULL,
    at        timestamptz NOT NULL DEFAULT now(),
    details   jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX branch_journal_branch ON testdata.branch_journal (branch_id, entry_id);

CREATE TABLE testdata.pull_request_events (
    event_id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    delivery_id  text NOT NULL UNIQUE,
    received_at  timestamptz NOT NULL DEFAULT now(),
    source       text NOT NULL CHECK (source IN ('github', 'cli')),
    event        text NOT NULL,
    action       text,
    repository   text,
    pr_number    integer,
    head_sha     text,
    payload      jsonb,
    status       text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'processed', 'rejected')),
    reason       text,
    processed_at timestamptz
);
CREATE INDEX pull_request_events_pending ON testdata.pull_request_events (event_id) WHERE status = 'pending';
CREATE INDEX pull_request_events_subject ON testdata.pull_request_events (repository, pr_number, event_id);

CREATE TABLE testdata.alerts (
    alert_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at       timestamptz NOT NULL DEFAULT now(),
    kind     text NOT NULL,
    subject  text NOT NULL,
    message  text NOT NULL
);
