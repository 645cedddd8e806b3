DROP TABLE member_badges;
DROP TABLE verifications;
DROP TABLE grant_log;
DROP TABLE grants;
DROP TABLE plan_entitlements;
DROP TABLE plans;
