DROP INDEX contact_notes_by_name;
