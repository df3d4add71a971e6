-- Branches keep how copy-on-write was found out; events keep when they happened, which is not when they arrived.

ALTER TABLE testdata.branches
    ADD COLUMN copy_on_write_evidence text CHECK (copy_on_write_evidence IN ('fiemap', 'unmeasured'));

ALTER TABLE testdata.pull_request_events
    ADD COLUMN occurred_at timestamptz NOT NULL DEFAULT now();

CREATE INDEX branches_name ON testdata.branches (name, branch_id DESC);
