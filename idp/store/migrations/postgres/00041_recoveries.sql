-- +goose Up
-- Requests to recover an account by review (S-100). A request about an address
-- that nobody has is kept like any other, with an empty user_id (T-02).
CREATE TABLE recoveries (
  id           TEXT PRIMARY KEY,
  user_id      TEXT NOT NULL,
  state        TEXT NOT NULL,
  password     BOOLEAN NOT NULL, -- the applicant knew it
  changed      BOOLEAN NOT NULL, -- password or address had been changed lately
  known        BOOLEAN NOT NULL, -- from a browser that had signed in before
  lang         TEXT NOT NULL,
  cause        TEXT NOT NULL,
  email        TEXT NOT NULL, -- sealed
  contact      TEXT NOT NULL, -- sealed
  story        TEXT NOT NULL, -- sealed
  wanted       TEXT NOT NULL, -- sealed: what a reviewer asks for
  ip           TEXT NOT NULL,
  user_agent   TEXT NOT NULL,
  first_by     TEXT NOT NULL,
  second_by    TEXT NOT NULL,
  ticket       TEXT NOT NULL,
  created_at   BIGINT NOT NULL,
  confirmed_at BIGINT, -- the contact address
  sent_at      BIGINT,
  due_at       BIGINT, -- when the state ends by itself
  decided_at   BIGINT,
  closed_at    BIGINT,
  clear_at     BIGINT, -- when evidence and words are deleted (C-44)
  keep_until   BIGINT
);
CREATE INDEX recoveries_user ON recoveries (user_id) WHERE user_id <> '';
CREATE INDEX recoveries_due ON recoveries (due_at);
CREATE INDEX recoveries_clear ON recoveries (clear_at);
CREATE INDEX recoveries_keep ON recoveries (keep_until);
CREATE INDEX recoveries_queue ON recoveries (state, sent_at);
-- One request at a time about an account.
CREATE UNIQUE INDEX recoveries_one ON recoveries (user_id)
  WHERE user_id <> '' AND state IN ('open', 'asked', 'half', 'waiting');

CREATE TABLE recovery_files (
  id          TEXT PRIMARY KEY,
  recovery_id TEXT NOT NULL REFERENCES recoveries (id) ON DELETE CASCADE,
  name        TEXT NOT NULL, -- sealed
  kind        TEXT NOT NULL,
  size        BIGINT NOT NULL,
  created_at  BIGINT NOT NULL,
  done_at     BIGINT -- NULL while it is being sent
);
CREATE INDEX recovery_files_recovery ON recovery_files (recovery_id);

-- Files in pieces, so that none is ever in memory as a whole while it is sent.
CREATE TABLE recovery_pieces (
  file_id TEXT NOT NULL REFERENCES recovery_files (id) ON DELETE CASCADE,
  n       BIGINT NOT NULL,
  data    TEXT NOT NULL, -- sealed
  PRIMARY KEY (file_id, n)
);
