-- Stripe: what it told us, which objects may have changed, calls with their keys; and secrets that administrators gave.
CREATE TABLE stripe_events (
    id INTEGER NOT NULL PRIMARY KEY,
    event TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    object TEXT,
    happened_at INTEGER NOT NULL,
    received_at INTEGER NOT NULL,
    api_version TEXT,
    source INTEGER NOT NULL,
    state INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    error TEXT,
    wanted INTEGER NOT NULL,
    body BLOB NOT NULL
) STRICT;
CREATE INDEX stripe_events_by_state ON stripe_events (state, id);

-- `wanted` grows with each sign that the object changed; `fetched` is what `wanted` was when the fetch began whose answer is in our rows.
CREATE TABLE stripe_objects (
    object TEXT NOT NULL PRIMARY KEY,
    wanted INTEGER NOT NULL,
    fetched INTEGER NOT NULL,
    fetched_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Written down before they are made, and made again under the same key until the answer is known.
CREATE TABLE stripe_calls (
    idempotency_key TEXT NOT NULL PRIMARY KEY,
    call TEXT NOT NULL,
    state INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    made_at INTEGER NOT NULL,
    answered_at INTEGER,
    answer TEXT,
    error TEXT
) STRICT, WITHOUT ROWID;

-- Closed under the master key, which is not in the database.
CREATE TABLE secrets (
    name TEXT NOT NULL PRIMARY KEY,
    sealed BLOB NOT NULL,
    set_at INTEGER NOT NULL,
    set_by INTEGER
) STRICT, WITHOUT ROWID;
