ALTER TABLE subscriptions DROP COLUMN promotion;
DROP INDEX orders_by_promotion;
ALTER TABLE orders DROP COLUMN promotion_code;
ALTER TABLE orders DROP COLUMN promotion;
DROP TABLE promotion_plans;
DROP TABLE promotions;
