DROP INDEX sessions_by_use;
DROP INDEX sessions_by_end;
