-- +goose Up

CREATE TABLE tickets (
    kind       text COLLATE "C" NOT NULL,
    id         text COLLATE "C" NOT NULL,
    version    bigint NOT NULL,
    data       bytea,
    created_at bigint NOT NULL,
    expires_at bigint NOT NULL,
    PRIMARY KEY (kind, id)
);
CREATE INDEX tickets_expiry ON tickets (expires_at);

CREATE TABLE deliveries (
    seq        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id         text COLLATE "C" NOT NULL UNIQUE,
    kind       text COLLATE "C" NOT NULL,
    app        text COLLATE "C" NOT NULL,
    subject    text COLLATE "C" NOT NULL,
    sid        text COLLATE "C" NOT NULL,
    url        text COLLATE "C" NOT NULL,
    attempts   bigint NOT NULL,
    next_at    bigint NOT NULL,
    done_at    bigint,
    result     text COLLATE "C" NOT NULL,
    created_at bigint NOT NULL,
    expires_at bigint NOT NULL
);
CREATE INDEX deliveries_app ON deliveries (app, seq);
CREATE INDEX deliveries_due ON deliveries (done_at, next_at);
CREATE INDEX deliveries_expiry ON deliveries (expires_at);

CREATE TABLE user_groups (
    folded     text COLLATE "C" PRIMARY KEY,
    name       text COLLATE "C" NOT NULL,
    version    bigint NOT NULL,
    doc        text COLLATE "C" NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL
);

-- People who are another subject than the one that they were given (subjects) at first.
CREATE TABLE subject_moves (
    directory    text COLLATE "C" NOT NULL,
    directory_id text COLLATE "C" NOT NULL,
    subject      text COLLATE "C" NOT NULL,
    moved_at     bigint NOT NULL,
    PRIMARY KEY (directory, directory_id)
);
CREATE INDEX subject_moves_subject ON subject_moves (subject);

ALTER TABLE grants ADD COLUMN sid text COLLATE "C" NOT NULL DEFAULT '';
-- By its text: PostgreSQL's JSON functions fail for a document that has an escaped NUL somewhere.
UPDATE grants SET sid = coalesce(substring(doc FROM '^\{"sid":"([^"\\]*)"'), '');
-- A page of the grants of an app with many is read in the order of its index.
DROP INDEX grants_subject, grants_client, grants_session;
CREATE INDEX grants_subject ON grants (subject, id);
CREATE INDEX grants_client ON grants (client_id, id);
CREATE INDEX grants_session ON grants (session_id, id);
CREATE INDEX grants_sid ON grants (sid, id);

ALTER TABLE admin_tokens ADD COLUMN last_used_at bigint;
ALTER TABLE admin_tokens ADD COLUMN doc text COLLATE "C" NOT NULL DEFAULT '{}';

CREATE INDEX events_name ON events (name, seq);
CREATE INDEX events_subject ON events (subject, seq);
CREATE INDEX events_app ON events (app, seq);
CREATE INDEX events_support ON events (support, seq);
