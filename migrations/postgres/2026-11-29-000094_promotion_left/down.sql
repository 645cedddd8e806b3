ALTER TABLE subscriptions DROP COLUMN promotion_left;
