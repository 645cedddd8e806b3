-- Memberships: plans and what they entitle to, grants and their log, who is verified, the signs beside names.
CREATE TABLE plans (
    id INTEGER NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL UNIQUE,
    description TEXT NOT NULL,
    position INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    archived_at INTEGER
) STRICT;

CREATE TABLE plan_entitlements (
    plan INTEGER NOT NULL REFERENCES plans (id),
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (plan, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE grants (
    id INTEGER NOT NULL PRIMARY KEY,
    member INTEGER NOT NULL REFERENCES members (id),
    plan INTEGER NOT NULL REFERENCES plans (id),
    source INTEGER NOT NULL,
    source_id TEXT,
    starts_at INTEGER NOT NULL,
    ends_at INTEGER,
    revoked_at INTEGER,
    given_by INTEGER,
    given_at INTEGER NOT NULL,
    note TEXT NOT NULL,
    phase INTEGER NOT NULL,
    UNIQUE (source, source_id)
) STRICT;
CREATE INDEX grants_by_member ON grants (member, id);
CREATE INDEX grants_by_plan ON grants (plan, member);

CREATE TABLE grant_log (
    id INTEGER NOT NULL PRIMARY KEY,
    member INTEGER NOT NULL REFERENCES members (id),
    at INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    grant_id INTEGER,
    plan INTEGER,
    actor INTEGER,
    ends_at INTEGER,
    note TEXT NOT NULL
) STRICT;
CREATE INDEX grant_log_by_member ON grant_log (member, id);

CREATE TABLE verifications (
    member INTEGER NOT NULL PRIMARY KEY REFERENCES members (id),
    verified_by INTEGER,
    verified_at INTEGER NOT NULL,
    note TEXT NOT NULL
) STRICT;

CREATE TABLE member_badges (
    member INTEGER NOT NULL PRIMARY KEY REFERENCES members (id),
    reason INTEGER NOT NULL,
    text TEXT NOT NULL,
    hue INTEGER,
    since INTEGER NOT NULL
) STRICT;

-- Administrators may do what is new: give memberships (bit 20), change plans (bit 21).
UPDATE roles SET permissions = permissions | 3145728 WHERE kind = 1;
UPDATE members SET permissions = permissions | 3145728
WHERE id IN (SELECT member FROM member_roles INNER JOIN roles ON roles.id = member_roles.role WHERE roles.kind = 1);
