-- +goose Up
-- Further addresses that learn of every security event; each was proved by a code (N-51).
CREATE TABLE notice_addresses (
  id         TEXT PRIMARY KEY,
  user_id    TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  email      TEXT NOT NULL, -- sealed
  created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX notice_addresses_user ON notice_addresses (user_id);

-- Addresses that signed in before: theirs to get back for a while, and nobody else's (T-64).
CREATE TABLE former_emails (
  id         TEXT PRIMARY KEY,
  user_id    TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  email      TEXT NOT NULL, -- sealed
  email_mac  BLOB NOT NULL, -- mac
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX former_emails_user ON former_emails (user_id);
CREATE INDEX former_emails_mac ON former_emails (email_mac);
CREATE INDEX former_emails_expiry ON former_emails (expires_at);

-- People who asked to close their account; a sign-in before due_at takes it back.
CREATE TABLE closures (
  user_id     TEXT PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
  asked_at    INTEGER NOT NULL,
  due_at      INTEGER NOT NULL,
  reminded_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX closures_due ON closures (due_at);

-- Where a right password came from, for the mail about the code that never followed (A-6.3.5).
ALTER TABLE sign_ins ADD COLUMN ip TEXT NOT NULL DEFAULT '';
ALTER TABLE sign_ins ADD COLUMN user_agent TEXT NOT NULL DEFAULT '';
CREATE INDEX sign_ins_unfinished ON sign_ins (expires_at)
  WHERE password_at IS NOT NULL AND code_at IS NULL AND device_at IS NULL AND done_at IS NULL AND ended_at IS NULL;
