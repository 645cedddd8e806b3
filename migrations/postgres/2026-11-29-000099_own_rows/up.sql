-- Whose letter it is: the address may be somebody else's by now.
ALTER TABLE letters ADD COLUMN member BIGINT;
UPDATE letters SET member = (SELECT id FROM members WHERE members.email = letters.recipient);
CREATE INDEX letters_of_member ON letters (member) WHERE member IS NOT NULL;
-- What is somebody's own is found without reading everybody's.
CREATE INDEX reactions_of_member ON reactions (member);
CREATE INDEX call_stays_of_member ON call_stays (member);
