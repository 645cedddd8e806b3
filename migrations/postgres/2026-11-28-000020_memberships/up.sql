-- Memberships: plans and what they entitle to, grants and their log, who is verified, the signs beside names.
CREATE TABLE plans (
    id BIGINT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL UNIQUE,
    description TEXT NOT NULL,
    position INTEGER NOT NULL,
    created_at BIGINT NOT NULL,
    archived_at BIGINT
);

CREATE TABLE plan_entitlements (
    plan BIGINT NOT NULL REFERENCES plans (id),
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (plan, name)
);

CREATE TABLE grants (
    id BIGINT NOT NULL PRIMARY KEY,
    member BIGINT NOT NULL REFERENCES members (id),
    plan BIGINT NOT NULL REFERENCES plans (id),
    source SMALLINT NOT NULL,
    source_id TEXT,
    starts_at BIGINT NOT NULL,
    ends_at BIGINT,
    revoked_at BIGINT,
    given_by BIGINT,
    given_at BIGINT NOT NULL,
    note TEXT NOT NULL,
    phase SMALLINT NOT NULL,
    UNIQUE (source, source_id)
);
CREATE INDEX grants_by_member ON grants (member, id);
CREATE INDEX grants_by_plan ON grants (plan, member);

CREATE TABLE grant_log (
    id BIGINT NOT NULL PRIMARY KEY,
    member BIGINT NOT NULL REFERENCES members (id),
    at BIGINT NOT NULL,
    kind SMALLINT NOT NULL,
    grant_id BIGINT,
    plan BIGINT,
    actor BIGINT,
    ends_at BIGINT,
    note TEXT NOT NULL
);
CREATE INDEX grant_log_by_member ON grant_log (member, id);

CREATE TABLE verifications (
    member BIGINT NOT NULL PRIMARY KEY REFERENCES members (id),
    verified_by BIGINT,
    verified_at BIGINT NOT NULL,
    note TEXT NOT NULL
);

CREATE TABLE member_badges (
    member BIGINT NOT NULL PRIMARY KEY REFERENCES members (id),
    reason SMALLINT NOT NULL,
    text TEXT NOT NULL,
    hue SMALLINT,
    since BIGINT NOT NULL
);

-- Administrators may do what is new: give memberships (bit 20), change plans (bit 21).
UPDATE roles SET permissions = permissions | 3145728 WHERE kind = 1;
UPDATE members SET permissions = permissions | 3145728
WHERE id IN (SELECT member FROM member_roles INNER JOIN roles ON roles.id = member_roles.role WHERE roles.kind = 1);
