-- What goes on is looked for by its room and by whoever began it. A participant's number lives in memory alone.
CREATE INDEX calls_live_of_room ON calls (room) WHERE ended_at IS NULL;
CREATE INDEX calls_live_of_starter ON calls (starter) WHERE ended_at IS NULL;
DROP INDEX call_stays_open;
ALTER TABLE call_people DROP COLUMN number;
