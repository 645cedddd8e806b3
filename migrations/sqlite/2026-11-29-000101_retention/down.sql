DROP INDEX messages_answered;
ALTER TABLE rooms DROP COLUMN expired_seq;
ALTER TABLE rooms DROP COLUMN keep_days;
