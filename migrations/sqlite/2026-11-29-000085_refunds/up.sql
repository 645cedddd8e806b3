-- Money goes back in parts: several rows may reverse one payment. SQLite cannot drop a constraint, so the table is made anew.
CREATE TABLE payments_anew (
    id INTEGER NOT NULL PRIMARY KEY,
    order_id INTEGER NOT NULL REFERENCES orders (id),
    provider INTEGER NOT NULL,
    method INTEGER NOT NULL,
    external_id TEXT,
    amount INTEGER NOT NULL,
    currency TEXT NOT NULL,
    state INTEGER NOT NULL,
    reverses INTEGER,
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
INSERT INTO payments_anew SELECT * FROM payments;
DROP TABLE payments;
ALTER TABLE payments_anew RENAME TO payments;
CREATE INDEX payments_of_order ON payments (order_id, id);
CREATE INDEX payments_by_day ON payments (received_at, id);
CREATE INDEX payments_reversals ON payments (reverses) WHERE reverses IS NOT NULL;

-- What an administrator asked a provider to give back: written down before it is asked. `after`: what becomes of what was bought.
CREATE TABLE refunds (
    id INTEGER NOT NULL PRIMARY KEY,
    payment INTEGER NOT NULL,
    amount INTEGER NOT NULL,
    note TEXT NOT NULL,
    after INTEGER NOT NULL,
    state INTEGER NOT NULL,
    asked_at INTEGER NOT NULL,
    asked_by INTEGER
) STRICT;
CREATE UNIQUE INDEX refunds_open ON refunds (payment) WHERE state = 0;
CREATE INDEX refunds_of_payment ON refunds (payment, id);

-- Payments that their payers' banks ask back, as the provider says.
CREATE TABLE disputes (
    payment INTEGER NOT NULL PRIMARY KEY,
    member INTEGER NOT NULL,
    state INTEGER NOT NULL,
    seen_at INTEGER NOT NULL,
    closed_at INTEGER
) STRICT;
CREATE INDEX disputes_of_member ON disputes (member);
