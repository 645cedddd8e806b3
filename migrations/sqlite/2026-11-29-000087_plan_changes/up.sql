-- Another plan for what goes on: from when on, at which price; and what a subscription was before a dearer one was paid by hand.
ALTER TABLE subscriptions ADD COLUMN next_plan INTEGER;
ALTER TABLE subscriptions ADD COLUMN next_price INTEGER;
ALTER TABLE subscriptions ADD COLUMN next_amount INTEGER;
ALTER TABLE subscriptions ADD COLUMN next_at INTEGER;

CREATE TABLE plan_changes (
    line INTEGER NOT NULL PRIMARY KEY REFERENCES order_lines (id),
    subscription INTEGER NOT NULL,
    plan INTEGER NOT NULL,
    price INTEGER,
    amount INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
