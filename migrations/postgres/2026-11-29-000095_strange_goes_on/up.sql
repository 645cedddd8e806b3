-- What goes on after a strange checkout, by its name at the provider, and how much of what was paid in it went back there.
ALTER TABLE strange_checkouts ADD COLUMN subscription TEXT;
ALTER TABLE strange_checkouts ADD COLUMN returned BIGINT NOT NULL DEFAULT 0;
