-- Backups that this program makes and keeps in its data folder. The files themselves stand there; `found` is JSON: what a rehearsal counted.
CREATE TABLE backups (
    id INTEGER NOT NULL PRIMARY KEY,
    state INTEGER NOT NULL,
    begun_at INTEGER NOT NULL,
    made_by INTEGER,
    ended_at INTEGER,
    bytes INTEGER,
    version TEXT NOT NULL,
    trouble TEXT,
    rehearsal INTEGER NOT NULL,
    rehearsed_at INTEGER,
    rehearsal_trouble TEXT,
    found TEXT
) STRICT;
