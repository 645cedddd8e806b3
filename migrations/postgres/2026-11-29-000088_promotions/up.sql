-- Promotion codes: what is taken off of what somebody pays, typed before paying.
CREATE TABLE promotions (
    id BIGINT NOT NULL PRIMARY KEY,
    code TEXT NOT NULL UNIQUE,
    percent SMALLINT,
    amount BIGINT,
    currency TEXT,
    lasts SMALLINT NOT NULL,
    months SMALLINT,
    expires_at BIGINT,
    max_uses INTEGER,
    uses INTEGER NOT NULL,
    made_by BIGINT NOT NULL,
    made_at BIGINT NOT NULL,
    ended_at BIGINT,
    ended_by BIGINT
);

-- For which plans one counts; none: for all of them.
CREATE TABLE promotion_plans (
    promotion BIGINT NOT NULL REFERENCES promotions (id),
    plan BIGINT NOT NULL REFERENCES plans (id),
    PRIMARY KEY (promotion, plan)
);

-- The one that an order uses, and how it was written then.
ALTER TABLE orders ADD COLUMN promotion BIGINT;
ALTER TABLE orders ADD COLUMN promotion_code TEXT;
CREATE INDEX orders_by_promotion ON orders (promotion, buyer) WHERE promotion IS NOT NULL;
-- The one that takes something off of what is paid by hand from period to period.
ALTER TABLE subscriptions ADD COLUMN promotion BIGINT;
