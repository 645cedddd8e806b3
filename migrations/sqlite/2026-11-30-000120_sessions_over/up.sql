-- Sessions that are over by age, and those that are because nobody uses them, are found by keys every minute.
CREATE INDEX sessions_by_end ON sessions (expires_at);
CREATE INDEX sessions_by_use ON sessions (kind, last_seen_at);
