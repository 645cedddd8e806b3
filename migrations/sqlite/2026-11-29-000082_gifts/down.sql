DROP TABLE letter_causes;
DROP TABLE gifts;
-- The version before knows one right for both; an owner's are all.
UPDATE roles SET permissions = permissions - 4194304 WHERE permissions > 0 AND (permissions & 4194304) <> 0 AND permissions < 4294967296;
ALTER TABLE plans DROP COLUMN gifts;
