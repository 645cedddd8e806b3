DROP INDEX messages_heard;
ALTER TABLE messages DROP COLUMN heard;
