DROP INDEX reports_waiting;
ALTER TABLE reports DROP COLUMN rule;
