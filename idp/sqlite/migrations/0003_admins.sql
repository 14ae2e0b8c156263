-- +goose Up

CREATE TABLE admins (
    subject    TEXT PRIMARY KEY,
    role       TEXT NOT NULL,
    version    INTEGER NOT NULL,
    doc        TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

CREATE TABLE token_apps (
    app        TEXT PRIMARY KEY,
    version    INTEGER NOT NULL,
    doc        TEXT NOT NULL,
    shared_key BLOB,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

-- Apps of all protocols share one namespace from now on.
CREATE TABLE app_names (
    name TEXT PRIMARY KEY,
    kind TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO app_names (name, kind) SELECT id, 'client' FROM clients;
INSERT INTO app_names (name, kind) SELECT app, 'sp' FROM service_providers WHERE app NOT IN (SELECT id FROM clients);
