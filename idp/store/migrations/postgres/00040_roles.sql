-- Staff roles (T-43): words separated by a space; nobody has one by default (A-6.3.2).

-- +goose Up
ALTER TABLE users ADD COLUMN roles TEXT NOT NULL DEFAULT '';
CREATE INDEX users_roles ON users (id) WHERE roles <> '';
