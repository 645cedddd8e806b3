-- Gifts: codes that give a plan for a time to whoever redeems them first; a right of its own for taking money; letters about money, each once.
ALTER TABLE plans ADD COLUMN gifts BOOLEAN NOT NULL DEFAULT FALSE;

-- Whoever gave memberships took money with the same right until now, and goes on doing both: bits 20 and 22.
UPDATE roles SET permissions = permissions | 4194304 WHERE (permissions & 1048576) <> 0;

-- `token`: the hash of the code, which is made from the id and stored nowhere. `order_id`: by which it was bought; none: an administrator made it.
CREATE TABLE gifts (
    id BIGINT NOT NULL PRIMARY KEY,
    token BYTEA NOT NULL UNIQUE,
    plan BIGINT NOT NULL REFERENCES plans (id),
    months SMALLINT,
    note TEXT NOT NULL,
    made_by BIGINT NOT NULL,
    made_at BIGINT NOT NULL,
    expires_at BIGINT,
    order_id BIGINT UNIQUE,
    claimed_by BIGINT,
    claimed_at BIGINT,
    withdrawn_at BIGINT,
    withdrawn_by BIGINT
);
CREATE INDEX gifts_by_maker ON gifts (made_by, id);

-- What a letter was written about: the same thing is told once.
CREATE TABLE letter_causes (
    cause TEXT NOT NULL PRIMARY KEY,
    letter BIGINT,
    at BIGINT NOT NULL
);
