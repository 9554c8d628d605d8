-- Who asked for a run and when, by GitHub's clock: both are counted where runs are limited.
ALTER TABLE runs ADD COLUMN requester_id BIGINT NOT NULL DEFAULT 0;
ALTER TABLE runs ADD COLUMN asked_at BIGINT NOT NULL DEFAULT 0;
UPDATE runs SET asked_at = opened_at;
CREATE INDEX runs_asked_in_repo ON runs (repo_id, asked_at);
CREATE INDEX runs_asked_by ON runs (requester_id, asked_at);

-- What is said once for a while, whichever delivery gives cause: which of them says it, and until when no other does.
CREATE TABLE notices (
    name TEXT PRIMARY KEY,
    delivery TEXT NOT NULL,
    until BIGINT NOT NULL
);
