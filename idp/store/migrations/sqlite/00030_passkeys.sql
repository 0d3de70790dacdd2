-- +goose Up
CREATE TABLE passkeys (
  id           TEXT PRIMARY KEY,
  user_id      TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  credential   BLOB NOT NULL UNIQUE,
  public_key   BLOB NOT NULL,
  mac          BLOB NOT NULL, -- mac, over whose key it is: a row that was changed or moved is useless
  sign_count   INTEGER NOT NULL,
  aaguid       TEXT NOT NULL,
  transports   TEXT, -- JSON
  name         TEXT NOT NULL,
  synced       INTEGER NOT NULL,
  backed_up    INTEGER NOT NULL,
  held_until   INTEGER,
  created_at   INTEGER NOT NULL,
  last_used_at INTEGER,
  disabled_at  INTEGER
) STRICT;
CREATE INDEX passkeys_user ON passkeys (user_id);

-- What a browser proved: the passkey, and which method a code came by.
ALTER TABLE sessions ADD COLUMN passkey_at INTEGER;
ALTER TABLE sessions ADD COLUMN passkey_id TEXT NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN passkey_verified INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sessions ADD COLUMN passkey_synced INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sessions ADD COLUMN factor_id TEXT NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN ceremony INTEGER NOT NULL DEFAULT 0; -- counts the challenges that are spent
ALTER TABLE sign_ins ADD COLUMN passkey_at INTEGER;
ALTER TABLE sign_ins ADD COLUMN passkey_id TEXT NOT NULL DEFAULT '';
ALTER TABLE sign_ins ADD COLUMN passkey_verified INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sign_ins ADD COLUMN passkey_synced INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sign_ins ADD COLUMN factor_id TEXT NOT NULL DEFAULT '';
ALTER TABLE sign_ins ADD COLUMN ceremony INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sign_ins ADD COLUMN able INTEGER NOT NULL DEFAULT 0;
ALTER TABLE users ADD COLUMN passkey_offered_at INTEGER;
