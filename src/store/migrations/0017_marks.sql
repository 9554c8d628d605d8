-- Where a list that is longer than one look at it is read on.
CREATE TABLE cursors (
    name TEXT PRIMARY KEY,
    place TEXT NOT NULL
);
