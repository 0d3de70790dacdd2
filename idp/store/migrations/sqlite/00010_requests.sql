-- +goose Up

-- Authorization requests that were pushed by a client (RFC 9126), or that are
-- too long for a URL and wait for the browser to come back.
CREATE TABLE pushed_requests (
  hash       BLOB PRIMARY KEY, -- hash
  client_id  TEXT NOT NULL,
  params     TEXT NOT NULL,    -- sealed
  by_client  INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL, -- it may be opened until then
  keep_until INTEGER NOT NULL  -- a sign-in may still answer it until then
) STRICT;
CREATE INDEX pushed_requests_expiry ON pushed_requests (keep_until);

ALTER TABLE grants ADD COLUMN claims TEXT; -- JSON
