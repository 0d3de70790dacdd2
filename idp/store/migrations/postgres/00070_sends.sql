-- +goose Up
-- What became of each code sent to a phone; it holds neither code nor number.
CREATE TABLE sends (
  id           TEXT PRIMARY KEY, -- of the message in the outbox
  challenge_id TEXT NOT NULL,
  user_id      TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  factor_id    TEXT NOT NULL,    -- or the enrolment's
  channel      TEXT NOT NULL,
  country      TEXT NOT NULL,
  gateway      TEXT NOT NULL,
  state        TEXT NOT NULL,
  reason       TEXT NOT NULL,    -- the gateway's code
  sent_at      BIGINT NOT NULL,
  entered_at   BIGINT
);
CREATE INDEX sends_challenge ON sends (challenge_id);
CREATE INDEX sends_factor ON sends (factor_id, sent_at);
CREATE INDEX sends_country ON sends (country, sent_at); -- conversion (C-17)
CREATE INDEX sends_age ON sends (sent_at);
CREATE INDEX sends_user ON sends (user_id);
