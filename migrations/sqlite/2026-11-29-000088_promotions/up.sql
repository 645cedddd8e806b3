-- Promotion codes: what is taken off of what somebody pays, typed before paying.
CREATE TABLE promotions (
    id INTEGER NOT NULL PRIMARY KEY,
    code TEXT NOT NULL UNIQUE,
    percent INTEGER,
    amount INTEGER,
    currency TEXT,
    lasts INTEGER NOT NULL,
    months INTEGER,
    expires_at INTEGER,
    max_uses INTEGER,
    uses INTEGER NOT NULL,
    made_by INTEGER NOT NULL,
    made_at INTEGER NOT NULL,
    ended_at INTEGER,
    ended_by INTEGER
) STRICT;

-- For which plans one counts; none: for all of them.
CREATE TABLE promotion_plans (
    promotion INTEGER NOT NULL REFERENCES promotions (id),
    plan INTEGER NOT NULL REFERENCES plans (id),
    PRIMARY KEY (promotion, plan)
) STRICT, WITHOUT ROWID;

-- The one that an order uses, and how it was written then.
ALTER TABLE orders ADD COLUMN promotion INTEGER;
ALTER TABLE orders ADD COLUMN promotion_code TEXT;
CREATE INDEX orders_by_promotion ON orders (promotion, buyer) WHERE promotion IS NOT NULL;
-- The one that takes something off of what is paid by hand from period to period.
ALTER TABLE subscriptions ADD COLUMN promotion INTEGER;
