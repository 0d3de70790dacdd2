-- Keys that codes and grants are bound to: the thumbprints of a DPoP key
-- (RFC 9449) and of a client certificate (RFC 8705); empty means none.

-- +goose Up
ALTER TABLE codes ADD COLUMN jkt TEXT NOT NULL DEFAULT '';
ALTER TABLE grants ADD COLUMN jkt TEXT NOT NULL DEFAULT '';
ALTER TABLE grants ADD COLUMN x5t TEXT NOT NULL DEFAULT '';
