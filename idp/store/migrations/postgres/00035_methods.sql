-- +goose Up
-- Until when a method gives no power over others (C-40), since when it is left
-- behind by two-step verification that is off (S-127), and when its owner was
-- last written to about it (C-23).
ALTER TABLE factors ADD COLUMN held_until BIGINT;
ALTER TABLE factors ADD COLUMN dormant_at BIGINT;
ALTER TABLE factors ADD COLUMN noticed_at BIGINT;
UPDATE factors SET dormant_at = (SELECT updated_at FROM users WHERE users.id = factors.user_id)
  WHERE NOT draft AND user_id IN (SELECT id FROM users WHERE two_step_at IS NULL);
CREATE INDEX factors_dormant ON factors (dormant_at) WHERE dormant_at IS NOT NULL;

-- The method whose place an enrolment takes.
ALTER TABLE enrolments ADD COLUMN replaces TEXT NOT NULL DEFAULT '';
