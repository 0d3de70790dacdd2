-- +goose Up
-- When the owner of an account was reminded that it is about to be reset.
ALTER TABLE recoveries ADD COLUMN reminded_at INTEGER;
