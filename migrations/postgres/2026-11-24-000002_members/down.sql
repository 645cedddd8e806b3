DROP TABLE sanctions;
DROP TABLE one_time_links;
DROP TABLE invites;
DROP TABLE sessions;
DROP TABLE member_roles;
DROP TABLE roles;
DROP TABLE members;
