ALTER TABLE call_people ADD COLUMN number INTEGER NOT NULL DEFAULT 0;
CREATE INDEX call_stays_open ON call_stays (id) WHERE left_at IS NULL;
DROP INDEX calls_live_of_starter;
DROP INDEX calls_live_of_room;
