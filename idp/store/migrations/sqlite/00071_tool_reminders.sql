-- +goose Up
-- So many days before its end the members of the shop were reminded of a tool last; 0 for not yet.
ALTER TABLE shop_tools ADD COLUMN reminded_days INTEGER NOT NULL DEFAULT 0;
CREATE INDEX shop_tools_expiry ON shop_tools (expires_at) WHERE expires_at IS NOT NULL AND revoked_at IS NULL;
