-- +goose Up

-- Times are microseconds since 1970, UTC. Text compares byte by byte (BINARY).

CREATE TABLE clients (
    id         TEXT PRIMARY KEY,
    version    INTEGER NOT NULL,
    metadata   TEXT NOT NULL,
    secrets    TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

CREATE TABLE service_providers (
    app          TEXT PRIMARY KEY,
    entity_id    TEXT NOT NULL UNIQUE,
    version      INTEGER NOT NULL,
    doc          TEXT NOT NULL,
    metadata_xml BLOB,
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL
) STRICT;

CREATE TABLE persistent_ids (
    app        TEXT NOT NULL,
    subject    TEXT NOT NULL,
    value      TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (app, subject),
    UNIQUE (app, value)
) STRICT, WITHOUT ROWID;

CREATE TABLE users (
    id            TEXT PRIMARY KEY,
    username      TEXT NOT NULL,
    folded        TEXT NOT NULL UNIQUE,
    email         TEXT NOT NULL,
    email_folded  TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    disabled      INTEGER NOT NULL,
    doc           TEXT NOT NULL,
    version       INTEGER NOT NULL,
    created_at    INTEGER NOT NULL,
    updated_at    INTEGER NOT NULL
) STRICT;
CREATE INDEX users_email ON users (email_folded, id);

CREATE TABLE subjects (
    directory    TEXT NOT NULL,
    directory_id TEXT NOT NULL,
    subject      TEXT NOT NULL UNIQUE,
    PRIMARY KEY (directory, directory_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE grants (
    id                  TEXT PRIMARY KEY,
    client_id           TEXT NOT NULL,
    subject             TEXT NOT NULL,
    session_id          TEXT NOT NULL,
    code_hash           TEXT NOT NULL,
    code_expires_at     INTEGER,
    code_used_at        INTEGER,
    refresh_seq         INTEGER NOT NULL,
    refresh_expires_at  INTEGER,
    refresh_grace_until INTEGER,
    created_at          INTEGER NOT NULL,
    expires_at          INTEGER,
    revoked_at          INTEGER,
    revoked             TEXT NOT NULL,
    doc                 TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX grants_subject ON grants (subject);
CREATE INDEX grants_client ON grants (client_id);
CREATE INDEX grants_session ON grants (session_id);
CREATE INDEX grants_expiry ON grants (expires_at);

CREATE TABLE consents (
    subject   TEXT NOT NULL,
    client_id TEXT NOT NULL,
    scopes    TEXT NOT NULL,
    given_at  INTEGER NOT NULL,
    PRIMARY KEY (subject, client_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX consents_client ON consents (client_id);

CREATE TABLE keys (
    id          TEXT PRIMARY KEY,
    slot        TEXT NOT NULL UNIQUE,
    use         TEXT NOT NULL,
    alg         TEXT NOT NULL,
    sealed      BLOB,
    certificate BLOB,
    created_at  INTEGER NOT NULL,
    activate_at INTEGER NOT NULL,
    retire_at   INTEGER,
    expire_at   INTEGER
) STRICT;

CREATE TABLE admin_tokens (
    id         TEXT PRIMARY KEY,
    hash       TEXT NOT NULL UNIQUE,
    role       TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX admin_tokens_expiry ON admin_tokens (expires_at);

CREATE TABLE events (
    seq     INTEGER PRIMARY KEY,
    id      TEXT NOT NULL UNIQUE,
    at      INTEGER NOT NULL,
    name    TEXT NOT NULL,
    subject TEXT NOT NULL,
    app     TEXT NOT NULL,
    actor   TEXT NOT NULL,
    ip      TEXT NOT NULL,
    support TEXT NOT NULL,
    detail  TEXT NOT NULL
) STRICT;

CREATE TABLE flows (
    id         TEXT PRIMARY KEY,
    version    INTEGER NOT NULL,
    request    BLOB NOT NULL,
    doc        TEXT NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX flows_expiry ON flows (expires_at);

CREATE TABLE sessions (
    id         TEXT PRIMARY KEY,
    sid        TEXT NOT NULL,
    subject    TEXT NOT NULL,
    user_agent BLOB NOT NULL,
    doc        TEXT NOT NULL,
    version    INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_subject ON sessions (subject, created_at);
CREATE INDEX sessions_expiry ON sessions (expires_at);

CREATE TABLE marks (
    key        BLOB PRIMARY KEY,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX marks_expiry ON marks (expires_at);

CREATE TABLE counters (
    key        BLOB PRIMARY KEY,
    n          INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX counters_expiry ON counters (expires_at);
