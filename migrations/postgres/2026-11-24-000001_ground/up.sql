-- The ground: settings, logs, jobs, letters, audit.
CREATE TABLE facts (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE settings (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL,
    changed_at BIGINT NOT NULL,
    changed_by BIGINT
);

CREATE TABLE room_heads (
    room BIGINT NOT NULL PRIMARY KEY,
    seq BIGINT NOT NULL,
    first_seq BIGINT NOT NULL,
    at BIGINT NOT NULL
) WITH (fillfactor = 50);

CREATE TABLE room_events (
    room BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    at BIGINT NOT NULL,
    kind SMALLINT NOT NULL,
    actor BIGINT,
    subject BIGINT,
    data TEXT,
    PRIMARY KEY (room, seq)
);

CREATE TABLE member_heads (
    member BIGINT NOT NULL PRIMARY KEY,
    seq BIGINT NOT NULL,
    first_seq BIGINT NOT NULL,
    at BIGINT NOT NULL
) WITH (fillfactor = 50);

CREATE TABLE member_events (
    member BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    at BIGINT NOT NULL,
    kind SMALLINT NOT NULL,
    actor BIGINT,
    subject BIGINT,
    data TEXT,
    PRIMARY KEY (member, seq)
);

CREATE TABLE idempotency (
    actor BIGINT NOT NULL,
    request_key TEXT NOT NULL,
    route TEXT NOT NULL,
    body_hash BYTEA NOT NULL,
    status SMALLINT NOT NULL,
    answer TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (actor, request_key)
);
CREATE INDEX idempotency_by_age ON idempotency (at);

CREATE TABLE jobs (
    id BIGINT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    payload TEXT NOT NULL,
    unique_key TEXT UNIQUE,
    run_at BIGINT NOT NULL,
    attempts INTEGER NOT NULL,
    max_attempts INTEGER NOT NULL,
    locked_until BIGINT NOT NULL,
    state SMALLINT NOT NULL,
    last_error TEXT
);
CREATE INDEX jobs_due ON jobs (state, run_at);

CREATE TABLE letters (
    id BIGINT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    recipient TEXT NOT NULL,
    subject TEXT NOT NULL,
    body_text TEXT NOT NULL,
    body_html TEXT NOT NULL,
    at BIGINT NOT NULL,
    sent_at BIGINT,
    last_error TEXT
);

CREATE TABLE audit (
    id BIGINT NOT NULL PRIMARY KEY,
    at BIGINT NOT NULL,
    actor BIGINT,
    act TEXT NOT NULL,
    subject_kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    before TEXT,
    after TEXT,
    reason TEXT,
    address TEXT
);
