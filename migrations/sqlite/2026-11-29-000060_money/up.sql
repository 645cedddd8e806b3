-- Money: prices of plans, orders and what becomes of them, payments with receipts and books, subscriptions.
ALTER TABLE plans ADD COLUMN hidden INTEGER NOT NULL DEFAULT 0;
ALTER TABLE plans ADD COLUMN trial_days INTEGER NOT NULL DEFAULT 0;

-- A price never changes its amount: another one takes its place, and this one is put away.
CREATE TABLE prices (
    id INTEGER NOT NULL PRIMARY KEY,
    plan INTEGER NOT NULL REFERENCES plans (id),
    amount INTEGER NOT NULL,
    currency TEXT NOT NULL,
    every INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    archived_at INTEGER
) STRICT;
CREATE UNIQUE INDEX prices_on_sale ON prices (plan, currency, every) WHERE archived_at IS NULL;

-- The number from which a member's payment reference is made.
CREATE TABLE payers (
    member INTEGER NOT NULL PRIMARY KEY REFERENCES members (id),
    number INTEGER NOT NULL UNIQUE
) STRICT;
INSERT INTO payers (member, number) SELECT id, ROW_NUMBER() OVER (ORDER BY id) FROM members;

-- What somebody wants to pay for. `session`: the checkout at the provider; `attempt`: how many were opened for it.
CREATE TABLE orders (
    id INTEGER NOT NULL PRIMARY KEY,
    buyer INTEGER NOT NULL REFERENCES members (id),
    client_key TEXT,
    provider INTEGER NOT NULL,
    state INTEGER NOT NULL,
    amount INTEGER NOT NULL,
    currency TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    session TEXT,
    url TEXT,
    subscription INTEGER,
    note TEXT NOT NULL,
    answer TEXT NOT NULL,
    placed_at INTEGER NOT NULL,
    expires_at INTEGER,
    paid_at INTEGER,
    closed_at INTEGER,
    closed_by INTEGER,
    UNIQUE (buyer, client_key),
    UNIQUE (provider, session)
) STRICT;
CREATE INDEX orders_by_buyer ON orders (buyer, id);
CREATE INDEX orders_by_state ON orders (state, id);

-- What is in it, as it was when it was ordered. `ref_id`: a price, for memberships; none: the price is still to be said.
CREATE TABLE order_lines (
    id INTEGER NOT NULL PRIMARY KEY,
    order_id INTEGER NOT NULL REFERENCES orders (id),
    kind INTEGER NOT NULL,
    ref_id INTEGER,
    plan INTEGER,
    every INTEGER,
    quantity INTEGER NOT NULL,
    amount INTEGER NOT NULL,
    text TEXT NOT NULL
) STRICT;
CREATE INDEX order_lines_of_order ON order_lines (order_id, id);
CREATE INDEX order_lines_by_plan ON order_lines (plan, order_id);

-- Money that came, or went back: a row that reverses another has its amount below zero.
CREATE TABLE payments (
    id INTEGER NOT NULL PRIMARY KEY,
    order_id INTEGER NOT NULL REFERENCES orders (id),
    provider INTEGER NOT NULL,
    method INTEGER NOT NULL,
    external_id TEXT,
    amount INTEGER NOT NULL,
    currency TEXT NOT NULL,
    state INTEGER NOT NULL,
    reverses INTEGER UNIQUE,
    received_at INTEGER NOT NULL,
    recorded_at INTEGER NOT NULL,
    recorded_by INTEGER,
    reference TEXT NOT NULL,
    note TEXT NOT NULL,
    receipt_year INTEGER,
    receipt_number INTEGER,
    UNIQUE (provider, external_id),
    UNIQUE (receipt_year, receipt_number)
) STRICT;
CREATE INDEX payments_of_order ON payments (order_id, id);
CREATE INDEX payments_by_day ON payments (received_at, id);

-- The last receipt's number of each year: without gaps.
CREATE TABLE receipt_counters (
    year INTEGER NOT NULL PRIMARY KEY,
    last INTEGER NOT NULL
) STRICT;

-- The books: only appended to, and the sum of a transfer's entries is 0 in each currency.
CREATE TABLE ledger (
    id INTEGER NOT NULL PRIMARY KEY,
    transfer INTEGER NOT NULL,
    at INTEGER NOT NULL,
    account INTEGER NOT NULL,
    amount INTEGER NOT NULL,
    currency TEXT NOT NULL
) STRICT;
CREATE INDEX ledger_by_transfer ON ledger (transfer, id);

-- What came of a line that was paid, once. `result`: the grant, for memberships.
CREATE TABLE fulfilments (
    line INTEGER NOT NULL PRIMARY KEY REFERENCES order_lines (id),
    state INTEGER NOT NULL,
    result INTEGER,
    period_start INTEGER,
    period_end INTEGER,
    done_at INTEGER NOT NULL,
    undone_at INTEGER
) STRICT, WITHOUT ROWID;

-- What goes on from period to period; of a provider's own it is a mirror, rewritten from what the provider says.
CREATE TABLE subscriptions (
    id INTEGER NOT NULL PRIMARY KEY,
    member INTEGER NOT NULL REFERENCES members (id),
    plan INTEGER NOT NULL REFERENCES plans (id),
    price INTEGER,
    provider INTEGER NOT NULL,
    external_id TEXT,
    status INTEGER NOT NULL,
    every INTEGER NOT NULL,
    amount INTEGER NOT NULL,
    currency TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    anchor_at INTEGER NOT NULL,
    periods INTEGER NOT NULL,
    period_start INTEGER NOT NULL,
    period_end INTEGER NOT NULL,
    trial_end INTEGER,
    cancels_at_end INTEGER NOT NULL,
    past_due_since INTEGER,
    ended_at INTEGER,
    fetched_at INTEGER NOT NULL,
    UNIQUE (provider, external_id)
) STRICT;
CREATE INDEX subscriptions_by_member ON subscriptions (member, id);
CREATE INDEX subscriptions_open ON subscriptions (period_end) WHERE ended_at IS NULL;
