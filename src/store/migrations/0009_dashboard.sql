-- Who is signed in to the dashboard: the hash of what the browser holds, never that itself.
CREATE TABLE sessions (
    hash TEXT PRIMARY KEY,
    user_id BIGINT NOT NULL,
    login TEXT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX sessions_ending ON sessions (expires_at);

-- What GitHub said a person may do in a repository, for some minutes. 0: nothing that is known.
CREATE TABLE sights (
    user_id BIGINT NOT NULL,
    installation_id BIGINT NOT NULL,
    repo_id BIGINT NOT NULL,
    level BIGINT NOT NULL,
    until BIGINT NOT NULL,
    PRIMARY KEY (user_id, installation_id, repo_id)
);

-- What charts are drawn from, once a run has ended.
CREATE TABLE figures (
    run_id BIGINT PRIMARY KEY REFERENCES runs (id),
    installation_id BIGINT NOT NULL,
    repo_id BIGINT NOT NULL,
    ended_at BIGINT NOT NULL,
    delivered BIGINT NOT NULL,
    cost_micro_dollars BIGINT NOT NULL,
    tokens BIGINT NOT NULL,
    plan_ms BIGINT,
    versions BIGINT,
    deviations BIGINT
);
CREATE INDEX figures_by_time ON figures (ended_at);

CREATE INDEX runs_of_installation ON runs (installation_id, repo_id, id);
CREATE INDEX runs_waiting ON runs (phase, id);
CREATE INDEX deliveries_by_time ON deliveries (received_at, id);
