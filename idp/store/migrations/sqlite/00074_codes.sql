-- +goose Up
-- A code is made with its grant, once, and lives a minute: it is part of it.
ALTER TABLE grants ADD COLUMN code_hash BLOB; -- hash; NULL: the grant came without a code
ALTER TABLE grants ADD COLUMN code_redirect_uri TEXT NOT NULL DEFAULT '';
ALTER TABLE grants ADD COLUMN code_nonce TEXT NOT NULL DEFAULT '';
ALTER TABLE grants ADD COLUMN code_challenge TEXT NOT NULL DEFAULT '';
ALTER TABLE grants ADD COLUMN code_jkt TEXT NOT NULL DEFAULT '';
ALTER TABLE grants ADD COLUMN code_expires_at INTEGER;
ALTER TABLE grants ADD COLUMN code_used_at INTEGER;
DROP TABLE codes;
