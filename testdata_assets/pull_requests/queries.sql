-- SQL of the pull-request room. All of it runs in the control database.

-- name: insert_event
INSERT INTO testdata.pull_request_events (
    delivery_id, source, event, action, repository, pr_number, head_sha, payload, occurred_at,
    status, reason, processed_at
)
VALUES (
    %(delivery_id)s, %(source)s, %(event)s, %(action)s, %(repository)s, %(pr_number)s, %(head_sha)s, %(payload)s,
    coalesce(%(occurred_at)s, now()), %(status)s, %(reason)s, CASE WHEN %(status)s <> 'pending' THEN now() END
)
ON CONFLICT (delivery_id) DO NOTHING
RETURNING event_id

-- name: pending
SELECT * FROM testdata.pull_request_events WHERE status = 'pending' ORDER BY event_id LIMIT %(limit)s

-- name: mark
UPDATE testdata.pull_request_events
SET status = %(status)s, reason = %(reason)s, processed_at = now()
WHERE event_id = %(event_id)s AND status = 'pending'
RETURNING event_id

-- name: event
SELECT * FROM testdata.pull_request_events WHERE event_id = %(event_id)s

-- name: state_candidates
-- Of each pull request the newest decided event (one processed without a reason was acted upon) and all pending ones.
-- Ranks settle what happened within one second, GitHub's granularity: nothing precedes opened, and a push or a change
-- of draft state at the moment of closing does not reopen.
WITH relevant AS (
    SELECT *,
           CASE action WHEN 'opened' THEN 0 WHEN 'synchronize' THEN 1 WHEN 'ready_for_review' THEN 1 ELSE 2 END
               AS turn
    FROM testdata.pull_request_events
    WHERE event = 'pull_request'
      AND action IN ('opened', 'reopened', 'synchronize', 'ready_for_review', 'closed')
      AND pr_number IS NOT NULL
), decided AS (
    SELECT DISTINCT ON (lower(repository), pr_number) *
    FROM relevant
    WHERE status = 'processed' AND reason IS NULL
    ORDER BY lower(repository), pr_number, occurred_at DESC, turn DESC, event_id DESC
)
SELECT * FROM decided
UNION ALL
SELECT * FROM relevant WHERE status = 'pending'
ORDER BY repository, pr_number, occurred_at DESC, turn DESC, event_id DESC
