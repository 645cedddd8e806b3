-- Slow mode: so many seconds lie between two messages of one member in the room; 0: as many as they like.
ALTER TABLE rooms ADD COLUMN slow_seconds INTEGER NOT NULL DEFAULT 0;

-- When a member last wrote in a room that was slow. It outlives the message, and their place in the room.
CREATE TABLE slow_marks (
    member INTEGER NOT NULL,
    room INTEGER NOT NULL,
    said_at INTEGER NOT NULL,
    PRIMARY KEY (member, room)
) STRICT, WITHOUT ROWID;
