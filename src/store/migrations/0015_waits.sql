-- Whether a run waits for people. A follow-up that was under way at the upgrade counts as waiting until it moves.
ALTER TABLE runs ADD COLUMN waits BIGINT NOT NULL DEFAULT 0;
UPDATE runs SET waits = 1
WHERE open = 1 AND phase IN ('awaiting_answer', 'awaiting_approval', 'resting', 'in_review');
CREATE INDEX runs_awaited ON runs (id) WHERE waits = 1;
