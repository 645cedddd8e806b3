-- Money: prices of plans, orders and what becomes of them, payments with receipts and books, subscriptions.
ALTER TABLE plans ADD COLUMN hidden BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE plans ADD COLUMN trial_days SMALLINT NOT NULL DEFAULT 0;

-- A price never changes its amount: another one takes its place, and this one is put away.
CREATE TABLE prices (
    id BIGINT NOT NULL PRIMARY KEY,
    plan BIGINT NOT NULL REFERENCES plans (id),
    amount BIGINT NOT NULL,
    currency TEXT NOT NULL,
    every SMALLINT NOT NULL,
    created_at BIGINT NOT NULL,
    archived_at BIGINT
);
CREATE UNIQUE INDEX prices_on_sale ON prices (plan, currency, every) WHERE archived_at IS NULL;

-- The number from which a member's payment reference is made.
CREATE TABLE payers (
    member BIGINT NOT NULL PRIMARY KEY REFERENCES members (id),
    number INTEGER NOT NULL UNIQUE
);
INSERT INTO payers (member, number) SELECT id, ROW_NUMBER() OVER (ORDER BY id) FROM members;

-- What somebody wants to pay for. `session`: the checkout at the provider; `attempt`: how many were opened for it.
CREATE TABLE orders (
    id BIGINT NOT NULL PRIMARY KEY,
    buyer BIGINT NOT NULL REFERENCES members (id),
    client_key TEXT,
    provider SMALLINT NOT NULL,
    state SMALLINT NOT NULL,
    amount BIGINT NOT NULL,
    currency TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    session TEXT,
    url TEXT,
    subscription BIGINT,
    note TEXT NOT NULL,
    answer TEXT NOT NULL,
    placed_at BIGINT NOT NULL,
    expires_at BIGINT,
    paid_at BIGINT,
    closed_at BIGINT,
    closed_by BIGINT,
    UNIQUE (buyer, client_key),
    UNIQUE (provider, session)
);
CREATE INDEX orders_by_buyer ON orders (buyer, id);
CREATE INDEX orders_by_state ON orders (state, id);

-- What is in it, as it was when it was ordered. `ref_id`: a price, for memberships; none: the price is still to be said.
CREATE TABLE order_lines (
    id BIGINT NOT NULL PRIMARY KEY,
    order_id BIGINT NOT NULL REFERENCES orders (id),
    kind SMALLINT NOT NULL,
    ref_id BIGINT,
    plan BIGINT,
    every SMALLINT,
    quantity INTEGER NOT NULL,
    amount BIGINT NOT NULL,
    text TEXT NOT NULL
);
CREATE INDEX order_lines_of_order ON order_lines (order_id, id);
CREATE INDEX order_lines_by_plan ON order_lines (plan, order_id);

-- Money that came, or went back: a row that reverses another has its amount below zero.
CREATE TABLE payments (
    id BIGINT NOT NULL PRIMARY KEY,
    order_id BIGINT NOT NULL REFERENCES orders (id),
    provider SMALLINT NOT NULL,
    method SMALLINT NOT NULL,
    external_id TEXT,
    amount BIGINT NOT NULL,
    currency TEXT NOT NULL,
    state SMALLINT NOT NULL,
    reverses BIGINT UNIQUE,
    received_at BIGINT NOT NULL,
    recorded_at BIGINT NOT NULL,
    recorded_by BIGINT,
    reference TEXT NOT NULL,
    note TEXT NOT NULL,
    receipt_year SMALLINT,
    receipt_number INTEGER,
    UNIQUE (provider, external_id),
    UNIQUE (receipt_year, receipt_number)
);
CREATE INDEX payments_of_order ON payments (order_id, id);
CREATE INDEX payments_by_day ON payments (received_at, id);

-- The last receipt's number of each year: without gaps.
CREATE TABLE receipt_counters (
    year SMALLINT NOT NULL PRIMARY KEY,
    last INTEGER NOT NULL
);

-- The books: only appended to, and the sum of a transfer's entries is 0 in each currency.
CREATE TABLE ledger (
    id BIGINT NOT NULL PRIMARY KEY,
    transfer BIGINT NOT NULL,
    at BIGINT NOT NULL,
    account SMALLINT NOT NULL,
    amount BIGINT NOT NULL,
    currency TEXT NOT NULL
);
CREATE INDEX ledger_by_transfer ON ledger (transfer, id);

-- What came of a line that was paid, once. `result`: the grant, for memberships.
CREATE TABLE fulfilments (
    line BIGINT NOT NULL PRIMARY KEY REFERENCES order_lines (id),
    state SMALLINT NOT NULL,
    result BIGINT,
    period_start BIGINT,
    period_end BIGINT,
    done_at BIGINT NOT NULL,
    undone_at BIGINT
);

-- What goes on from period to period; of a provider's own it is a mirror, rewritten from what the provider says.
CREATE TABLE subscriptions (
    id BIGINT NOT NULL PRIMARY KEY,
    member BIGINT NOT NULL REFERENCES members (id),
    plan BIGINT NOT NULL REFERENCES plans (id),
    price BIGINT,
    provider SMALLINT NOT NULL,
    external_id TEXT,
    status SMALLINT NOT NULL,
    every SMALLINT NOT NULL,
    amount BIGINT NOT NULL,
    currency TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    anchor_at BIGINT NOT NULL,
    periods INTEGER NOT NULL,
    period_start BIGINT NOT NULL,
    period_end BIGINT NOT NULL,
    trial_end BIGINT,
    cancels_at_end BOOLEAN NOT NULL,
    past_due_since BIGINT,
    ended_at BIGINT,
    fetched_at BIGINT NOT NULL,
    UNIQUE (provider, external_id)
);
CREATE INDEX subscriptions_by_member ON subscriptions (member, id);
CREATE INDEX subscriptions_open ON subscriptions (period_end) WHERE ended_at IS NULL;
