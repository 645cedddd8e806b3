-- Chat: rooms, who is in them, messages and what hangs on them.
CREATE TABLE rooms (
    id INTEGER NOT NULL PRIMARY KEY,
    kind INTEGER NOT NULL,
    name TEXT,
    name_key TEXT UNIQUE,
    topic TEXT NOT NULL,
    history INTEGER NOT NULL,
    circle TEXT UNIQUE,
    created_by INTEGER,
    created_at INTEGER NOT NULL,
    archived_at INTEGER,
    member_count INTEGER NOT NULL
) STRICT;

CREATE TABLE room_members (
    room INTEGER NOT NULL REFERENCES rooms (id),
    member INTEGER NOT NULL REFERENCES members (id),
    role INTEGER NOT NULL,
    level INTEGER NOT NULL,
    joined_at INTEGER NOT NULL,
    joined_seq INTEGER NOT NULL,
    PRIMARY KEY (room, member)
) STRICT, WITHOUT ROWID;
CREATE INDEX room_members_by_member ON room_members (member, room);

CREATE TABLE messages (
    id INTEGER NOT NULL PRIMARY KEY,
    room INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    author INTEGER NOT NULL,
    client_key TEXT NOT NULL,
    body_hash BLOB NOT NULL,
    body TEXT NOT NULL,
    body_html TEXT NOT NULL,
    renderer INTEGER NOT NULL,
    reply_to INTEGER,
    thread INTEGER,
    thread_count INTEGER NOT NULL,
    mentions TEXT,
    reactions INTEGER NOT NULL,
    pinned_at INTEGER,
    sent_at INTEGER NOT NULL,
    edited_at INTEGER,
    deleted_at INTEGER
) STRICT;
CREATE UNIQUE INDEX messages_by_key ON messages (author, client_key);
CREATE UNIQUE INDEX messages_by_seq ON messages (room, seq);
CREATE INDEX messages_in_thread ON messages (thread, seq) WHERE thread IS NOT NULL;
CREATE INDEX messages_pinned ON messages (room, pinned_at) WHERE pinned_at IS NOT NULL;

CREATE TABLE reactions (
    message INTEGER NOT NULL REFERENCES messages (id),
    emoji TEXT NOT NULL,
    member INTEGER NOT NULL,
    place INTEGER NOT NULL,
    PRIMARY KEY (message, emoji, member)
) STRICT, WITHOUT ROWID;

CREATE TABLE mentions (
    room INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    target_kind INTEGER NOT NULL,
    target INTEGER NOT NULL,
    message INTEGER NOT NULL,
    PRIMARY KEY (room, target_kind, target, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX mentions_by_message ON mentions (message);

CREATE TABLE read_marks (
    member INTEGER NOT NULL,
    room INTEGER NOT NULL,
    thread INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (member, room, thread)
) STRICT, WITHOUT ROWID;
