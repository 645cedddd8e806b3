-- What the test provider remembers, as a provider elsewhere would: checkouts and subscriptions, as JSON.
CREATE TABLE test_objects (
    id TEXT NOT NULL PRIMARY KEY,
    member INTEGER NOT NULL,
    body TEXT NOT NULL
) STRICT, WITHOUT ROWID;
