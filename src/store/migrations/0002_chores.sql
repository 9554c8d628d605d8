-- What one replica does for all of them, and until when nobody else need do it.
CREATE TABLE chores (
    name TEXT PRIMARY KEY,
    until BIGINT NOT NULL
);
