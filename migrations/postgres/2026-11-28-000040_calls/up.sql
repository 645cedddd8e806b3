-- Calls: who called whom, who was in it, and how it ended; nothing of what was said.
CREATE TABLE calls (
    id BIGINT NOT NULL PRIMARY KEY,
    kind SMALLINT NOT NULL,
    room BIGINT,
    video BOOLEAN NOT NULL,
    starter BIGINT NOT NULL,
    client_key TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    answered_at BIGINT,
    ends_at BIGINT,
    group_size INTEGER,
    locked BOOLEAN NOT NULL,
    ended_at BIGINT,
    cause SMALLINT,
    members INTEGER NOT NULL,
    UNIQUE (starter, client_key)
);
CREATE INDEX calls_live ON calls (id) WHERE ended_at IS NULL;
CREATE INDEX calls_of_room ON calls (room, id);
CREATE INDEX calls_by_starter ON calls (starter, started_at);

-- One line for each member whom a call concerns; `listed` once they may know of it.
CREATE TABLE call_people (
    call BIGINT NOT NULL REFERENCES calls (id),
    member BIGINT NOT NULL,
    rung BOOLEAN NOT NULL,
    fate SMALLINT,
    listed BOOLEAN NOT NULL,
    seen BOOLEAN NOT NULL,
    role SMALLINT NOT NULL,
    number INTEGER NOT NULL,
    held SMALLINT NOT NULL,
    removed BOOLEAN NOT NULL,
    seconds BIGINT NOT NULL,
    quality SMALLINT,
    PRIMARY KEY (call, member)
);
CREATE INDEX call_people_by_member ON call_people (member, call) WHERE listed;

CREATE TABLE call_stays (
    id BIGINT NOT NULL PRIMARY KEY,
    call BIGINT NOT NULL REFERENCES calls (id),
    member BIGINT NOT NULL,
    joined_at BIGINT NOT NULL,
    left_at BIGINT,
    parting SMALLINT,
    connected_ms BIGINT,
    route TEXT NOT NULL,
    kbps_in INTEGER NOT NULL,
    kbps_out INTEGER NOT NULL,
    loss_permille INTEGER NOT NULL,
    trouble TEXT NOT NULL
);
CREATE INDEX call_stays_of_call ON call_stays (call, id);
CREATE INDEX call_stays_open ON call_stays (id) WHERE left_at IS NULL;

-- A room with voice: one may call in it.
ALTER TABLE rooms ADD COLUMN voice BOOLEAN NOT NULL DEFAULT FALSE;
