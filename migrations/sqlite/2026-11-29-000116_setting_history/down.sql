DROP INDEX audit_by_act;
