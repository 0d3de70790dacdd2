-- +goose Up

-- Authorization requests that were pushed by a client (RFC 9126), or that are
-- too long for a URL and wait for the browser to come back.
CREATE TABLE pushed_requests (
  hash       BYTEA PRIMARY KEY, -- hash
  client_id  TEXT NOT NULL,
  params     TEXT NOT NULL,     -- sealed
  by_client  BOOLEAN NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL, -- it may be opened until then
  keep_until BIGINT NOT NULL  -- a sign-in may still answer it until then
);
CREATE INDEX pushed_requests_expiry ON pushed_requests (keep_until);

ALTER TABLE grants ADD COLUMN claims TEXT; -- JSON
