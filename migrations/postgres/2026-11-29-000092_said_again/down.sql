DROP INDEX reports_again;
ALTER TABLE reports ADD COLUMN first_excerpt TEXT;
DELETE FROM reports WHERE again_of IS NOT NULL;
ALTER TABLE reports DROP COLUMN again_of;
