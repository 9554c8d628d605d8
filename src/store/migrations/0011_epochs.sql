-- Which life of the database this is, and when it was copied, if it is a copy that no server has looked at yet (F21).
CREATE TABLE epochs (
    one BIGINT PRIMARY KEY,
    epoch TEXT NOT NULL,
    copied_at BIGINT NOT NULL
);
INSERT INTO epochs (one, epoch, copied_at) VALUES (1, '', 0);
