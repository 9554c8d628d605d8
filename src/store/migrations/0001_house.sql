-- Types: TEXT, BIGINT (also flags 0/1 and times in milliseconds) and BYTEA only; both databases read them alike.

-- One row. Every commit takes it first, so commits follow one another and numbers have no gaps.
CREATE TABLE heads (
    one BIGINT PRIMARY KEY,
    runs BIGINT NOT NULL,
    effects BIGINT NOT NULL,
    events BIGINT NOT NULL,
    hash TEXT NOT NULL
);
INSERT INTO heads (one, runs, effects, events, hash)
VALUES (1, 0, 0, 0, '0000000000000000000000000000000000000000000000000000000000000000');

-- The inbox: what GitHub sent, byte for byte.
CREATE TABLE deliveries (
    id TEXT PRIMARY KEY,
    event TEXT NOT NULL,
    body BYTEA NOT NULL,
    received_at BIGINT NOT NULL,
    state TEXT NOT NULL,
    run_at BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    silent BIGINT NOT NULL,
    fence BIGINT NOT NULL,
    worker TEXT,
    leased_until BIGINT NOT NULL,
    why TEXT,
    finished_at BIGINT
);
CREATE INDEX deliveries_due ON deliveries (received_at, id) WHERE state = 'due';

-- What deliveries have meant, so that a second one with another id means nothing.
CREATE TABLE meanings (
    meaning TEXT PRIMARY KEY,
    at BIGINT NOT NULL
);

CREATE TABLE runs (
    id BIGINT PRIMARY KEY,
    installation_id BIGINT NOT NULL,
    repo_id BIGINT NOT NULL,
    repo_name TEXT NOT NULL,
    issue_id BIGINT NOT NULL,
    issue_number BIGINT NOT NULL,
    origin TEXT NOT NULL,
    phase TEXT NOT NULL,
    state TEXT NOT NULL,
    version BIGINT NOT NULL,
    open BIGINT NOT NULL,
    opened_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX runs_one_open ON runs (repo_id, issue_number) WHERE open = 1;
CREATE INDEX runs_of_issue ON runs (repo_id, issue_number, id);

-- Which run a pull request belongs to.
CREATE TABLE pulls (
    repo_id BIGINT NOT NULL,
    number BIGINT NOT NULL,
    run_id BIGINT NOT NULL REFERENCES runs (id),
    PRIMARY KEY (repo_id, number)
);

-- The outbox: what is to be done.
CREATE TABLE effects (
    id BIGINT PRIMARY KEY,
    run_id BIGINT NOT NULL REFERENCES runs (id),
    lane TEXT NOT NULL,
    effect TEXT NOT NULL,
    made_at BIGINT NOT NULL,
    state TEXT NOT NULL,
    run_at BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    silent BIGINT NOT NULL,
    fence BIGINT NOT NULL,
    worker TEXT,
    leased_until BIGINT NOT NULL,
    why TEXT,
    finished_at BIGINT
);
CREATE INDEX effects_due ON effects (run_at, id) WHERE state = 'due';
CREATE INDEX effects_in_order ON effects (run_id, lane, id) WHERE state = 'due';

CREATE TABLE plans (
    run_id BIGINT NOT NULL REFERENCES runs (id),
    version BIGINT NOT NULL,
    digest TEXT NOT NULL,
    terms TEXT NOT NULL,
    markdown BYTEA NOT NULL,
    made_at BIGINT NOT NULL,
    PRIMARY KEY (run_id, version),
    UNIQUE (run_id, digest)
);

-- The model's answers, stored before they are used.
CREATE TABLE turns (
    run_id BIGINT NOT NULL REFERENCES runs (id),
    task TEXT NOT NULL,
    seq BIGINT NOT NULL,
    request_hash TEXT NOT NULL,
    answer BYTEA NOT NULL,
    input_tokens BIGINT NOT NULL,
    cached_tokens BIGINT NOT NULL,
    cache_write_tokens BIGINT NOT NULL,
    output_tokens BIGINT NOT NULL,
    cost_micro_dollars BIGINT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (run_id, task, seq)
);

-- What the tools answered to the turn of the same number.
CREATE TABLE results (
    run_id BIGINT NOT NULL REFERENCES runs (id),
    task TEXT NOT NULL,
    seq BIGINT NOT NULL,
    results BYTEA NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (run_id, task, seq)
);

CREATE TABLE kept (
    run_id BIGINT NOT NULL REFERENCES runs (id),
    name TEXT NOT NULL,
    bytes BYTEA NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (run_id, name)
);

-- The audit trail; each row carries the hash of the one before.
CREATE TABLE events (
    seq BIGINT PRIMARY KEY,
    run_id BIGINT,
    at BIGINT NOT NULL,
    kind TEXT NOT NULL,
    body TEXT NOT NULL,
    prev_hash TEXT NOT NULL,
    hash TEXT NOT NULL
);
CREATE INDEX events_of_run ON events (run_id, seq);
