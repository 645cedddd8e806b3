DROP TABLE slow_marks;
ALTER TABLE rooms DROP COLUMN slow_seconds;
