-- For how many days a room keeps its messages: as long as the community says, or for ever (0), or so many. Up to `expired_seq` they are gone.
ALTER TABLE rooms ADD COLUMN keep_days INTEGER;
ALTER TABLE rooms ADD COLUMN expired_seq INTEGER NOT NULL DEFAULT 0;

-- Beginnings of threads: what is left of a timeline whose messages are gone, where answers are younger.
CREATE INDEX messages_answered ON messages (room, seq) WHERE thread_count > 0;
