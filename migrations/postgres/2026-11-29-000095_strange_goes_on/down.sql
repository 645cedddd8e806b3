ALTER TABLE strange_checkouts DROP COLUMN returned;
ALTER TABLE strange_checkouts DROP COLUMN subscription;
