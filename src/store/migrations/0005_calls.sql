-- Each try of a call to a model: written down before it is made, with the most that it may use up, and once it is over
-- with what it has used. A price that is not known is NULL.
CREATE TABLE calls (
    run_id BIGINT NOT NULL REFERENCES runs (id),
    number BIGINT NOT NULL,
    repo_id BIGINT NOT NULL,
    person_id BIGINT NOT NULL,
    person TEXT NOT NULL,
    phase TEXT NOT NULL,
    model TEXT NOT NULL,
    task TEXT NOT NULL,
    seq BIGINT NOT NULL,
    attempt BIGINT NOT NULL,
    effect_id BIGINT NOT NULL,
    fence BIGINT NOT NULL,
    at BIGINT NOT NULL,
    state TEXT NOT NULL,
    input_tokens BIGINT NOT NULL,
    cached_tokens BIGINT NOT NULL,
    cache_write_tokens BIGINT NOT NULL,
    output_tokens BIGINT NOT NULL,
    cost_micro_dollars BIGINT,
    settled_at BIGINT,
    PRIMARY KEY (run_id, number)
);
CREATE INDEX calls_in_repo ON calls (repo_id, at);
CREATE INDEX calls_by_person ON calls (person_id, at);
CREATE INDEX calls_at ON calls (at);
CREATE INDEX calls_open ON calls (effect_id) WHERE state = 'reserved';

-- Answers that came before calls were written down.
INSERT INTO calls (run_id, number, repo_id, person_id, person, phase, model, task, seq, attempt, effect_id, fence, at,
    state, input_tokens, cached_tokens, cache_write_tokens, output_tokens, cost_micro_dollars, settled_at)
SELECT t.run_id, ROW_NUMBER() OVER (PARTITION BY t.run_id ORDER BY t.at, t.task, t.seq), r.repo_id, r.requester_id, '',
    CASE WHEN t.task LIKE 'execute-%' THEN 'execute' WHEN t.task LIKE 'plan-1-%' THEN 'plan' ELSE 'revise' END,
    'unknown', t.task, t.seq, 1, 0, 0, t.at, 'answered', t.input_tokens, t.cached_tokens, t.cache_write_tokens,
    t.output_tokens, CASE WHEN t.cost_micro_dollars = 0 THEN NULL ELSE t.cost_micro_dollars END, t.at
FROM turns t JOIN runs r ON r.id = t.run_id;
-- A price that is not known was 0.
ALTER TABLE turns RENAME COLUMN cost_micro_dollars TO cost_or_nothing;
ALTER TABLE turns ADD COLUMN cost_micro_dollars BIGINT;
UPDATE turns SET cost_micro_dollars = NULLIF(cost_or_nothing, 0);
ALTER TABLE turns DROP COLUMN cost_or_nothing;

-- How long a task was worked at, over all its starts.
CREATE TABLE efforts (
    run_id BIGINT NOT NULL REFERENCES runs (id),
    task TEXT NOT NULL,
    worked_ms BIGINT NOT NULL,
    PRIMARY KEY (run_id, task)
);
