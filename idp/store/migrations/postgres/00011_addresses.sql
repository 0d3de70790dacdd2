-- +goose Up

-- Where people live, of those who said so.
CREATE TABLE addresses (
  user_id TEXT PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
  address TEXT NOT NULL -- sealed JSON
);
