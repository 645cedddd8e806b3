DROP INDEX messages_unheard;
CREATE INDEX messages_unheard ON messages (room, author) WHERE unheard;
ALTER TABLE messages DROP COLUMN hides_from;
