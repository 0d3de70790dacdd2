-- Who people are to relying parties that must not compare notes (pairwise
-- subjects, OIDC Core §8.1).

-- +goose Up
CREATE TABLE subjects (
  sub     TEXT PRIMARY KEY,
  user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  sector  TEXT NOT NULL
);
CREATE UNIQUE INDEX subjects_of ON subjects (user_id, sector);

ALTER TABLE grants ADD COLUMN subject TEXT NOT NULL DEFAULT ''; -- empty: the user's id
