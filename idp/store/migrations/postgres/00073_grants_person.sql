-- +goose Up
-- One index finds a person's grants and those of one of their sessions.
CREATE INDEX grants_person ON grants (user_id, sid);
DROP INDEX grants_user;
DROP INDEX grants_sid;
