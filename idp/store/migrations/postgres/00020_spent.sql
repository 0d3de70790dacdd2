-- What may be used once and expires by itself: the ids of client assertions
-- and of DPoP proofs (H-13).

-- +goose Up
CREATE TABLE spent (
  hash       BYTEA PRIMARY KEY, -- hash
  expires_at BIGINT NOT NULL
);
CREATE INDEX spent_expiry ON spent (expires_at);
