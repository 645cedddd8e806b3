-- Rules of automod. `looks` is JSON: what a rule looks for.
CREATE TABLE automod_rules (
    id INTEGER NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    enabled INTEGER NOT NULL,
    looks TEXT NOT NULL,
    outcome INTEGER NOT NULL,
    sentence TEXT NOT NULL,
    mute_minutes INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    changed_by INTEGER
) STRICT;
