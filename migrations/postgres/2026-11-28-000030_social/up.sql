-- People: how members stand to each other, who may reach them, what waits for an answer, what was reported.
CREATE TABLE relations (
    member BIGINT NOT NULL,
    other BIGINT NOT NULL,
    bits SMALLINT NOT NULL,
    changed_at BIGINT NOT NULL,
    PRIMARY KEY (member, other)
);
CREATE INDEX relations_by_other ON relations (other, member, bits);
-- Blocks and mutes: few among many edges, and asked for with every room.
CREATE INDEX relations_shut ON relations (member, other, bits) WHERE (bits & 48) <> 0;

CREATE TABLE contact_notes (
    member BIGINT NOT NULL,
    other BIGINT NOT NULL,
    name TEXT NOT NULL,
    note TEXT NOT NULL,
    PRIMARY KEY (member, other)
);

CREATE TABLE reach (
    member BIGINT NOT NULL PRIMARY KEY,
    rules TEXT NOT NULL,
    unknown_callers SMALLINT NOT NULL,
    quiet_from SMALLINT,
    quiet_to SMALLINT,
    asks_before_follow BOOLEAN NOT NULL,
    changed_at BIGINT NOT NULL
);

CREATE TABLE requests (
    id BIGINT NOT NULL PRIMARY KEY,
    member BIGINT NOT NULL,
    sender BIGINT NOT NULL,
    kind SMALLINT NOT NULL,
    room BIGINT,
    at BIGINT NOT NULL,
    ended_at BIGINT,
    outcome SMALLINT,
    counts BOOLEAN NOT NULL
);
CREATE INDEX requests_of_member ON requests (member, id) WHERE ended_at IS NULL;
CREATE INDEX requests_by_sender ON requests (sender, at) WHERE counts;
CREATE INDEX requests_between ON requests (sender, member, kind);

CREATE TABLE reports (
    id BIGINT NOT NULL PRIMARY KEY,
    reporter BIGINT NOT NULL,
    member BIGINT NOT NULL,
    message BIGINT,
    room BIGINT,
    reason TEXT NOT NULL,
    text TEXT NOT NULL,
    excerpt TEXT NOT NULL,
    at BIGINT NOT NULL,
    closed_at BIGINT,
    closed_by BIGINT,
    outcome TEXT,
    note TEXT NOT NULL
);
CREATE INDEX reports_open ON reports (id) WHERE closed_at IS NULL;
CREATE INDEX reports_by_reporter ON reports (reporter, at);

-- Words that their addressee was not to hear are seen by their author alone.
ALTER TABLE messages ADD COLUMN unheard BOOLEAN NOT NULL DEFAULT FALSE;
CREATE INDEX messages_unheard ON messages (room) WHERE unheard;
