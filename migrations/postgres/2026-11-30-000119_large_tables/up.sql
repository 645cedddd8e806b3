-- What the dashboard lists, counts and looks for in a community of a hundred thousand is found by keys.

-- Members in order of name, and by state in order of name; what is looked for in names is looked for in an index.
DROP INDEX members_by_name;
CREATE INDEX members_by_name ON members (name_key, id, username, state);
DROP INDEX members_by_state;
CREATE INDEX members_by_state ON members (state, name_key, id, username);

-- Rooms that have a name, past all conversations.
CREATE INDEX rooms_named ON rooms (id) WHERE name_key IS NOT NULL;

-- Money by the day, added up from the index alone.
DROP INDEX payments_by_day;
CREATE INDEX payments_by_day ON payments ((received_at / 86400000), currency, provider, amount) INCLUDE (received_at);

-- What was paid for a subscription, without a walk through all orders.
CREATE INDEX orders_of_subscription ON orders (subscription, id) WHERE subscription IS NOT NULL;

-- Past calls of a sort, and of an end.
CREATE INDEX calls_by_kind ON calls (kind, id);
CREATE INDEX calls_by_cause ON calls (cause, id);
