-- How many rooms somebody made of late is counted before they make another.
CREATE INDEX rooms_by_maker ON rooms (created_by, created_at);
