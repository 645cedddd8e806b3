ALTER TABLE reports DROP COLUMN first_excerpt;
ALTER TABLE reports DROP COLUMN said_again;
DROP INDEX messages_unheard_answers;
DROP INDEX messages_heard;
CREATE INDEX messages_heard ON messages (room) WHERE heard IS NOT NULL;
DROP INDEX messages_unheard;
CREATE INDEX messages_unheard ON messages (room) WHERE unheard;
