-- Messages that one of two is not to hear come in unbroken rows: where the row of each begins, so that whoever reads past them leaps.
ALTER TABLE messages ADD COLUMN hides_from INTEGER;
UPDATE messages SET hides_from = 1 + COALESCE((
    SELECT p.seq FROM messages p WHERE p.room = messages.room AND p.seq < messages.seq AND NOT (p.unheard AND p.author = messages.author)
    ORDER BY p.seq DESC LIMIT 1), 0) WHERE unheard;
DROP INDEX messages_unheard;
CREATE INDEX messages_unheard ON messages (room, author, hides_from, seq) WHERE unheard;
