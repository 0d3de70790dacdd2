-- +goose Up
-- Seller accounts: people with roles, and the credentials of their external tools (S-091).
CREATE TABLE shops (
  id           TEXT PRIMARY KEY,
  name         TEXT NOT NULL,
  created_at   BIGINT NOT NULL,
  updated_at   BIGINT NOT NULL,
  suspended_at BIGINT, -- its tools stand still: no owner has two-step verification
  closed_at    BIGINT
);
CREATE INDEX shops_closed ON shops (closed_at) WHERE closed_at IS NOT NULL;

CREATE TABLE shop_members (
  shop_id   TEXT NOT NULL REFERENCES shops (id) ON DELETE CASCADE,
  user_id   TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  role      TEXT NOT NULL,
  joined_at BIGINT NOT NULL,
  PRIMARY KEY (shop_id, user_id)
);
CREATE INDEX shop_members_user ON shop_members (user_id);

-- From when a role needs two-step verification.
CREATE TABLE shop_demands (
  shop_id TEXT NOT NULL REFERENCES shops (id) ON DELETE CASCADE,
  role    TEXT NOT NULL,
  from_at BIGINT NOT NULL,
  PRIMARY KEY (shop_id, role)
);

CREATE TABLE shop_invitations (
  id         TEXT PRIMARY KEY,
  shop_id    TEXT NOT NULL REFERENCES shops (id) ON DELETE CASCADE,
  hash       BYTEA NOT NULL UNIQUE, -- hash
  email      TEXT NOT NULL,        -- sealed
  email_mac  BYTEA NOT NULL,        -- mac
  role       TEXT NOT NULL,
  invited_by TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  sent_at    BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  UNIQUE (shop_id, email_mac)
);
CREATE INDEX shop_invitations_expiry ON shop_invitations (expires_at);

-- The shop a person chose last at a client.
CREATE TABLE shop_choices (
  user_id   TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  client_id TEXT NOT NULL,
  shop_id   TEXT NOT NULL REFERENCES shops (id) ON DELETE CASCADE,
  chosen_at BIGINT NOT NULL,
  PRIMARY KEY (user_id, client_id)
);
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
  created_at   BIGINT NOT NULL,
  expires_at   BIGINT,
  revoked_at   BIGINT,
  last_used_at BIGINT,
  version      BIGINT NOT NULL -- rises with every change, over all tools
);
CREATE INDEX shop_tools_shop ON shop_tools (shop_id);
CREATE INDEX shop_tools_version ON shop_tools (version);
CREATE INDEX shop_tools_revoked ON shop_tools (revoked_at) WHERE revoked_at IS NOT NULL;

-- For which shop the person acts; empty for none.
ALTER TABLE grants ADD COLUMN shop_id TEXT NOT NULL DEFAULT '';
CREATE INDEX grants_shop ON grants (shop_id) WHERE shop_id <> '';
ALTER TABLE sign_ins ADD COLUMN shop_id TEXT NOT NULL DEFAULT '';
