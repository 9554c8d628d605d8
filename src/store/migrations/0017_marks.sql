-- Where a list that is longer than one look at it is read on.
CREATE TABLE cursors (
    name TEXT PRIMARY KEY,
    place TEXT NOT NULL
);

-- How often it was looked for what an effect may have written, since it last may have; -1: it never did. That is so as of
-- the try `settled`: a later one that did not report back may have written.
ALTER TABLE effects ADD COLUMN looks BIGINT NOT NULL DEFAULT -1;
ALTER TABLE effects ADD COLUMN settled BIGINT NOT NULL DEFAULT 0;

-- When the work of a repository was taken last, as a number that rises: with one sandbox, it is served by turns.
CREATE TABLE worked (
    repo_id BIGINT PRIMARY KEY,
    turn BIGINT NOT NULL
);
