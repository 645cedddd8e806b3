DROP INDEX contact_notes_by_name;
ALTER TABLE contact_notes ALTER COLUMN name_key TYPE text COLLATE "default";
