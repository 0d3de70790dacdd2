-- +goose Up
-- Seller accounts: people with roles, and the credentials of their external tools (S-091).
CREATE TABLE shops (
  id           TEXT PRIMARY KEY,
  name         TEXT NOT NULL,
  created_at   INTEGER NOT NULL,
  updated_at   INTEGER NOT NULL,
  suspended_at INTEGER, -- its tools stand still: no owner has two-step verification
  closed_at    INTEGER
) STRICT;
CREATE INDEX shops_closed ON shops (closed_at) WHERE closed_at IS NOT NULL;

CREATE TABLE shop_members (
  shop_id   TEXT NOT NULL REFERENCES shops (id) ON DELETE CASCADE,
  user_id   TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  role      TEXT NOT NULL,
  joined_at INTEGER NOT NULL,
  PRIMARY KEY (shop_id, user_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX shop_members_user ON shop_members (user_id);

-- From when a role needs two-step verification.
CREATE TABLE shop_demands (
  shop_id TEXT NOT NULL REFERENCES shops (id) ON DELETE CASCADE,
  role    TEXT NOT NULL,
  from_at INTEGER NOT NULL,
  PRIMARY KEY (shop_id, role)
) STRICT, WITHOUT ROWID;

CREATE TABLE shop_invitations (
  id         TEXT PRIMARY KEY,
  shop_id    TEXT NOT NULL REFERENCES shops (id) ON DELETE CASCADE,
  hash       BLOB NOT NULL UNIQUE, -- hash
  email      TEXT NOT NULL,        -- sealed
  email_mac  BLOB NOT NULL,        -- mac
  role       TEXT NOT NULL,
  invited_by TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  sent_at    INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  UNIQUE (shop_id, email_mac)
) STRICT;
CREATE INDEX shop_invitations_expiry ON shop_invitations (expires_at);

-- The shop a person chose last at a client.
CREATE TABLE shop_choices (
  user_id   TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  client_id TEXT NOT NULL,
  shop_id   TEXT NOT NULL REFERENCES shops (id) ON DELETE CASCADE,
  chosen_at INTEGER NOT NULL,
  PRIMARY KEY (user_id, client_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX shop_choices_shop ON shop_choices (shop_id);

CREATE TABLE shop_tools (
  id           TEXT PRIMARY KEY, -- the client id
  shop_id      TEXT NOT NULL REFERENCES shops (id) ON DELETE CASCADE,
  name         TEXT NOT NULL,
  auth         TEXT NOT NULL,
  secrets      TEXT,          -- JSON, hashes
  jwks         TEXT NOT NULL, -- public keys
  scopes       TEXT,          -- JSON
  resources    TEXT,          -- JSON
  created_by   TEXT NOT NULL,
  created_at   INTEGER NOT NULL,
  expires_at   INTEGER,
  revoked_at   INTEGER,
  last_used_at INTEGER,
  version      INTEGER NOT NULL -- rises with every change, over all tools
) STRICT;
CREATE INDEX shop_tools_shop ON shop_tools (shop_id);
CREATE INDEX shop_tools_version ON shop_tools (version);
CREATE INDEX shop_tools_revoked ON shop_tools (revoked_at) WHERE revoked_at IS NOT NULL;

-- For which shop the person acts; empty for none.
ALTER TABLE grants ADD COLUMN shop_id TEXT NOT NULL DEFAULT '';
CREATE INDEX grants_shop ON grants (shop_id) WHERE shop_id <> '';
ALTER TABLE sign_ins ADD COLUMN shop_id TEXT NOT NULL DEFAULT '';
