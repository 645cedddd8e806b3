-- Whatever was done to a member is a sanction: they are told of it and of why, and may appeal once. What was written down before is not told:
-- its reasons were meant for the dashboard alone.
ALTER TABLE sanctions ADD COLUMN note TEXT NOT NULL DEFAULT '';
UPDATE sanctions SET note = reason, reason = '';
ALTER TABLE sanctions ADD COLUMN report BIGINT;
ALTER TABLE sanctions ADD COLUMN room BIGINT;
ALTER TABLE sanctions ADD COLUMN seen_at BIGINT;
ALTER TABLE sanctions ADD COLUMN appeal TEXT;
ALTER TABLE sanctions ADD COLUMN appealed_at BIGINT;
ALTER TABLE sanctions ADD COLUMN decided_at BIGINT;
ALTER TABLE sanctions ADD COLUMN decided_by BIGINT;
ALTER TABLE sanctions ADD COLUMN upheld BOOLEAN;
ALTER TABLE sanctions ADD COLUMN answer TEXT NOT NULL DEFAULT '';
UPDATE sanctions SET seen_at = made_at;
CREATE INDEX sanctions_appealed ON sanctions (id) WHERE appealed_at IS NOT NULL AND decided_at IS NULL;
CREATE INDEX sanctions_decided ON sanctions (id) WHERE decided_at IS NOT NULL;
CREATE INDEX sanctions_of_report ON sanctions (report) WHERE report IS NOT NULL;

-- Whoever reported is told that it was looked at.
ALTER TABLE reports ADD COLUMN answer_seen_at BIGINT;
UPDATE reports SET answer_seen_at = closed_at WHERE closed_at IS NOT NULL;
CREATE INDEX reports_of_member ON reports (member, id);
CREATE INDEX reports_answered ON reports (reporter) WHERE closed_at IS NOT NULL AND answer_seen_at IS NULL AND rule IS NULL;
