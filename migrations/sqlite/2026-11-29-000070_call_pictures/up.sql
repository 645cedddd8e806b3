-- `video` says how a call began; whether cameras and screens may be on in it is another question.
ALTER TABLE calls ADD COLUMN pictures INTEGER NOT NULL DEFAULT 0;
UPDATE calls SET pictures = video;
