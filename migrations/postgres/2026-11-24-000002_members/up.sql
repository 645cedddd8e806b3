-- Members: accounts, roles, sessions, invites, sanctions.
CREATE TABLE members (
    id BIGINT NOT NULL PRIMARY KEY,
    username TEXT NOT NULL UNIQUE,
    display_name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    pronouns TEXT NOT NULL,
    bio TEXT NOT NULL,
    status_emoji TEXT NOT NULL,
    status_text TEXT NOT NULL,
    status_until BIGINT,
    hue SMALLINT NOT NULL,
    email TEXT UNIQUE,
    password TEXT,
    language TEXT NOT NULL,
    time_zone TEXT NOT NULL,
    theme TEXT NOT NULL,
    state SMALLINT NOT NULL,
    permissions BIGINT NOT NULL,
    muted_until BIGINT,
    welcomed BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL
);
CREATE INDEX members_by_name ON members (name_key, id);
CREATE INDEX members_by_state ON members (state, id);

CREATE TABLE roles (
    id BIGINT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    kind SMALLINT NOT NULL,
    place SMALLINT NOT NULL,
    permissions BIGINT NOT NULL
);

CREATE TABLE member_roles (
    member BIGINT NOT NULL REFERENCES members (id),
    role BIGINT NOT NULL REFERENCES roles (id),
    PRIMARY KEY (member, role)
);
CREATE INDEX member_roles_by_role ON member_roles (role, member);

CREATE TABLE sessions (
    id BIGINT NOT NULL PRIMARY KEY,
    member BIGINT NOT NULL REFERENCES members (id),
    kind SMALLINT NOT NULL,
    token_hash BYTEA NOT NULL UNIQUE,
    name TEXT NOT NULL,
    address TEXT NOT NULL,
    scopes BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX sessions_by_member ON sessions (member);

CREATE TABLE invites (
    id BIGINT NOT NULL PRIMARY KEY,
    created_by BIGINT NOT NULL REFERENCES members (id),
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    max_uses INTEGER,
    uses INTEGER NOT NULL,
    role BIGINT REFERENCES roles (id),
    note TEXT NOT NULL,
    revoked_at BIGINT
);

CREATE TABLE one_time_links (
    id BIGINT NOT NULL PRIMARY KEY,
    purpose SMALLINT NOT NULL,
    member BIGINT REFERENCES members (id),
    token_hash BYTEA NOT NULL UNIQUE,
    created_at BIGINT NOT NULL,
    created_by BIGINT,
    expires_at BIGINT NOT NULL,
    used_at BIGINT
);

CREATE TABLE sanctions (
    id BIGINT NOT NULL PRIMARY KEY,
    member BIGINT NOT NULL REFERENCES members (id),
    kind SMALLINT NOT NULL,
    reason TEXT NOT NULL,
    made_by BIGINT,
    made_at BIGINT NOT NULL,
    until BIGINT,
    lifted_at BIGINT
);
CREATE INDEX sanctions_by_member ON sanctions (member, made_at);
