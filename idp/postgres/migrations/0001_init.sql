-- +goose Up

-- Times are microseconds since 1970, UTC. Text compares byte by byte, whatever the
-- collation of the database is.

CREATE TABLE clients (
    id         text COLLATE "C" PRIMARY KEY,
    version    bigint NOT NULL,
    metadata   text COLLATE "C" NOT NULL,
    secrets    text COLLATE "C" NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL
);

CREATE TABLE service_providers (
    app          text COLLATE "C" PRIMARY KEY,
    entity_id    text COLLATE "C" NOT NULL UNIQUE,
    version      bigint NOT NULL,
    doc          text COLLATE "C" NOT NULL,
    metadata_xml bytea,
    created_at   bigint NOT NULL,
    updated_at   bigint NOT NULL
);

CREATE TABLE persistent_ids (
    app        text COLLATE "C" NOT NULL,
    subject    text COLLATE "C" NOT NULL,
    value      text COLLATE "C" NOT NULL,
    created_at bigint NOT NULL,
    PRIMARY KEY (app, subject),
    UNIQUE (app, value)
);

CREATE TABLE users (
    id            text COLLATE "C" PRIMARY KEY,
    username      text COLLATE "C" NOT NULL,
    folded        text COLLATE "C" NOT NULL UNIQUE,
    email         text COLLATE "C" NOT NULL,
    email_folded  text COLLATE "C" NOT NULL,
    password_hash text COLLATE "C" NOT NULL,
    disabled      smallint NOT NULL,
    doc           text COLLATE "C" NOT NULL,
    version       bigint NOT NULL,
    created_at    bigint NOT NULL,
    updated_at    bigint NOT NULL
);
CREATE INDEX users_email ON users (email_folded, id);

CREATE TABLE subjects (
    directory    text COLLATE "C" NOT NULL,
    directory_id text COLLATE "C" NOT NULL,
    subject      text COLLATE "C" NOT NULL UNIQUE,
    PRIMARY KEY (directory, directory_id)
);

CREATE TABLE grants (
    id                  text COLLATE "C" PRIMARY KEY,
    client_id           text COLLATE "C" NOT NULL,
    subject             text COLLATE "C" NOT NULL,
    session_id          text COLLATE "C" NOT NULL,
    code_hash           text COLLATE "C" NOT NULL,
    code_expires_at     bigint,
    code_used_at        bigint,
    refresh_seq         bigint NOT NULL,
    refresh_expires_at  bigint,
    refresh_grace_until bigint,
    created_at          bigint NOT NULL,
    expires_at          bigint,
    revoked_at          bigint,
    revoked             text COLLATE "C" NOT NULL,
    doc                 text COLLATE "C" NOT NULL
);
CREATE INDEX grants_subject ON grants (subject);
CREATE INDEX grants_client ON grants (client_id);
CREATE INDEX grants_session ON grants (session_id);
CREATE INDEX grants_expiry ON grants (expires_at);

CREATE TABLE consents (
    subject   text COLLATE "C" NOT NULL,
    client_id text COLLATE "C" NOT NULL,
    scopes    text COLLATE "C" NOT NULL,
    given_at  bigint NOT NULL,
    PRIMARY KEY (subject, client_id)
);
CREATE INDEX consents_client ON consents (client_id);

CREATE TABLE keys (
    id          text COLLATE "C" PRIMARY KEY,
    slot        text COLLATE "C" NOT NULL UNIQUE,
    use         text COLLATE "C" NOT NULL,
    alg         text COLLATE "C" NOT NULL,
    sealed      bytea,
    certificate bytea,
    created_at  bigint NOT NULL,
    activate_at bigint NOT NULL,
    retire_at   bigint,
    expire_at   bigint
);

CREATE TABLE admin_tokens (
    id         text COLLATE "C" PRIMARY KEY,
    hash       text COLLATE "C" NOT NULL UNIQUE,
    role       text COLLATE "C" NOT NULL,
    created_at bigint NOT NULL,
    expires_at bigint NOT NULL
);
CREATE INDEX admin_tokens_expiry ON admin_tokens (expires_at);

CREATE TABLE events (
    seq     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id      text COLLATE "C" NOT NULL UNIQUE,
    at      bigint NOT NULL,
    name    text COLLATE "C" NOT NULL,
    subject text COLLATE "C" NOT NULL,
    app     text COLLATE "C" NOT NULL,
    actor   text COLLATE "C" NOT NULL,
    ip      text COLLATE "C" NOT NULL,
    support text COLLATE "C" NOT NULL,
    detail  text COLLATE "C" NOT NULL
);

CREATE TABLE flows (
    id         text COLLATE "C" PRIMARY KEY,
    version    bigint NOT NULL,
    request    bytea NOT NULL,
    doc        text COLLATE "C" NOT NULL,
    expires_at bigint NOT NULL
);
CREATE INDEX flows_expiry ON flows (expires_at);

CREATE TABLE sessions (
    id         text COLLATE "C" PRIMARY KEY,
    sid        text COLLATE "C" NOT NULL,
    subject    text COLLATE "C" NOT NULL,
    user_agent bytea NOT NULL,
    doc        text COLLATE "C" NOT NULL,
    version    bigint NOT NULL,
    created_at bigint NOT NULL,
    expires_at bigint NOT NULL
);
CREATE INDEX sessions_subject ON sessions (subject, created_at);
CREATE INDEX sessions_expiry ON sessions (expires_at);

CREATE TABLE marks (
    key        bytea PRIMARY KEY,
    expires_at bigint NOT NULL
);
CREATE INDEX marks_expiry ON marks (expires_at);

CREATE TABLE counters (
    key        bytea PRIMARY KEY,
    n          bigint NOT NULL,
    expires_at bigint NOT NULL
);
CREATE INDEX counters_expiry ON counters (expires_at);
