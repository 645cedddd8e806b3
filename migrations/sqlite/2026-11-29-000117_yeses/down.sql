DROP INDEX requests_yeses;
ALTER TABLE requests DROP COLUMN yes_unseen;
