DROP INDEX call_stays_of_member;
DROP INDEX reactions_of_member;
DROP INDEX letters_of_member;
ALTER TABLE letters DROP COLUMN member;
