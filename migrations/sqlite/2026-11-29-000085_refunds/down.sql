DROP TABLE disputes;
DROP TABLE refunds;
DROP INDEX payments_reversals;
CREATE TABLE payments_anew (
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
INSERT INTO payments_anew SELECT * FROM payments;
DROP TABLE payments;
ALTER TABLE payments_anew RENAME TO payments;
CREATE INDEX payments_of_order ON payments (order_id, id);
CREATE INDEX payments_by_day ON payments (received_at, id);
