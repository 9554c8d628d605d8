-- Deliveries are taken repository by repository, the one that was served longest ago first. 0: of no repository.
ALTER TABLE deliveries ADD COLUMN repo_id BIGINT NOT NULL DEFAULT 0;
CREATE INDEX deliveries_of_repo ON deliveries (repo_id, received_at, id) WHERE state = 'due';
DROP INDEX deliveries_due;

CREATE TABLE served (
    repo_id BIGINT PRIMARY KEY,
    turn BIGINT NOT NULL
);
CREATE INDEX served_in_turn ON served (turn);
INSERT INTO served (repo_id, turn) VALUES (0, 0);

-- Whose effects are being done: few rows, looked through at each claim.
CREATE INDEX effects_leased ON effects (leased_until) WHERE state = 'due' AND leased_until > 0;
