-- A report by a rule says by which: what one rule found in one room is one report. What waits for somebody is found by whom it is about,
-- since all that rules find has the same reporter.
ALTER TABLE reports ADD COLUMN rule BIGINT;
CREATE INDEX reports_waiting ON reports (member, reporter) WHERE closed_at IS NULL;
