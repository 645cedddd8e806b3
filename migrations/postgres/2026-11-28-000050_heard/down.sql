ALTER TABLE contact_notes DROP COLUMN name_key;
DROP INDEX messages_heard;
ALTER TABLE messages DROP COLUMN heard;
