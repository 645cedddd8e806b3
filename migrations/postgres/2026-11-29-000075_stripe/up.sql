-- Stripe: what it told us, which objects may have changed, calls with their keys; and secrets that administrators gave.
CREATE TABLE stripe_events (
    id BIGINT NOT NULL PRIMARY KEY,
    event TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    object TEXT,
    happened_at BIGINT NOT NULL,
    received_at BIGINT NOT NULL,
    api_version TEXT,
    source SMALLINT NOT NULL,
    state SMALLINT NOT NULL,
    attempts INTEGER NOT NULL,
    error TEXT,
    wanted BIGINT NOT NULL,
    body BYTEA NOT NULL
);
CREATE INDEX stripe_events_by_state ON stripe_events (state, id);

-- `wanted` grows with each sign that the object changed; `fetched` is what `wanted` was when the fetch began whose answer is in our rows.
CREATE TABLE stripe_objects (
    object TEXT NOT NULL PRIMARY KEY,
    wanted BIGINT NOT NULL,
    fetched BIGINT NOT NULL,
    fetched_at BIGINT NOT NULL
);

-- Written down before they are made, and made again under the same key until the answer is known.
CREATE TABLE stripe_calls (
    idempotency_key TEXT NOT NULL PRIMARY KEY,
    call TEXT NOT NULL,
    state SMALLINT NOT NULL,
    attempts INTEGER NOT NULL,
    made_at BIGINT NOT NULL,
    answered_at BIGINT,
    answer TEXT,
    error TEXT
);

-- Closed under the master key, which is not in the database.
CREATE TABLE secrets (
    name TEXT NOT NULL PRIMARY KEY,
    sealed BYTEA NOT NULL,
    set_at BIGINT NOT NULL,
    set_by BIGINT
);
