-- The ground: settings, logs, jobs, letters, audit.
CREATE TABLE facts (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;

CREATE TABLE settings (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL,
    changed_at INTEGER NOT NULL,
    changed_by INTEGER
) STRICT;

CREATE TABLE room_heads (
    room INTEGER NOT NULL PRIMARY KEY,
    seq INTEGER NOT NULL,
    first_seq INTEGER NOT NULL,
    at INTEGER NOT NULL
) STRICT;

CREATE TABLE room_events (
    room INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    at INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    actor INTEGER,
    subject INTEGER,
    data TEXT,
    PRIMARY KEY (room, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE member_heads (
    member INTEGER NOT NULL PRIMARY KEY,
    seq INTEGER NOT NULL,
    first_seq INTEGER NOT NULL,
    at INTEGER NOT NULL
) STRICT;

CREATE TABLE member_events (
    member INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    at INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    actor INTEGER,
    subject INTEGER,
    data TEXT,
    PRIMARY KEY (member, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE idempotency (
    actor INTEGER NOT NULL,
    request_key TEXT NOT NULL,
    route TEXT NOT NULL,
    body_hash BLOB NOT NULL,
    status INTEGER NOT NULL,
    answer TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (actor, request_key)
) STRICT;
CREATE INDEX idempotency_by_age ON idempotency (at);

CREATE TABLE jobs (
    id INTEGER NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    payload TEXT NOT NULL,
    unique_key TEXT UNIQUE,
    run_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    max_attempts INTEGER NOT NULL,
    locked_until INTEGER NOT NULL,
    state INTEGER NOT NULL,
    last_error TEXT
) STRICT;
CREATE INDEX jobs_due ON jobs (state, run_at);

CREATE TABLE letters (
    id INTEGER NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    recipient TEXT NOT NULL,
    subject TEXT NOT NULL,
    body_text TEXT NOT NULL,
    body_html TEXT NOT NULL,
    at INTEGER NOT NULL,
    sent_at INTEGER,
    last_error TEXT
) STRICT;

CREATE TABLE audit (
    id INTEGER NOT NULL PRIMARY KEY,
    at INTEGER NOT NULL,
    actor INTEGER,
    act TEXT NOT NULL,
    subject_kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    before TEXT,
    after TEXT,
    reason TEXT,
    address TEXT
) STRICT;
