-- Members: accounts, roles, sessions, invites, sanctions.
CREATE TABLE members (
    id INTEGER NOT NULL PRIMARY KEY,
    username TEXT NOT NULL UNIQUE,
    display_name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    pronouns TEXT NOT NULL,
    bio TEXT NOT NULL,
    status_emoji TEXT NOT NULL,
    status_text TEXT NOT NULL,
    status_until INTEGER,
    hue INTEGER NOT NULL,
    email TEXT UNIQUE,
    password TEXT,
    language TEXT NOT NULL,
    time_zone TEXT NOT NULL,
    theme TEXT NOT NULL,
    state INTEGER NOT NULL,
    permissions INTEGER NOT NULL,
    muted_until INTEGER,
    welcomed INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL
) STRICT;
CREATE INDEX members_by_name ON members (name_key, id);
CREATE INDEX members_by_state ON members (state, id);

CREATE TABLE roles (
    id INTEGER NOT NULL PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    kind INTEGER NOT NULL,
    place INTEGER NOT NULL,
    permissions INTEGER NOT NULL
) STRICT;

CREATE TABLE member_roles (
    member INTEGER NOT NULL REFERENCES members (id),
    role INTEGER NOT NULL REFERENCES roles (id),
    PRIMARY KEY (member, role)
) STRICT, WITHOUT ROWID;
CREATE INDEX member_roles_by_role ON member_roles (role, member);

CREATE TABLE sessions (
    id INTEGER NOT NULL PRIMARY KEY,
    member INTEGER NOT NULL REFERENCES members (id),
    kind INTEGER NOT NULL,
    token_hash BLOB NOT NULL UNIQUE,
    name TEXT NOT NULL,
    address TEXT NOT NULL,
    scopes INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX sessions_by_member ON sessions (member);

CREATE TABLE invites (
    id INTEGER NOT NULL PRIMARY KEY,
    created_by INTEGER NOT NULL REFERENCES members (id),
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    max_uses INTEGER,
    uses INTEGER NOT NULL,
    role INTEGER REFERENCES roles (id),
    note TEXT NOT NULL,
    revoked_at INTEGER
) STRICT;

CREATE TABLE one_time_links (
    id INTEGER NOT NULL PRIMARY KEY,
    purpose INTEGER NOT NULL,
    member INTEGER REFERENCES members (id),
    token_hash BLOB NOT NULL UNIQUE,
    created_at INTEGER NOT NULL,
    created_by INTEGER,
    expires_at INTEGER NOT NULL,
    used_at INTEGER
) STRICT;

CREATE TABLE sanctions (
    id INTEGER NOT NULL PRIMARY KEY,
    member INTEGER NOT NULL REFERENCES members (id),
    kind INTEGER NOT NULL,
    reason TEXT NOT NULL,
    made_by INTEGER,
    made_at INTEGER NOT NULL,
    until INTEGER,
    lifted_at INTEGER
) STRICT;
CREATE INDEX sanctions_by_member ON sanctions (member, made_at);
