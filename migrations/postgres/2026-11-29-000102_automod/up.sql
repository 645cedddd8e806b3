-- Rules of automod. `looks` is JSON: what a rule looks for.
CREATE TABLE automod_rules (
    id BIGINT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    enabled BOOLEAN NOT NULL,
    looks TEXT NOT NULL,
    outcome SMALLINT NOT NULL,
    sentence TEXT NOT NULL,
    mute_minutes INTEGER NOT NULL,
    changed_at BIGINT NOT NULL,
    changed_by BIGINT
);
