-- +goose Up
CREATE TABLE passkeys (
  id           TEXT PRIMARY KEY,
  user_id      TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  credential   BYTEA NOT NULL UNIQUE,
  public_key   BYTEA NOT NULL,
  mac          BYTEA NOT NULL, -- mac, over whose key it is: a row that was changed or moved is useless
  sign_count   BIGINT NOT NULL,
  aaguid       TEXT NOT NULL,
  transports   TEXT, -- JSON
  name         TEXT NOT NULL,
  synced       BOOLEAN NOT NULL,
  backed_up    BOOLEAN NOT NULL,
  held_until   BIGINT,
  created_at   BIGINT NOT NULL,
  last_used_at BIGINT,
  disabled_at  BIGINT
);
CREATE INDEX passkeys_user ON passkeys (user_id);

-- What a browser proved: the passkey, and which method a code came by.
ALTER TABLE sessions ADD COLUMN passkey_at BIGINT;
ALTER TABLE sessions ADD COLUMN passkey_id TEXT NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN passkey_verified BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE sessions ADD COLUMN passkey_synced BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE sessions ADD COLUMN factor_id TEXT NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN ceremony BIGINT NOT NULL DEFAULT 0; -- counts the challenges that are spent
ALTER TABLE sign_ins ADD COLUMN passkey_at BIGINT;
ALTER TABLE sign_ins ADD COLUMN passkey_id TEXT NOT NULL DEFAULT '';
ALTER TABLE sign_ins ADD COLUMN passkey_verified BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE sign_ins ADD COLUMN passkey_synced BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE sign_ins ADD COLUMN factor_id TEXT NOT NULL DEFAULT '';
ALTER TABLE sign_ins ADD COLUMN ceremony BIGINT NOT NULL DEFAULT 0;
ALTER TABLE sign_ins ADD COLUMN able BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE users ADD COLUMN passkey_offered_at BIGINT;
