DROP TABLE plan_changes;
ALTER TABLE subscriptions DROP COLUMN next_at;
ALTER TABLE subscriptions DROP COLUMN next_amount;
ALTER TABLE subscriptions DROP COLUMN next_price;
ALTER TABLE subscriptions DROP COLUMN next_plan;
