-- +goose Up
-- What a person did to others, for their erasure; few rows are in it.
CREATE INDEX events_doer ON events (actor_id) WHERE actor_kind = 'user' AND actor_id <> user_id;
