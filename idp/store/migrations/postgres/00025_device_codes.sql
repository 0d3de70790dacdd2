-- Devices without a browser that wait for a person to connect them (RFC 8628).

-- +goose Up
CREATE TABLE device_codes (
  hash        BYTEA PRIMARY KEY, -- hash of the code that the device polls with
  user_mac    BYTEA NOT NULL UNIQUE, -- MAC of the code that a person types
  user_code   TEXT NOT NULL,    -- sealed
  client_id   TEXT NOT NULL,
  scopes      TEXT,             -- JSON
  resources   TEXT,             -- JSON
  ip          TEXT NOT NULL,    -- where the device asked from
  user_agent  TEXT NOT NULL,
  pace        BIGINT NOT NULL,  -- seconds between two polls
  polled_at   BIGINT,
  answered_at BIGINT,
  grant_id    TEXT NOT NULL,    -- empty: not answered yet, or refused
  used_at     BIGINT,
  created_at  BIGINT NOT NULL,
  expires_at  BIGINT NOT NULL
);
CREATE INDEX device_codes_expiry ON device_codes (expires_at);
