-- +goose Up

CREATE TABLE admins (
    subject    text COLLATE "C" PRIMARY KEY,
    role       text COLLATE "C" NOT NULL,
    version    bigint NOT NULL,
    doc        text COLLATE "C" NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL
);

CREATE TABLE token_apps (
    app        text COLLATE "C" PRIMARY KEY,
    version    bigint NOT NULL,
    doc        text COLLATE "C" NOT NULL,
    shared_key bytea,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL
);

-- Apps of all protocols share one namespace from now on.
CREATE TABLE app_names (
    name text COLLATE "C" PRIMARY KEY,
    kind text COLLATE "C" NOT NULL
);
INSERT INTO app_names (name, kind) SELECT id, 'client' FROM clients;
INSERT INTO app_names (name, kind) SELECT app, 'sp' FROM service_providers WHERE app NOT IN (SELECT id FROM clients);
