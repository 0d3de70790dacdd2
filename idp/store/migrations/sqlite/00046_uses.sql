-- +goose Up
-- Who uses which relying party, and what they were told of its enforcement date (S-109, C-24).
CREATE TABLE uses (
  user_id        TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  client_id      TEXT NOT NULL,
  first_at       INTEGER, -- NULL: never signed in there
  last_at        INTEGER, -- to the day
  put_off_at     INTEGER, -- the notice, last
  reminded_from  INTEGER, -- the date that the last mail was about
  reminded_days  INTEGER NOT NULL, -- and which of them it was
  extended_until INTEGER, -- given once
  extended_at    INTEGER,
  PRIMARY KEY (user_id, client_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX uses_client ON uses (client_id, user_id);

INSERT INTO uses (user_id, client_id, first_at, last_at, reminded_days)
SELECT user_id, client_id, MIN(at), MAX(at), 0
FROM (
  SELECT user_id, client_id, created_at AS at FROM grants
  UNION ALL
  SELECT user_id, client_id, at FROM events WHERE name = 'signin.done' AND client_id <> ''
) used
WHERE user_id IN (SELECT id FROM users)
GROUP BY user_id, client_id;
