-- +goose Up
-- When the person of a request that is done set two-step verification up again (S-133).
ALTER TABLE recoveries ADD COLUMN set_up_at BIGINT;
