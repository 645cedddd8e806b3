-- Calls: who called whom, who was in it, and how it ended; nothing of what was said.
CREATE TABLE calls (
    id INTEGER NOT NULL PRIMARY KEY,
    kind INTEGER NOT NULL,
    room INTEGER,
    video INTEGER NOT NULL,
    starter INTEGER NOT NULL,
    client_key TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    answered_at INTEGER,
    ends_at INTEGER,
    group_size INTEGER,
    locked INTEGER NOT NULL,
    ended_at INTEGER,
    cause INTEGER,
    members INTEGER NOT NULL,
    UNIQUE (starter, client_key)
) STRICT;
CREATE INDEX calls_live ON calls (id) WHERE ended_at IS NULL;
CREATE INDEX calls_of_room ON calls (room, id);
CREATE INDEX calls_by_starter ON calls (starter, started_at);

-- One line for each member whom a call concerns; `listed` once they may know of it.
CREATE TABLE call_people (
    call INTEGER NOT NULL REFERENCES calls (id),
    member INTEGER NOT NULL,
    rung INTEGER NOT NULL,
    fate INTEGER,
    listed INTEGER NOT NULL,
    seen INTEGER NOT NULL,
    role INTEGER NOT NULL,
    number INTEGER NOT NULL,
    held INTEGER NOT NULL,
    removed INTEGER NOT NULL,
    seconds INTEGER NOT NULL,
    quality INTEGER,
    PRIMARY KEY (call, member)
) STRICT, WITHOUT ROWID;
CREATE INDEX call_people_by_member ON call_people (member, call) WHERE listed;

CREATE TABLE call_stays (
    id INTEGER NOT NULL PRIMARY KEY,
    call INTEGER NOT NULL REFERENCES calls (id),
    member INTEGER NOT NULL,
    joined_at INTEGER NOT NULL,
    left_at INTEGER,
    parting INTEGER,
    connected_ms INTEGER,
    route TEXT NOT NULL,
    kbps_in INTEGER NOT NULL,
    kbps_out INTEGER NOT NULL,
    loss_permille INTEGER NOT NULL,
    trouble TEXT NOT NULL
) STRICT;
CREATE INDEX call_stays_of_call ON call_stays (call, id);
CREATE INDEX call_stays_open ON call_stays (id) WHERE left_at IS NULL;

-- A room with voice: one may call in it.
ALTER TABLE rooms ADD COLUMN voice INTEGER NOT NULL DEFAULT 0;
