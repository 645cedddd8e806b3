DROP TABLE automod_rules;
