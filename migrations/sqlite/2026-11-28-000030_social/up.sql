-- People: how members stand to each other, who may reach them, what waits for an answer, what was reported.
CREATE TABLE relations (
    member INTEGER NOT NULL,
    other INTEGER NOT NULL,
    bits INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    PRIMARY KEY (member, other)
) STRICT, WITHOUT ROWID;
CREATE INDEX relations_by_other ON relations (other, member, bits);
-- Blocks and mutes: few among many edges, and asked for with every room.
CREATE INDEX relations_shut ON relations (member, other, bits) WHERE (bits & 48) <> 0;

CREATE TABLE contact_notes (
    member INTEGER NOT NULL,
    other INTEGER NOT NULL,
    name TEXT NOT NULL,
    note TEXT NOT NULL,
    PRIMARY KEY (member, other)
) STRICT, WITHOUT ROWID;

CREATE TABLE reach (
    member INTEGER NOT NULL PRIMARY KEY,
    rules TEXT NOT NULL,
    unknown_callers INTEGER NOT NULL,
    quiet_from INTEGER,
    quiet_to INTEGER,
    asks_before_follow INTEGER NOT NULL,
    changed_at INTEGER NOT NULL
) STRICT;

CREATE TABLE requests (
    id INTEGER NOT NULL PRIMARY KEY,
    member INTEGER NOT NULL,
    sender INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    room INTEGER,
    at INTEGER NOT NULL,
    ended_at INTEGER,
    outcome INTEGER,
    counts INTEGER NOT NULL
) STRICT;
CREATE INDEX requests_of_member ON requests (member, id) WHERE ended_at IS NULL;
CREATE INDEX requests_by_sender ON requests (sender, at) WHERE counts;
CREATE INDEX requests_between ON requests (sender, member, kind);

CREATE TABLE reports (
    id INTEGER NOT NULL PRIMARY KEY,
    reporter INTEGER NOT NULL,
    member INTEGER NOT NULL,
    message INTEGER,
    room INTEGER,
    reason TEXT NOT NULL,
    text TEXT NOT NULL,
    excerpt TEXT NOT NULL,
    at INTEGER NOT NULL,
    closed_at INTEGER,
    closed_by INTEGER,
    outcome TEXT,
    note TEXT NOT NULL
) STRICT;
CREATE INDEX reports_open ON reports (id) WHERE closed_at IS NULL;
CREATE INDEX reports_by_reporter ON reports (reporter, at);

-- Words that their addressee was not to hear are seen by their author alone.
ALTER TABLE messages ADD COLUMN unheard INTEGER NOT NULL DEFAULT 0;
CREATE INDEX messages_unheard ON messages (room) WHERE unheard;
