-- What the other of a conversation last heard of a message that was changed while they shut its author out: words, mentions, the place of the
-- first change that is not for them, as JSON.
ALTER TABLE messages ADD COLUMN heard TEXT;
CREATE INDEX messages_heard ON messages (room) WHERE heard IS NOT NULL;
-- One's own names for others are found by, in the form in which names are compared.
ALTER TABLE contact_notes ADD COLUMN name_key TEXT NOT NULL DEFAULT '';
UPDATE contact_notes SET name_key = lower(name);
