-- +goose Up

CREATE TABLE tickets (
    kind       TEXT NOT NULL,
    id         TEXT NOT NULL,
    version    INTEGER NOT NULL,
    data       BLOB,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (kind, id)
) STRICT;
CREATE INDEX tickets_expiry ON tickets (expires_at);

CREATE TABLE deliveries (
    seq        INTEGER PRIMARY KEY,
    id         TEXT NOT NULL UNIQUE,
    kind       TEXT NOT NULL,
    app        TEXT NOT NULL,
    subject    TEXT NOT NULL,
    sid        TEXT NOT NULL,
    url        TEXT NOT NULL,
    attempts   INTEGER NOT NULL,
    next_at    INTEGER NOT NULL,
    done_at    INTEGER,
    result     TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX deliveries_app ON deliveries (app, seq);
CREATE INDEX deliveries_due ON deliveries (done_at, next_at);
CREATE INDEX deliveries_expiry ON deliveries (expires_at);

CREATE TABLE user_groups (
    folded     TEXT PRIMARY KEY,
    name       TEXT NOT NULL,
    version    INTEGER NOT NULL,
    doc        TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

-- People who are another subject than the one that they were given (subjects) at first.
CREATE TABLE subject_moves (
    directory    TEXT NOT NULL,
    directory_id TEXT NOT NULL,
    subject      TEXT NOT NULL,
    moved_at     INTEGER NOT NULL,
    PRIMARY KEY (directory, directory_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX subject_moves_subject ON subject_moves (subject);

ALTER TABLE grants ADD COLUMN sid TEXT NOT NULL DEFAULT '';
UPDATE grants SET sid = coalesce(json_extract(doc, '$.sid'), '');
CREATE INDEX grants_sid ON grants (sid);

ALTER TABLE admin_tokens ADD COLUMN last_used_at INTEGER;
ALTER TABLE admin_tokens ADD COLUMN doc TEXT NOT NULL DEFAULT '{}';

CREATE INDEX events_name ON events (name, seq);
CREATE INDEX events_subject ON events (subject, seq);
CREATE INDEX events_app ON events (app, seq);
CREATE INDEX events_support ON events (support, seq);
