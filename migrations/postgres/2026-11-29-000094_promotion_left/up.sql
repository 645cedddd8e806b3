-- For how many months a promotion code still takes something off of what is paid by hand, counted from where it was used; null: always.
ALTER TABLE subscriptions ADD COLUMN promotion_left INTEGER;
UPDATE subscriptions SET promotion_left = (
    SELECT coalesce(promotions.months, 1) - (subscriptions.periods + subscriptions.next_paid) * (CASE subscriptions.every WHEN 2 THEN 12 ELSE 1 END)
    FROM promotions WHERE promotions.id = subscriptions.promotion AND promotions.lasts <> 2
) WHERE promotion IS NOT NULL;
