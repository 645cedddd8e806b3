-- That a message was sent is said by its own row; the log of a room is both together.
DELETE FROM room_events WHERE kind = 1;
CREATE VIEW room_log (room, seq, at, kind, actor, subject, data) AS
    SELECT room, seq, at, kind, actor, subject, data FROM room_events
    UNION ALL
    SELECT room, seq, sent_at, CAST(1 AS INTEGER), author, id, CAST(NULL AS TEXT) FROM messages;
