-- How long a period of the plan is that was chosen for later, and how many of them are paid ahead by hand: until then they are counted apart.
ALTER TABLE subscriptions ADD COLUMN next_every SMALLINT;
ALTER TABLE subscriptions ADD COLUMN next_paid INTEGER NOT NULL DEFAULT 0;
UPDATE subscriptions SET next_every = (SELECT prices.every FROM prices WHERE prices.id = subscriptions.next_price) WHERE next_at IS NOT NULL;
UPDATE subscriptions SET next_paid = 1, periods = periods - 1 WHERE next_at IS NOT NULL AND external_id IS NULL AND period_end > next_at;
