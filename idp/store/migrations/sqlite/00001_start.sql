-- Times are seconds since 1970, UTC; NULL means: it has not happened.
-- Columns marked "sealed" hold AES-256-GCM, "mac" HMAC-SHA-256, "hash" SHA-256.

-- +goose Up
CREATE TABLE users (
  id                 TEXT PRIMARY KEY,
  email              TEXT NOT NULL UNIQUE,
  name               TEXT NOT NULL,
  lang               TEXT NOT NULL,
  zone               TEXT NOT NULL,
  password           TEXT NOT NULL, -- PHC string
  password_len       INTEGER NOT NULL,
  password_failures  INTEGER NOT NULL,
  must_change        INTEGER NOT NULL,
  epoch              INTEGER NOT NULL,
  email_verified_at  INTEGER,
  password_at        INTEGER,
  password_failed_at INTEGER,
  two_step_at        INTEGER,
  disabled_at        INTEGER,
  created_at         INTEGER NOT NULL,
  updated_at         INTEGER NOT NULL
) STRICT;

CREATE TABLE factors (
  id           TEXT PRIMARY KEY,
  user_id      TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  channel      TEXT NOT NULL,
  role         TEXT NOT NULL,
  name         TEXT NOT NULL,
  number       TEXT NOT NULL, -- sealed
  number_mac   BLOB,          -- mac, to count the people who share a number (C-15)
  secret       BLOB,          -- sealed
  last_step    INTEGER NOT NULL,
  drift        INTEGER NOT NULL,
  failures     INTEGER NOT NULL,
  draft        INTEGER NOT NULL,
  binding      TEXT NOT NULL, -- of a draft: the sign-in or session that made it
  created_at   INTEGER NOT NULL,
  verified_at  INTEGER,
  disabled_at  INTEGER,
  last_used_at INTEGER
) STRICT;
CREATE INDEX factors_user ON factors (user_id);
CREATE INDEX factors_number ON factors (number_mac) WHERE number_mac IS NOT NULL;
CREATE INDEX factors_draft ON factors (created_at) WHERE draft;

CREATE TABLE enrolments (
  user_id    TEXT PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
  id         TEXT NOT NULL,
  binding    TEXT NOT NULL,
  role       TEXT NOT NULL,
  channel    TEXT NOT NULL,
  number     TEXT NOT NULL, -- sealed
  secret     BLOB,          -- sealed
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX enrolments_expiry ON enrolments (expires_at);

CREATE TABLE challenges (
  id            TEXT PRIMARY KEY,
  user_id       TEXT NOT NULL,
  factor_id     TEXT NOT NULL,
  binding       TEXT NOT NULL,
  purpose       TEXT NOT NULL,
  channel       TEXT NOT NULL,
  mac           BLOB, -- mac
  sends         INTEGER NOT NULL,
  attempts      INTEGER NOT NULL,
  sent_at       INTEGER,
  expires_at    INTEGER NOT NULL,
  used_at       INTEGER,
  superseded_at INTEGER
) STRICT;
CREATE INDEX challenges_binding ON challenges (binding, purpose);
CREATE INDEX challenges_expiry ON challenges (expires_at);

CREATE TABLE sessions (
  sid         TEXT PRIMARY KEY,
  hash        BLOB NOT NULL UNIQUE, -- hash
  user_id     TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  password_at INTEGER,
  code_at     INTEGER,
  device_at   INTEGER,
  channel     TEXT NOT NULL,
  user_agent  TEXT NOT NULL,
  ip          TEXT NOT NULL,
  created_at  INTEGER NOT NULL,
  seen_at     INTEGER,
  ended_at    INTEGER,
  expires_at  INTEGER NOT NULL
) STRICT;
CREATE INDEX sessions_user ON sessions (user_id);
CREATE INDEX sessions_expiry ON sessions (expires_at);
CREATE INDEX sessions_ended ON sessions (ended_at) WHERE ended_at IS NOT NULL;

CREATE TABLE sign_ins (
  id           TEXT PRIMARY KEY,
  browser      BLOB, -- hash
  client_id    TEXT NOT NULL,
  return_to    TEXT NOT NULL,
  request      BLOB,
  user_id      TEXT NOT NULL,
  password_at  INTEGER,
  code_at      INTEGER,
  device_at    INTEGER,
  channel      TEXT NOT NULL,
  trust        INTEGER NOT NULL,
  selected_at  INTEGER,
  consented_at INTEGER,
  put_off_at   INTEGER,
  created_at   INTEGER NOT NULL,
  expires_at   INTEGER NOT NULL,
  done_at      INTEGER,
  ended_at     INTEGER
) STRICT;
CREATE INDEX sign_ins_expiry ON sign_ins (expires_at);

CREATE TABLE grants (
  id           TEXT PRIMARY KEY,
  client_id    TEXT NOT NULL,
  user_id      TEXT NOT NULL,
  sid          TEXT NOT NULL,
  acr          TEXT NOT NULL,
  amr          TEXT, -- JSON
  scopes       TEXT, -- JSON
  resources    TEXT, -- JSON
  auth_time    INTEGER,
  created_at   INTEGER NOT NULL,
  revoked_at   INTEGER,
  last_used_at INTEGER,
  keep_until   INTEGER NOT NULL -- no token points here after it
) STRICT;
CREATE INDEX grants_user ON grants (user_id);
CREATE INDEX grants_sid ON grants (sid);
CREATE INDEX grants_expiry ON grants (keep_until);

-- Codes, refresh tokens and refused access tokens point at a grant without a
-- foreign key: they outlive nothing and go by themselves.
CREATE TABLE codes (
  hash         BLOB PRIMARY KEY, -- hash
  grant_id     TEXT NOT NULL,
  client_id    TEXT NOT NULL,
  redirect_uri TEXT NOT NULL,
  nonce        TEXT NOT NULL,
  challenge    TEXT NOT NULL,
  created_at   INTEGER NOT NULL,
  expires_at   INTEGER NOT NULL,
  used_at      INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX codes_expiry ON codes (expires_at);

CREATE TABLE refresh_tokens (
  hash       BLOB PRIMARY KEY, -- hash
  grant_id   TEXT NOT NULL,
  next       TEXT NOT NULL,    -- sealed
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  used_at    INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX refresh_tokens_expiry ON refresh_tokens (expires_at);

CREATE TABLE jtis (
  jti        TEXT PRIMARY KEY,
  expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX jtis_expiry ON jtis (expires_at);

CREATE TABLE devices (
  id           TEXT PRIMARY KEY,
  user_id      TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  epoch        INTEGER NOT NULL,
  user_agent   TEXT NOT NULL,
  ip           TEXT NOT NULL,
  created_at   INTEGER NOT NULL,
  last_used_at INTEGER,
  expires_at   INTEGER NOT NULL,
  hash         BLOB NOT NULL UNIQUE, -- hash
  previous     BLOB,                 -- hash
  rotated_at   INTEGER
) STRICT;
CREATE INDEX devices_user ON devices (user_id);
CREATE INDEX devices_previous ON devices (previous) WHERE previous IS NOT NULL;
CREATE INDEX devices_expiry ON devices (expires_at);

CREATE TABLE consents (
  user_id    TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  client_id  TEXT NOT NULL,
  scopes     TEXT, -- JSON
  granted_at INTEGER NOT NULL,
  PRIMARY KEY (user_id, client_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE clients (
  id         TEXT PRIMARY KEY,
  spec       TEXT NOT NULL, -- JSON
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;

CREATE TABLE keys (
  id         TEXT PRIMARY KEY,
  alg        TEXT NOT NULL,
  private    BLOB NOT NULL, -- sealed
  created_at INTEGER NOT NULL,
  active_at  INTEGER,
  retire_at  INTEGER,
  revoked_at INTEGER
) STRICT;

CREATE TABLE events (
  seq              INTEGER PRIMARY KEY AUTOINCREMENT,
  id               TEXT NOT NULL UNIQUE,
  at               INTEGER NOT NULL,
  actor_kind       TEXT NOT NULL,
  actor_id         TEXT NOT NULL,
  actor_ip         TEXT NOT NULL,
  actor_user_agent TEXT NOT NULL,
  actor_request    TEXT NOT NULL,
  user_id          TEXT NOT NULL,
  client_id        TEXT NOT NULL,
  name             TEXT NOT NULL,
  details          TEXT -- JSON
) STRICT;
CREATE INDEX events_user ON events (user_id) WHERE user_id <> '';
CREATE INDEX events_client ON events (client_id) WHERE client_id <> '';
CREATE INDEX events_name ON events (name);

CREATE TABLE outbox (
  seq          INTEGER PRIMARY KEY AUTOINCREMENT,
  id           TEXT NOT NULL UNIQUE,
  kind         TEXT NOT NULL,
  recipient    TEXT NOT NULL, -- sealed
  lang         TEXT NOT NULL,
  user_id      TEXT NOT NULL,
  name         TEXT NOT NULL,
  params       TEXT,          -- JSON, each value sealed; NULL once sent or given up
  challenge_id TEXT NOT NULL,
  attempts     INTEGER NOT NULL,
  created_at   INTEGER NOT NULL,
  next_at      INTEGER NOT NULL,
  expires_at   INTEGER,
  sent_at      INTEGER,
  failed_at    INTEGER,
  last_error   TEXT NOT NULL
) STRICT;
CREATE INDEX outbox_due ON outbox (next_at) WHERE sent_at IS NULL AND failed_at IS NULL;
CREATE INDEX outbox_done ON outbox (created_at);
CREATE INDEX outbox_challenge ON outbox (challenge_id) WHERE failed_at IS NOT NULL;

CREATE TABLE tokens (
  id         TEXT PRIMARY KEY,
  hash       BLOB NOT NULL, -- hash
  purpose    TEXT NOT NULL,
  user_id    TEXT NOT NULL,
  browser    BLOB,          -- hash
  data       TEXT,          -- JSON, each value sealed
  attempts   INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  used_at    INTEGER
) STRICT;
CREATE INDEX tokens_hash ON tokens (hash);
CREATE INDEX tokens_user ON tokens (user_id, purpose);
CREATE INDEX tokens_expiry ON tokens (expires_at);

CREATE TABLE counters (
  name     BLOB PRIMARY KEY, -- mac
  n        INTEGER NOT NULL,
  reset_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX counters_reset ON counters (reset_at);

CREATE TABLE leases (
  name   TEXT PRIMARY KEY,
  holder TEXT NOT NULL,
  until  INTEGER NOT NULL
) STRICT;

CREATE TABLE meta (
  name  TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT;

