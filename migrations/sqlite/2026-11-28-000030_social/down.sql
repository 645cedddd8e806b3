DROP INDEX messages_unheard;
ALTER TABLE messages DROP COLUMN unheard;
DROP TABLE reports;
DROP TABLE requests;
DROP TABLE reach;
DROP TABLE contact_notes;
DROP TABLE relations;
