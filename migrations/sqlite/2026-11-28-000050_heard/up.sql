-- What the other of a conversation last heard of a message that was changed while they shut its author out: words, mentions, the place of the
-- first change that is not for them, as JSON.
ALTER TABLE messages ADD COLUMN heard TEXT;
CREATE INDEX messages_heard ON messages (room) WHERE heard IS NOT NULL;
