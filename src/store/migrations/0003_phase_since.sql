-- Since when a run stands where it stands: people are told, and reminded by it. A judgement that changes nothing moves it
-- by no second.
ALTER TABLE runs ADD COLUMN phase_since BIGINT NOT NULL DEFAULT 0;
UPDATE runs SET phase_since = updated_at;
