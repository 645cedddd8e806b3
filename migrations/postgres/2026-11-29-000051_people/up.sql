-- What one author said, or changed, that the other of a conversation was not to hear: found by the author, so that nobody walks what they
-- said themselves.
DROP INDEX messages_unheard;
CREATE INDEX messages_unheard ON messages (room, author) WHERE unheard;
DROP INDEX messages_heard;
CREATE INDEX messages_heard ON messages (room, author) WHERE heard IS NOT NULL;
-- The same for the answers of threads, which are counted.
CREATE INDEX messages_unheard_answers ON messages (thread, author) WHERE unheard AND deleted_at IS NULL;
-- How often who reported something said it anew, and how its words began when it was reported first, where they have been changed since.
ALTER TABLE reports ADD COLUMN said_again INTEGER NOT NULL DEFAULT 0;
ALTER TABLE reports ADD COLUMN first_excerpt TEXT;
