-- The directory stands in the order of the names that one sees: those of one's own are read in their order.
ALTER TABLE contact_notes ALTER COLUMN name_key TYPE text COLLATE "C";
CREATE INDEX contact_notes_by_name ON contact_notes (member, name_key, other) WHERE name_key <> '';
