-- +goose Up
CREATE TABLE recovery_codes (
  user_id    TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  mac        BYTEA NOT NULL, -- of the code and its owner: moved to another account it is useless
  created_at BIGINT NOT NULL,
  used_at    BIGINT,
  PRIMARY KEY (user_id, mac)
);
