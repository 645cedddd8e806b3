DROP VIEW room_log;
INSERT INTO room_events (room, seq, at, kind, actor, subject) SELECT room, seq, sent_at, 1, author, id FROM messages;
