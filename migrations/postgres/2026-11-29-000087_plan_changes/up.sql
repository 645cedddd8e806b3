-- Another plan for what goes on: from when on, at which price; and what a subscription was before a dearer one was paid by hand.
ALTER TABLE subscriptions ADD COLUMN next_plan BIGINT;
ALTER TABLE subscriptions ADD COLUMN next_price BIGINT;
ALTER TABLE subscriptions ADD COLUMN next_amount BIGINT;
ALTER TABLE subscriptions ADD COLUMN next_at BIGINT;

CREATE TABLE plan_changes (
    line BIGINT NOT NULL PRIMARY KEY REFERENCES order_lines (id),
    subscription BIGINT NOT NULL,
    plan BIGINT NOT NULL,
    price BIGINT,
    amount BIGINT NOT NULL
);
