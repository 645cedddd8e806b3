UPDATE subscriptions SET periods = periods + next_paid WHERE next_paid > 0;
ALTER TABLE subscriptions DROP COLUMN next_paid;
ALTER TABLE subscriptions DROP COLUMN next_every;
