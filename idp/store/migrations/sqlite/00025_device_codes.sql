-- Devices without a browser that wait for a person to connect them (RFC 8628).

-- +goose Up
CREATE TABLE device_codes (
  hash        BLOB PRIMARY KEY, -- hash of the code that the device polls with
  user_mac    BLOB NOT NULL UNIQUE, -- MAC of the code that a person types
  user_code   TEXT NOT NULL,    -- sealed
  client_id   TEXT NOT NULL,
  scopes      TEXT,             -- JSON
  resources   TEXT,             -- JSON
  ip          TEXT NOT NULL,    -- where the device asked from
  user_agent  TEXT NOT NULL,
  pace        INTEGER NOT NULL, -- seconds between two polls
  polled_at   INTEGER,
  answered_at INTEGER,
  grant_id    TEXT NOT NULL,    -- empty: not answered yet, or refused
  used_at     INTEGER,
  created_at  INTEGER NOT NULL,
  expires_at  INTEGER NOT NULL
) STRICT;
CREATE INDEX device_codes_expiry ON device_codes (expires_at);
