-- Chat: rooms, who is in them, messages and what hangs on them.
CREATE TABLE rooms (
    id BIGINT NOT NULL PRIMARY KEY,
    kind SMALLINT NOT NULL,
    name TEXT,
    name_key TEXT UNIQUE,
    topic TEXT NOT NULL,
    history SMALLINT NOT NULL,
    circle TEXT UNIQUE,
    created_by BIGINT,
    created_at BIGINT NOT NULL,
    archived_at BIGINT,
    member_count INTEGER NOT NULL
);

CREATE TABLE room_members (
    room BIGINT NOT NULL REFERENCES rooms (id),
    member BIGINT NOT NULL REFERENCES members (id),
    role SMALLINT NOT NULL,
    level SMALLINT NOT NULL,
    joined_at BIGINT NOT NULL,
    joined_seq BIGINT NOT NULL,
    PRIMARY KEY (room, member)
);
CREATE INDEX room_members_by_member ON room_members (member, room);

CREATE TABLE messages (
    id BIGINT NOT NULL PRIMARY KEY,
    room BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    author BIGINT NOT NULL,
    client_key TEXT NOT NULL,
    body_hash BYTEA NOT NULL,
    body TEXT NOT NULL,
    body_html TEXT NOT NULL,
    renderer SMALLINT NOT NULL,
    reply_to BIGINT,
    thread BIGINT,
    thread_count INTEGER NOT NULL,
    mentions TEXT,
    reactions INTEGER NOT NULL,
    pinned_at BIGINT,
    sent_at BIGINT NOT NULL,
    edited_at BIGINT,
    deleted_at BIGINT
);
CREATE UNIQUE INDEX messages_by_key ON messages (author, client_key);
CREATE UNIQUE INDEX messages_by_seq ON messages (room, seq);
CREATE INDEX messages_in_thread ON messages (thread, seq) WHERE thread IS NOT NULL;
CREATE INDEX messages_pinned ON messages (room, pinned_at) WHERE pinned_at IS NOT NULL;

CREATE TABLE reactions (
    message BIGINT NOT NULL REFERENCES messages (id),
    emoji TEXT NOT NULL,
    member BIGINT NOT NULL,
    place BIGINT NOT NULL,
    PRIMARY KEY (message, emoji, member)
);

CREATE TABLE mentions (
    room BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    target_kind SMALLINT NOT NULL,
    target BIGINT NOT NULL,
    message BIGINT NOT NULL,
    PRIMARY KEY (room, target_kind, target, seq)
);
CREATE INDEX mentions_by_message ON mentions (message);

CREATE TABLE read_marks (
    member BIGINT NOT NULL,
    room BIGINT NOT NULL,
    thread BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    PRIMARY KEY (member, room, thread)
);
