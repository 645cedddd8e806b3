-- Lists of names have one order on every database: that of their code points, as SQLite has it.
ALTER TABLE members ALTER COLUMN name_key TYPE text COLLATE "C";
ALTER TABLE rooms ALTER COLUMN name_key TYPE text COLLATE "C";
