-- What a reporter says again is a row of its own that is added to the first one, and takes nothing away. Where only the latest words of both
-- times were kept, the row that is added has them, and the first one the message as it was reported first; there is no older id to take.
ALTER TABLE reports ADD COLUMN again_of INTEGER;
INSERT INTO reports (id, reporter, member, message, room, reason, text, excerpt, at, note, said_again, again_of)
    SELECT -id, reporter, member, message, room, reason, text, excerpt, at, '', 0, id FROM reports WHERE first_excerpt IS NOT NULL;
UPDATE reports SET excerpt = first_excerpt WHERE first_excerpt IS NOT NULL;
ALTER TABLE reports DROP COLUMN first_excerpt;
CREATE INDEX reports_again ON reports (again_of) WHERE again_of IS NOT NULL;
