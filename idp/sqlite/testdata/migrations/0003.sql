-- Schema version 3 with rows of its time. Written once, never changed.
CREATE TABLE goose_db_version (
		id INTEGER PRIMARY KEY AUTOINCREMENT,
		version_id INTEGER NOT NULL,
		is_applied INTEGER NOT NULL,
		tstamp TIMESTAMP DEFAULT (datetime('now'))
	);
INSERT INTO "goose_db_version" VALUES (1, 0, 1, '2026-11-21 15:38:58');
INSERT INTO "goose_db_version" VALUES (2, 1, 1, '2026-11-21 15:38:58');
INSERT INTO "goose_db_version" VALUES (3, 2, 1, '2026-11-21 15:38:58');
INSERT INTO "goose_db_version" VALUES (4, 3, 1, '2026-11-21 15:38:58');
CREATE TABLE clients (
    id         TEXT PRIMARY KEY,
    version    INTEGER NOT NULL,
    metadata   TEXT NOT NULL,
    secrets    TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
INSERT INTO "clients" VALUES ('client-2', 1, '{"client_name":"client-4","redirect_uris":["client-6","client-7"],"application_type":"client-8","grant_types":["client-10","client-11"],"response_types":["client-13","client-14"],"scope":"client-15","contacts":["client-17","client-18"],"client_uri":"client-19","logo_uri":"client-20","policy_uri":"client-21","tos_uri":"client-22","token_endpoint_auth_method":"client-23","id_token_signed_response_alg":"client-24","default_max_age":26,"require_auth_time":true,"post_logout_redirect_uris":["client-29","client-30"],"require_pkce":true,"first_party":true,"claims_in_id_token":true,"claims_mapping":[{"name":"client-37","from":"client-38","format":"client-39","friendly_name":"client-40","required":true,"join":"client-42"},{"name":"client-44","from":"client-45","format":"client-46","friendly_name":"client-47","required":true,"join":"client-49"}],"access_token_ttl":50,"refresh_token_ttl":51,"introspect_all":true,"disabled":true}', '[{"hash":"client-56","created_at":"2031-05-06T14:09:06.123456Z","expires_at":"2031-05-06T14:09:07.123456Z"},{"hash":"client-60","created_at":"2031-05-06T14:09:10.123456Z","expires_at":"2031-05-06T14:09:11.123456Z"}]', 1935842953123456, 1935842954123456);
INSERT INTO "clients" VALUES ('sparse', 1, '{}', '[]', -62135596800000000, -62135596800000000);
CREATE TABLE service_providers (
    app          TEXT PRIMARY KEY,
    entity_id    TEXT NOT NULL UNIQUE,
    version      INTEGER NOT NULL,
    doc          TEXT NOT NULL,
    metadata_xml BLOB,
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL
) STRICT;
INSERT INTO "service_providers" VALUES ('sp-2', 'sp-3', 1, '{"name":"sp-4","policy":{"sign":"sp-6","nameid":{"format":"sp-8","from":"sp-9","name_qualifier":"sp-10","sp_name_qualifier":"sp-11"},"attributes":[{"name":"sp-14","from":"sp-15","format":"sp-16","friendly_name":"sp-17","required":true,"join":"sp-19"},{"name":"sp-21","from":"sp-22","format":"sp-23","friendly_name":"sp-24","required":true,"join":"sp-26"}],"allow_idp_initiated":true,"want_authn_requests_signed":true,"audiences":["sp-30","sp-31"],"lifetime":32,"default_relay_state":"sp-33","disabled":true},"acs":[{"binding":"sp-40","location":"sp-41","index":42,"is_default":true},{"binding":"sp-45","location":"sp-46","index":47,"is_default":true}],"slo":[{"binding":"sp-51","location":"sp-52","index":53,"is_default":true},{"binding":"sp-56","location":"sp-57","index":58,"is_default":true}],"signing_certs":["Pj8=","QUI="],"signs_requests":true,"wants_assertions_signed":true,"nameid_formats":["sp-70","sp-71"]}', X'2425', 1935842962123456, 1935842963123456);
INSERT INTO "service_providers" VALUES ('sparse-sp', 'urn:sparse', 1, '{"name":"","policy":{"nameid":{}},"acs":null,"slo":null,"signing_certs":null,"signs_requests":false,"wants_assertions_signed":false,"nameid_formats":null}', NULL, -62135596800000000, -62135596800000000);
CREATE TABLE persistent_ids (
    app        TEXT NOT NULL,
    subject    TEXT NOT NULL,
    value      TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (app, subject),
    UNIQUE (app, value)
) STRICT, WITHOUT ROWID;
INSERT INTO "persistent_ids" VALUES ('nameid-2', 'nameid-3', 'nameid-4', 1935842894123456);
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
INSERT INTO "users" VALUES ('user-2', 'user-3', 'user-3', 'user-4', 'user-4', 'user-5', 1, '{"attributes":{"Mixed.Case":["","ß",12345678901234568],"none":null,"user-7":["user-7",true,1.5e+300,{"false":false,"user--7":"nested"}]},"groups":["user-9","user-10"],"expires_at":"2031-05-06T14:08:21.123456Z","password_changed_at":"2031-05-06T14:08:15.123456Z"}', 1, 1935842903123456, 1935842904123456);
INSERT INTO "users" VALUES ('sparse', 'Straße', 'straße', '', '', '', 0, '{"attributes":null,"groups":null}', 1, -62135596800000000, -62135596800000000);
CREATE TABLE subjects (
    directory    TEXT NOT NULL,
    directory_id TEXT NOT NULL,
    subject      TEXT NOT NULL UNIQUE,
    PRIMARY KEY (directory, directory_id)
) STRICT, WITHOUT ROWID;
INSERT INTO "subjects" VALUES ('builtin', 'sparse', 'subject');
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
, sid TEXT NOT NULL DEFAULT '') STRICT, WITHOUT ROWID;
INSERT INTO "grants" VALUES ('grant-2', 'grant-3', 'grant-4', 'grant-6', 'grant-24', 1935842914123456, 1935842915123456, 27, 1935842917123456, 1935842918123456, 1935842919123456, 1935842920123456, 1935842921123456, 'grant-33', '{"sid":"grant-5","grant_type":"grant-7","scopes":["grant-9","grant-10"],"redirect_uri":"grant-11","nonce":"grant-12","challenge":"grant-13","auth_time":"2031-05-06T14:08:23.123456Z","acr":"grant-15","amr":["grant-17","grant-18"],"request":{"grant-20":"grant-21","grant-22":"grant-23"}}', 'grant-5');
INSERT INTO "grants" VALUES ('sparse', 'sparse', '', '', '', NULL, NULL, 0, NULL, NULL, -62135596800000000, NULL, NULL, '', '{"sid":"","grant_type":"","scopes":null,"redirect_uri":"","nonce":"","challenge":"","auth_time":"0001-01-01T00:00:00Z","acr":"","amr":null,"request":null}', '');
CREATE TABLE consents (
    subject   TEXT NOT NULL,
    client_id TEXT NOT NULL,
    scopes    TEXT NOT NULL,
    given_at  INTEGER NOT NULL,
    PRIMARY KEY (subject, client_id)
) STRICT, WITHOUT ROWID;
INSERT INTO "consents" VALUES ('consent-2', 'consent-3', '["consent-5","consent-6"]', 1935842896123456);
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
INSERT INTO "keys" VALUES ('key-2', 'key-3', 'key-4', 'key-5', X'0708', X'0A0B', 1935842901123456, 1935842902123456, 1935842903123456, 1935842904123456);
INSERT INTO "keys" VALUES ('sparse', 'sparse', '', '', NULL, NULL, -62135596800000000, -62135596800000000, NULL, NULL);
CREATE TABLE admin_tokens (
    id         TEXT PRIMARY KEY,
    hash       TEXT NOT NULL UNIQUE,
    role       TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
, last_used_at INTEGER, doc TEXT NOT NULL DEFAULT '{}') STRICT;
INSERT INTO "admin_tokens" VALUES ('token-2', 'token-3', 'token-4', 1935842899123456, 1935842901123456, 1935842900123456, '{"name":"token-5","apps":["token-7","token-8"],"created_by":"token-9"}');
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
INSERT INTO "events" VALUES (1, 'event-2', 1935842892123456, 'event-4', 'event-5', 'event-6', 'event-7', 'event-8', 'event-9', '{"event-11":"event-12","event-13":"event-14"}');
INSERT INTO "events" VALUES (2, 'sparse', -62135596800000000, '', '', '', '', '', '', 'null');
CREATE TABLE flows (
    id         TEXT PRIMARY KEY,
    version    INTEGER NOT NULL,
    request    BLOB NOT NULL,
    doc        TEXT NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
INSERT INTO "flows" VALUES ('flow-2', 1, X'666C6F772D36', '{"protocol":"flow-3","app":"flow-4","return":"flow-5","browser":"flow-7","ask":{"Passive":true,"Login":true,"MaxAge":12,"Consent":true,"SelectAccount":true,"LoginHint":"flow-15","Subject":"flow-16","Scopes":["flow-18","flow-19"]},"answer":{"Outcome":"flow-21","Session":"flow-22","SID":"flow-23","Subject":"flow-24","AuthTime":"2031-05-06T14:08:34.123456Z","AMR":["flow-27","flow-28"],"Scopes":["flow-30","flow-31"]},"created_at":"2031-05-06T14:08:42.123456Z"}', 1935842923123456);
INSERT INTO "flows" VALUES ('sparse', 1, X'', '{"protocol":"","app":"","return":"","browser":"","ask":{"Passive":false,"Login":false,"MaxAge":null,"Consent":false,"SelectAccount":false,"LoginHint":"","Subject":"","Scopes":null},"answer":{"Outcome":"","Session":"","SID":"","Subject":"","AuthTime":"0001-01-01T00:00:00Z","AMR":null,"Scopes":null},"created_at":"0001-01-01T00:00:00Z"}', 1953028800000000);
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
INSERT INTO "sessions" VALUES ('session-2', 'session-3', 'session-4', X'73657373696F6E2D3133', '{"auth_time":"2031-05-06T14:08:14.123456Z","amr":["session-7","session-8"],"seen_at":"2031-05-06T14:08:19.123456Z","ip":"session-12","apps":[{"protocol":"session-16","app":"session-17","nameid":"session-18","nameid_format":"session-19","session_index":"session-20","at":"2031-05-06T14:08:30.123456Z"},{"protocol":"session-23","app":"session-24","nameid":"session-25","nameid_format":"session-26","session_index":"session-27","at":"2031-05-06T14:08:37.123456Z"}]}', 1, 1935842898123456, 1935842900123456);
INSERT INTO "sessions" VALUES ('sparse', '', '', X'', '{"auth_time":"0001-01-01T00:00:00Z","amr":null,"seen_at":"0001-01-01T00:00:00Z","ip":"","apps":null}', 1, -62135596800000000, 1953028800000000);
CREATE TABLE marks (
    key        BLOB PRIMARY KEY,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO "marks" VALUES (X'6D61726B', 1953028800000000);
CREATE TABLE counters (
    key        BLOB PRIMARY KEY,
    n          INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO "counters" VALUES (X'636F756E746572', 3, 1952942400000000);
CREATE TABLE tickets (
    kind       TEXT NOT NULL,
    id         TEXT NOT NULL,
    version    INTEGER NOT NULL,
    data       BLOB,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (kind, id)
) STRICT;
INSERT INTO "tickets" VALUES ('ticket-2', 'ticket-3', 1, X'0506', 1935842897123456, 1935842898123456);
INSERT INTO "tickets" VALUES ('sparse', 'sparse', 1, NULL, -62135596800000000, 1953028800000000);
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
INSERT INTO "deliveries" VALUES (1, 'delivery-2', 'delivery-3', 'delivery-4', 'delivery-5', 'delivery-6', 'delivery-7', 8, 1935842898123456, 1935842899123456, 'delivery-11', 1935842901123456, 1935842902123456);
INSERT INTO "deliveries" VALUES (2, 'sparse', '', '', '', '', '', 0, -62135596800000000, NULL, '', -62135596800000000, -62135596800000000);
CREATE TABLE user_groups (
    folded     TEXT PRIMARY KEY,
    name       TEXT NOT NULL,
    version    INTEGER NOT NULL,
    doc        TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
INSERT INTO "user_groups" VALUES ('group-2', 'group-2', 1, '{"description":"group-3","parents":["group-5","group-6"]}', 1935842897123456, 1935842898123456);
INSERT INTO "user_groups" VALUES ('maße', 'Maße', 1, '{"description":"","parents":null}', -62135596800000000, -62135596800000000);
CREATE TABLE subject_moves (
    directory    TEXT NOT NULL,
    directory_id TEXT NOT NULL,
    subject      TEXT NOT NULL,
    moved_at     INTEGER NOT NULL,
    PRIMARY KEY (directory, directory_id)
) STRICT, WITHOUT ROWID;
INSERT INTO "subject_moves" VALUES ('ldap', 'moved', 'subject', 1795262400000000);
CREATE TABLE admins (
    subject    TEXT PRIMARY KEY,
    role       TEXT NOT NULL,
    version    INTEGER NOT NULL,
    doc        TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
INSERT INTO "admins" VALUES ('admin-2', 'admin-3', 1, '{"apps":["admin-5","admin-6"],"created_by":"admin-7"}', 1935842898123456, 1935842899123456);
INSERT INTO "admins" VALUES ('sparse', '', 1, '{"apps":null,"created_by":""}', -62135596800000000, -62135596800000000);
CREATE TABLE token_apps (
    app        TEXT PRIMARY KEY,
    version    INTEGER NOT NULL,
    doc        TEXT NOT NULL,
    shared_key BLOB,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
INSERT INTO "token_apps" VALUES ('tokenapp-2', 1, '{"name":"tokenapp-3","policy":{"return_url":"tokenapp-5","method":"tokenapp-6","algorithm":"tokenapp-7","claims":[{"name":"tokenapp-10","from":"tokenapp-11","format":"tokenapp-12","friendly_name":"tokenapp-13","required":true,"join":"tokenapp-15"},{"name":"tokenapp-17","from":"tokenapp-18","format":"tokenapp-19","friendly_name":"tokenapp-20","required":true,"join":"tokenapp-22"}],"lifetime":23,"token_param":"tokenapp-24","return_to_param":"tokenapp-25","disabled":true}}', X'1C1D', 1935842920123456, 1935842921123456);
INSERT INTO "token_apps" VALUES ('sparse-token', 1, '{"name":"","policy":{}}', NULL, -62135596800000000, -62135596800000000);
CREATE TABLE app_names (
    name TEXT PRIMARY KEY,
    kind TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO "app_names" VALUES ('client-2', 'client');
INSERT INTO "app_names" VALUES ('sp-2', 'sp');
INSERT INTO "app_names" VALUES ('sparse', 'client');
INSERT INTO "app_names" VALUES ('sparse-sp', 'sp');
INSERT INTO "app_names" VALUES ('sparse-token', 'token');
INSERT INTO "app_names" VALUES ('tokenapp-2', 'token');
CREATE INDEX admin_tokens_expiry ON admin_tokens (expires_at);
CREATE INDEX consents_client ON consents (client_id);
CREATE INDEX counters_expiry ON counters (expires_at);
CREATE INDEX deliveries_app ON deliveries (app, seq);
CREATE INDEX deliveries_due ON deliveries (done_at, next_at);
CREATE INDEX deliveries_expiry ON deliveries (expires_at);
CREATE INDEX events_app ON events (app, seq);
CREATE INDEX events_name ON events (name, seq);
CREATE INDEX events_subject ON events (subject, seq);
CREATE INDEX events_support ON events (support, seq);
CREATE INDEX flows_expiry ON flows (expires_at);
CREATE INDEX grants_client ON grants (client_id);
CREATE INDEX grants_expiry ON grants (expires_at);
CREATE INDEX grants_session ON grants (session_id);
CREATE INDEX grants_sid ON grants (sid);
CREATE INDEX grants_subject ON grants (subject);
CREATE INDEX marks_expiry ON marks (expires_at);
CREATE INDEX sessions_expiry ON sessions (expires_at);
CREATE INDEX sessions_subject ON sessions (subject, created_at);
CREATE INDEX subject_moves_subject ON subject_moves (subject);
CREATE INDEX tickets_expiry ON tickets (expires_at);
CREATE INDEX users_email ON users (email_folded, id);
