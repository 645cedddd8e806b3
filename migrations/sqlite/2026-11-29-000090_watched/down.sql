DROP TABLE payment_failures;
DROP TABLE strange_checkouts;
ALTER TABLE disputes DROP COLUMN forgiven_by;
ALTER TABLE disputes DROP COLUMN forgiven_at;
