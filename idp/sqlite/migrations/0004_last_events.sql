-- +goose Up

-- The newest Event of an app and a name, such as its last sign-in. An expression, so that
-- no other query is lured away from its own index.
CREATE INDEX events_last ON events ((name || ' ' || app), seq);
