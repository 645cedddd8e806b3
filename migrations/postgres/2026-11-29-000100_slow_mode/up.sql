-- Slow mode: so many seconds lie between two messages of one member in the room; 0: as many as they like.
ALTER TABLE rooms ADD COLUMN slow_seconds INTEGER NOT NULL DEFAULT 0;

-- When a member last wrote in a room that was slow. It outlives the message, and their place in the room.
CREATE TABLE slow_marks (
    member BIGINT NOT NULL,
    room BIGINT NOT NULL,
    said_at BIGINT NOT NULL,
    PRIMARY KEY (member, room)
);
