-- The history of the settings is read from the audit log.
CREATE INDEX audit_by_act ON audit (act, id);
