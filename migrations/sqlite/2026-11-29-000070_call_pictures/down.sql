ALTER TABLE calls DROP COLUMN pictures;
