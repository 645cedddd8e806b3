ALTER TABLE rooms DROP COLUMN voice;
DROP TABLE call_stays;
DROP TABLE call_people;
DROP TABLE calls;
