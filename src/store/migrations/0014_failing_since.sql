-- Since when an effect fails for a reason that passes by itself: patience is a time, and not a number of tries.
ALTER TABLE effects ADD COLUMN failing_since BIGINT;
