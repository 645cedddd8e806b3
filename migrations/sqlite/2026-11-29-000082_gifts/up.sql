-- Gifts: codes that give a plan for a time to whoever redeems them first; a right of its own for taking money; letters about money, each once.
ALTER TABLE plans ADD COLUMN gifts INTEGER NOT NULL DEFAULT 0;

-- Whoever gave memberships took money with the same right until now, and goes on doing both: bits 20 and 22.
UPDATE roles SET permissions = permissions | 4194304 WHERE (permissions & 1048576) <> 0;

-- `token`: the hash of the code, which is made from the id and stored nowhere. `order_id`: by which it was bought; none: an administrator made it.
CREATE TABLE gifts (
    id INTEGER NOT NULL PRIMARY KEY,
    token BLOB NOT NULL UNIQUE,
    plan INTEGER NOT NULL REFERENCES plans (id),
    months INTEGER,
    note TEXT NOT NULL,
    made_by INTEGER NOT NULL,
    made_at INTEGER NOT NULL,
    expires_at INTEGER,
    order_id INTEGER UNIQUE,
    claimed_by INTEGER,
    claimed_at INTEGER,
    withdrawn_at INTEGER,
    withdrawn_by INTEGER
) STRICT;
CREATE INDEX gifts_by_maker ON gifts (made_by, id);

-- What a letter was written about: the same thing is told once.
CREATE TABLE letter_causes (
    cause TEXT NOT NULL PRIMARY KEY,
    letter INTEGER,
    at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
