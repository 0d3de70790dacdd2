-- Clients that register themselves (RFC 7591, RFC 7592), and what lets them.

-- +goose Up
CREATE TABLE registration_tokens (
  id         TEXT PRIMARY KEY,
  hash       BYTEA NOT NULL UNIQUE, -- hash
  name       TEXT NOT NULL,
  uses       BIGINT NOT NULL,
  used       BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  revoked_at BIGINT
);

CREATE TABLE registrations (
  client_id  TEXT PRIMARY KEY REFERENCES clients (id) ON DELETE CASCADE,
  hash       BYTEA NOT NULL, -- hash of the registration access token
  token_id   TEXT NOT NULL, -- the initial access token that let it in
  created_at BIGINT NOT NULL
);
