-- `video` says how a call began; whether cameras and screens may be on in it is another question.
ALTER TABLE calls ADD COLUMN pictures BOOLEAN NOT NULL DEFAULT FALSE;
UPDATE calls SET pictures = video;
