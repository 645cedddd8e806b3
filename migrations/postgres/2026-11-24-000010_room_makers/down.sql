DROP INDEX rooms_by_maker;
