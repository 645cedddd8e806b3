ALTER TABLE rooms ALTER COLUMN name_key TYPE text COLLATE "default";
ALTER TABLE members ALTER COLUMN name_key TYPE text COLLATE "default";
