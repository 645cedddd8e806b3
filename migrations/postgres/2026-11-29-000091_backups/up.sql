-- Backups that this program makes and keeps in its data folder. The files themselves stand there; `found` is JSON: what a rehearsal counted.
CREATE TABLE backups (
    id BIGINT NOT NULL PRIMARY KEY,
    state SMALLINT NOT NULL,
    begun_at BIGINT NOT NULL,
    made_by BIGINT,
    ended_at BIGINT,
    bytes BIGINT,
    version TEXT NOT NULL,
    trouble TEXT,
    rehearsal SMALLINT NOT NULL,
    rehearsed_at BIGINT,
    rehearsal_trouble TEXT,
    found TEXT
);
