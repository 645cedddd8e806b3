DROP TABLE secrets;
DROP TABLE stripe_calls;
DROP TABLE stripe_objects;
DROP TABLE stripe_events;
