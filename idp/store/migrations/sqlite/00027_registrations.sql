-- Clients that register themselves (RFC 7591, RFC 7592), and what lets them.

-- +goose Up
CREATE TABLE registration_tokens (
  id         TEXT PRIMARY KEY,
  hash       BLOB NOT NULL UNIQUE, -- hash
  name       TEXT NOT NULL,
  uses       INTEGER NOT NULL,
  used       INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  revoked_at INTEGER
) STRICT;

CREATE TABLE registrations (
  client_id  TEXT PRIMARY KEY REFERENCES clients (id) ON DELETE CASCADE,
  hash       BLOB NOT NULL, -- hash of the registration access token
  token_id   TEXT NOT NULL, -- the initial access token that let it in
  created_at INTEGER NOT NULL
) STRICT;
