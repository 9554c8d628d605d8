-- Runs are counted by phase, and found among those that go on, without reading them.
CREATE INDEX runs_by_phase ON runs (installation_id, repo_id, phase, open, updated_at, id);
CREATE INDEX runs_going_on ON runs (installation_id, repo_id, id) WHERE open = 1;
CREATE INDEX runs_ended ON runs (id, updated_at) WHERE open = 0;

-- What was merged is what was worth its cost. Everything is counted anew.
DELETE FROM figures;
ALTER TABLE figures ADD COLUMN merged BIGINT NOT NULL DEFAULT 0;
