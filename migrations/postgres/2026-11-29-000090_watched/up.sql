-- Whoever a bank took money back for may pay by card again once an administrator says so: when, and who.
ALTER TABLE disputes ADD COLUMN forgiven_at BIGINT;
ALTER TABLE disputes ADD COLUMN forgiven_by BIGINT;

-- Checkouts of which the provider says what does not belong to their order: somebody must look. One that was set aside stays, so that it is not asked about again.
CREATE TABLE strange_checkouts (
    order_id BIGINT NOT NULL PRIMARY KEY REFERENCES orders (id),
    said_order BIGINT,
    payment TEXT,
    amount BIGINT,
    currency TEXT,
    seen_at BIGINT NOT NULL,
    closed_at BIGINT,
    closed_by BIGINT
);
CREATE INDEX strange_checkouts_open ON strange_checkouts (order_id) WHERE closed_at IS NULL;

-- Each time that a period of a subscription was not paid when it was due, since when.
CREATE TABLE payment_failures (
    subscription BIGINT NOT NULL REFERENCES subscriptions (id),
    at BIGINT NOT NULL,
    PRIMARY KEY (subscription, at)
);
CREATE INDEX payment_failures_by_day ON payment_failures (at);
INSERT INTO payment_failures SELECT id, past_due_since FROM subscriptions WHERE past_due_since IS NOT NULL;
