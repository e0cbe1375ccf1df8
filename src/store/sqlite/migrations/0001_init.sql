-- The first schema. Numbers in "state" columns are the enums of include/vdo/store/records.h
-- (held by assertions in rows.c); times are milliseconds since the epoch, money micro-dollars.

-- Bodies stand apart, so that lists and the claim of the next delivery read small rows.
CREATE TABLE deliveries (
    seq            INTEGER PRIMARY KEY,
    guid           TEXT    NOT NULL UNIQUE,
    event          TEXT    NOT NULL,
    action         TEXT    NOT NULL DEFAULT '',
    sha256         BLOB    NOT NULL,
    body_key       INTEGER NOT NULL,                -- first 8 bytes of sha256: a small index
    repo_id        INTEGER NOT NULL DEFAULT 0,
    repo           TEXT    NOT NULL DEFAULT '',
    issue          INTEGER NOT NULL DEFAULT 0,
    state          INTEGER NOT NULL,
    reason         TEXT    NOT NULL DEFAULT '',
    job_id         TEXT    NOT NULL DEFAULT '',
    received_at_ms INTEGER NOT NULL,
    run_at_ms      INTEGER NOT NULL,
    attempts       INTEGER NOT NULL DEFAULT 0,
    claimed_by     TEXT,                            -- node; NULL: nobody
    claimed_at_ms  INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX deliveries_body ON deliveries (body_key);
CREATE INDEX deliveries_due ON deliveries (run_at_ms, seq) WHERE state = 0 AND claimed_by IS NULL;
CREATE INDEX deliveries_claimed ON deliveries (repo_id, issue) WHERE claimed_by IS NOT NULL;
CREATE INDEX deliveries_lane ON deliveries (repo_id, issue, seq) WHERE state = 0 AND repo_id <> 0;
CREATE INDEX deliveries_ended_badly ON deliveries (state, seq) WHERE state > 1;

CREATE TABLE delivery_bodies (
    seq  INTEGER PRIMARY KEY,
    body BLOB NOT NULL
) STRICT;

CREATE TABLE jobs (
    seq              INTEGER PRIMARY KEY AUTOINCREMENT,
    id               TEXT    NOT NULL UNIQUE,
    workflow         TEXT    NOT NULL,
    forge            TEXT    NOT NULL,
    installation_id  INTEGER NOT NULL,
    repo_id          INTEGER NOT NULL,
    repo             TEXT    NOT NULL,
    issue            INTEGER NOT NULL,
    generation       INTEGER NOT NULL,
    title            TEXT    NOT NULL,
    text             TEXT    NOT NULL,
    instructions     TEXT    NOT NULL,
    type             TEXT    NOT NULL,
    priority         TEXT    NOT NULL,
    rank             INTEGER NOT NULL,              -- of the priority: 0 first
    requester        TEXT    NOT NULL,
    requester_id     INTEGER NOT NULL,
    trigger          TEXT    NOT NULL,
    delivery         TEXT    NOT NULL,              -- guid out of trigger, ''
    base_ref         TEXT    NOT NULL,
    state            INTEGER NOT NULL,
    step             TEXT    NOT NULL DEFAULT '',
    headline         TEXT    NOT NULL DEFAULT '',
    reason           TEXT    NOT NULL DEFAULT '',
    branch           TEXT    NOT NULL DEFAULT '',
    base_sha         TEXT    NOT NULL DEFAULT '',
    head_sha         TEXT    NOT NULL DEFAULT '',
    pr               INTEGER NOT NULL DEFAULT 0,
    pr_url           TEXT    NOT NULL DEFAULT '',
    comment_id       INTEGER NOT NULL DEFAULT 0,
    approved_by      TEXT    NOT NULL DEFAULT '',
    answer           TEXT    NOT NULL DEFAULT '',
    budget_microusd  INTEGER NOT NULL DEFAULT 0,
    created_at_ms    INTEGER NOT NULL,
    started_at_ms    INTEGER NOT NULL DEFAULT 0,
    finished_at_ms   INTEGER NOT NULL DEFAULT 0,
    run_at_ms        INTEGER NOT NULL,
    cost_microusd    INTEGER NOT NULL DEFAULT 0,
    cancel_requested INTEGER NOT NULL DEFAULT 0,
    lease_node       TEXT    NOT NULL DEFAULT '',
    lease_until_ms   INTEGER NOT NULL DEFAULT 0,    -- 0: free
    epoch            INTEGER NOT NULL DEFAULT 0,
    attempts         INTEGER NOT NULL DEFAULT 0,
    version          INTEGER NOT NULL DEFAULT 1,
    stars            INTEGER NOT NULL DEFAULT 0,
    rated_by         TEXT    NOT NULL DEFAULT ''
) STRICT;
-- A repository that is renamed keeps its id; local directories have none but their name.
CREATE UNIQUE INDEX jobs_one_open ON jobs
    (forge, repo_id, CASE WHEN repo_id = 0 THEN repo ELSE '' END, issue)
    WHERE issue > 0 AND state < 9;
CREATE UNIQUE INDEX jobs_one_per_delivery ON jobs (delivery) WHERE delivery <> '';
CREATE INDEX jobs_due ON jobs (rank, repo_id, repo, run_at_ms, lease_until_ms, seq)
    WHERE state IN (0, 1, 4, 5, 6, 7, 8);
CREATE INDEX jobs_leased ON jobs (repo_id, repo) WHERE lease_until_ms > 0;
CREATE INDEX jobs_lease_node ON jobs (lease_node) WHERE lease_until_ms > 0;
CREATE INDEX jobs_open ON jobs (seq) WHERE state < 9;
CREATE INDEX jobs_state ON jobs (state, seq);
CREATE INDEX jobs_issue ON jobs (repo_id, issue, seq);
CREATE INDEX jobs_repo ON jobs (repo, seq);
CREATE INDEX jobs_pr ON jobs (repo_id, pr) WHERE pr > 0;
CREATE INDEX jobs_finished ON jobs (finished_at_ms) WHERE finished_at_ms > 0;

CREATE TABLE steps (
    seq            INTEGER PRIMARY KEY AUTOINCREMENT,
    job_id         TEXT    NOT NULL,
    name           TEXT    NOT NULL,
    state          INTEGER NOT NULL,
    forgotten      INTEGER NOT NULL DEFAULT 0,      -- by a retry of the job: counts attempts, is not shown
    parked         INTEGER NOT NULL DEFAULT 0,      -- its attempt ended by waiting for a person
    attempt        INTEGER NOT NULL,
    started_at_ms  INTEGER NOT NULL,
    finished_at_ms INTEGER NOT NULL DEFAULT 0,
    output         TEXT    NOT NULL DEFAULT 'null',
    note           TEXT    NOT NULL DEFAULT '',
    UNIQUE (job_id, name)
) STRICT;

CREATE TABLE outbox (
    seq             INTEGER PRIMARY KEY AUTOINCREMENT,
    id              TEXT    NOT NULL UNIQUE,
    job_id          TEXT    NOT NULL,
    delivery        TEXT    NOT NULL,
    forge           TEXT    NOT NULL,
    installation_id INTEGER NOT NULL,
    repo_id         INTEGER NOT NULL,
    repo            TEXT    NOT NULL,
    kind            TEXT    NOT NULL,
    payload         TEXT    NOT NULL,
    state           INTEGER NOT NULL,
    result          TEXT    NOT NULL DEFAULT 'null',
    reason          TEXT    NOT NULL DEFAULT '',
    attempts        INTEGER NOT NULL DEFAULT 0,
    maybe_sent      INTEGER NOT NULL DEFAULT 0,
    created_at_ms   INTEGER NOT NULL,
    run_at_ms       INTEGER NOT NULL,
    hold_until_ms   INTEGER NOT NULL DEFAULT 0,     -- progress: a touch does not bring it before this
    touched_at_ms   INTEGER NOT NULL DEFAULT 0,     -- progress: asked for while it was being sent
    node            TEXT    NOT NULL DEFAULT '',
    claimed_at_ms   INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX outbox_due ON outbox (run_at_ms, seq) WHERE state = 0;
CREATE INDEX outbox_unfinished ON outbox (job_id, seq) WHERE state < 2 AND kind <> 'progress';
CREATE INDEX outbox_sending ON outbox (node) WHERE state = 1;
CREATE INDEX outbox_job ON outbox (job_id, seq);
CREATE INDEX outbox_progress ON outbox (job_id) WHERE kind = 'progress';
CREATE INDEX outbox_delivery ON outbox (delivery, kind) WHERE delivery <> '';

CREATE TABLE logs (
    seq    INTEGER PRIMARY KEY AUTOINCREMENT,
    job_id TEXT    NOT NULL,
    at_ms  INTEGER NOT NULL,
    step   TEXT    NOT NULL,
    level  TEXT    NOT NULL,
    text   TEXT    NOT NULL
) STRICT;
CREATE INDEX logs_job ON logs (job_id, seq);

CREATE TABLE calls (
    seq                INTEGER PRIMARY KEY AUTOINCREMENT,
    job_id             TEXT    NOT NULL,
    step               TEXT    NOT NULL,
    step_attempt       INTEGER NOT NULL,
    role               TEXT    NOT NULL,
    provider           TEXT    NOT NULL,
    model              TEXT    NOT NULL,
    attempt            INTEGER NOT NULL,
    at_ms              INTEGER NOT NULL,
    latency_ms         INTEGER NOT NULL,
    ok                 INTEGER NOT NULL,
    abandoned          INTEGER NOT NULL DEFAULT 0,  -- made in an attempt of a step that never ended
    input_tokens       INTEGER NOT NULL,
    cache_read_tokens  INTEGER NOT NULL,
    cache_write_tokens INTEGER NOT NULL,
    output_tokens      INTEGER NOT NULL,
    estimated          INTEGER NOT NULL,
    cost_microusd      INTEGER NOT NULL
) STRICT;
CREATE INDEX calls_job ON calls (job_id, seq);
CREATE INDEX calls_position ON calls (job_id, role) WHERE ok = 1 AND abandoned = 0;

CREATE TABLE call_bodies (
    seq      INTEGER PRIMARY KEY,
    request  TEXT NOT NULL,
    response TEXT NOT NULL
) STRICT;

-- Settled money by day (days since the epoch, UTC); what is reserved stands in reservations.
CREATE TABLE spend (
    day              INTEGER PRIMARY KEY,
    settled_microusd INTEGER NOT NULL
) STRICT;
CREATE TABLE reservations (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    job_id          TEXT    NOT NULL,
    amount_microusd INTEGER NOT NULL,
    at_ms           INTEGER NOT NULL
) STRICT;
CREATE INDEX reservations_job ON reservations (job_id);

CREATE TABLE docs (
    kind  TEXT NOT NULL,
    key   TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (kind, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE counters (
    name  TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- How many rows are in each state, so that nobody has to count them.
CREATE TABLE tallies (
    thing TEXT    NOT NULL,
    state INTEGER NOT NULL,
    n     INTEGER NOT NULL,
    PRIMARY KEY (thing, state)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER jobs_made AFTER INSERT ON jobs BEGIN
    INSERT INTO tallies VALUES ('jobs', NEW.state, 1) ON CONFLICT DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER jobs_moved AFTER UPDATE OF state ON jobs WHEN OLD.state <> NEW.state BEGIN
    UPDATE tallies SET n = n - 1 WHERE thing = 'jobs' AND state = OLD.state;
    INSERT INTO tallies VALUES ('jobs', NEW.state, 1) ON CONFLICT DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER outbox_made AFTER INSERT ON outbox BEGIN
    INSERT INTO tallies VALUES ('outbox', NEW.state, 1) ON CONFLICT DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER outbox_moved AFTER UPDATE OF state ON outbox WHEN OLD.state <> NEW.state BEGIN
    UPDATE tallies SET n = n - 1 WHERE thing = 'outbox' AND state = OLD.state;
    INSERT INTO tallies VALUES ('outbox', NEW.state, 1) ON CONFLICT DO UPDATE SET n = n + 1;
END;
