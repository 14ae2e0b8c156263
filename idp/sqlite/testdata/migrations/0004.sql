-- Schema version 4 with rows of its time. Written once, never changed.
CREATE TABLE goose_db_version (
		id INTEGER PRIMARY KEY AUTOINCREMENT,
		version_id INTEGER NOT NULL,
		is_applied INTEGER NOT NULL,
		tstamp TIMESTAMP DEFAULT (datetime('now'))
	);
INSERT INTO "goose_db_version" VALUES (1, 0, 1, '2026-11-21 18:08:25');
INSERT INTO "goose_db_version" VALUES (2, 1, 1, '2026-11-21 18:08:25');
INSERT INTO "goose_db_version" VALUES (3, 2, 1, '2026-11-21 18:08:25');
INSERT INTO "goose_db_version" VALUES (4, 3, 1, '2026-11-21 18:08:25');
INSERT INTO "goose_db_version" VALUES (5, 4, 1, '2026-11-21 18:08:25');
CREATE TABLE clients (
    id         TEXT PRIMARY KEY,
    version    INTEGER NOT NULL,
    metadata   TEXT NOT NULL,
    secrets    TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
INSERT INTO "clients" VALUES ('client-2', 1, '{"client_name":"client-4","redirect_uris":["client-6","client-7"],"application_type":"client-8","grant_types":["client-10","client-11"],"response_types":["client-13","client-14"],"scope":"client-15","contacts":["client-17","client-18"],"client_uri":"client-19","logo_uri":"client-20","policy_uri":"client-21","tos_uri":"client-22","token_endpoint_auth_method":"client-23","token_endpoint_auth_signing_alg":"client-24","default_max_age":26,"require_auth_time":true,"jwks":{"raw":28},"jwks_uri":"client-29","id_token_signed_response_alg":"client-30","userinfo_signed_response_alg":"client-31","introspection_signed_response_alg":"client-32","hs_key":"client-33","subject_type":"client-34","sector_identifier_uri":"client-35","request_uris":["client-37","client-38"],"request_object_signing_alg":"client-39","require_signed_request_object":true,"require_pushed_authorization_requests":true,"post_logout_redirect_uris":["client-43","client-44"],"frontchannel_logout_uri":"client-45","frontchannel_logout_session_required":true,"backchannel_logout_uri":"client-47","backchannel_logout_session_required":true,"initiate_login_uri":"client-49","allow_implicit":true,"allow_password_grant":true,"allow_access_token_in_query":true,"userinfo_without_openid":true,"require_pkce":true,"first_party":true,"claims_in_id_token":true,"profile_query":"client-58","claims_mapping":[{"from":{"attribute":"client-62","cel":"client-63","template":"client-64","constant":{"raw":65}},"name":"client-61","split":"client-66","map":{"client-68":"client-69","client-70":"client-71"},"first":true,"lower":true,"upper":true,"date":{"in":"client-77","out":"client-78"},"default":"client-79","join":"client-80","type":"client-81","required":true,"format":"client-83","friendly_name":"client-84"},{"from":{"attribute":"client-87","cel":"client-88","template":"client-89","constant":{"raw":90}},"name":"client-86","split":"client-91","map":{"client-93":"client-94","client-95":"client-96"},"first":true,"lower":true,"upper":true,"date":{"in":"client-102","out":"client-103"},"default":"client-104","join":"client-105","type":"client-106","required":true,"format":"client-108","friendly_name":"client-109"}],"access_token_ttl":110,"refresh_token_ttl":111,"introspect_all":true,"disabled":true,"preset":"client-114","assigned":{"groups":["client-118","client-119"],"users":["client-121","client-122"]},"access_token_format":"client-123","resources":["client-125","client-126"],"resource_server_for":["client-128","client-129"],"registration_token_hash":"client-149"}', '[{"id":"client-132","use":"client-133","hash":"client-134","sealed":"iIk=","created_at":"2031-05-06T14:10:27.123456Z","expires_at":"2031-05-06T14:10:28.123456Z"},{"id":"client-141","use":"client-142","hash":"client-143","sealed":"kZI=","created_at":"2031-05-06T14:10:36.123456Z","expires_at":"2031-05-06T14:10:37.123456Z"}]', 1935843040123456, 1935843041123456);
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
INSERT INTO "service_providers" VALUES ('sp-2', 'sp-3', 1, '{"name":"sp-4","policy":{"sign":"sp-6","signature_algorithm":"sp-7","canonicalization":"sp-8","omit_certificate":true,"signing_key":"sp-10","legacy_until":"sp-11","encrypt":"sp-12","encryption_algorithm":"sp-13","nameid":{"format":"sp-15","from":"sp-16","sources":{"sp-18":"sp-19","sp-20":"sp-21"},"name_qualifier":"sp-22","sp_name_qualifier":"sp-23","encrypt":true},"profile_query":"sp-25","attributes":[{"from":{"attribute":"sp-29","cel":"sp-30","template":"sp-31","constant":{"raw":32}},"name":"sp-28","split":"sp-33","map":{"sp-35":"sp-36","sp-37":"sp-38"},"first":true,"lower":true,"upper":true,"date":{"in":"sp-44","out":"sp-45"},"default":"sp-46","join":"sp-47","type":"sp-48","required":true,"format":"sp-50","friendly_name":"sp-51"},{"from":{"attribute":"sp-54","cel":"sp-55","template":"sp-56","constant":{"raw":57}},"name":"sp-53","split":"sp-58","map":{"sp-60":"sp-61","sp-62":"sp-63"},"first":true,"lower":true,"upper":true,"date":{"in":"sp-69","out":"sp-70"},"default":"sp-71","join":"sp-72","type":"sp-73","required":true,"format":"sp-75","friendly_name":"sp-76"}],"attribute_type":"sp-77","subject_id":"sp-78","audiences":["sp-80","sp-81"],"omit_entity_audience":true,"recipient":"sp-83","lifetime":84,"clock_skew":86,"session_lifetime":87,"authn_context":"sp-88","one_time_use":true,"proxy_restriction":{"count":93,"audiences":["sp-95","sp-96"]},"response_binding":"sp-97","want_authn_requests_signed":true,"allow_sha1_requests":true,"allow_idp_initiated":true,"slo_binding":"sp-101","start_url":"sp-102","default_relay_state":"sp-103","disabled":true,"preset":"sp-105","assigned":{"groups":["sp-109","sp-110"],"users":["sp-112","sp-113"]}},"acs":[{"binding":"sp-119","location":"sp-120","index":121,"is_default":true,"response_location":"sp-123"},{"binding":"sp-125","location":"sp-126","index":127,"is_default":true,"response_location":"sp-129"}],"slo":[{"binding":"sp-132","location":"sp-133","index":134,"is_default":true,"response_location":"sp-136"},{"binding":"sp-138","location":"sp-139","index":140,"is_default":true,"response_location":"sp-142"}],"signing_certs":["kZI=","lJU="],"signs_requests":true,"wants_assertions_signed":true,"nameid_formats":["sp-153","sp-154"],"encryption_certs":["nZ4=","oKE="],"encryption_methods":[{"algorithm":"sp-164","digest":"sp-165","mgf":"sp-166"},{"algorithm":"sp-168","digest":"sp-169","mgf":"sp-170"}],"attribute_services":[{"index":173,"names":["sp-175","sp-176"]},{"index":178,"names":["sp-180","sp-181"]}],"subject_id_req":"sp-182","source":{"url":"sp-185","mdq":true,"signers":["vb4=","wME="],"signer_pins":["sp-195","sp-196"],"max_validity":197,"fetched_at":"2031-05-06T14:11:27.123456Z","tried_at":"2031-05-06T14:11:28.123456Z","next_at":"2031-05-06T14:11:29.123456Z","valid_until":"2031-05-06T14:11:30.123456Z","failures":202,"fault":"sp-203"}}', X'7374', 1935843094123456, 1935843095123456);
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
INSERT INTO "flows" VALUES ('flow-2', 1, X'666C6F772D36', '{"protocol":"flow-3","app":"flow-4","return":"flow-5","browser":"flow-7","support":"flow-8","ask":{"Passive":true,"Login":true,"MaxAge":13,"Consent":true,"Create":true,"SelectAccount":true,"LoginHint":"flow-17","Subject":"flow-18","Scopes":["flow-20","flow-21"]},"answer":{"Outcome":"flow-23","Session":"flow-24","SID":"flow-25","Subject":"flow-26","AuthTime":"2031-05-06T14:08:36.123456Z","AMR":["flow-29","flow-30"],"Scopes":["flow-32","flow-33"]},"created_at":"2031-05-06T14:08:44.123456Z"}', 1935842925123456);
INSERT INTO "flows" VALUES ('sparse', 1, X'', '{"protocol":"","app":"","return":"","browser":"","ask":{"Passive":false,"Login":false,"MaxAge":null,"Consent":false,"Create":false,"SelectAccount":false,"LoginHint":"","Subject":"","Scopes":null},"answer":{"Outcome":"","Session":"","SID":"","Subject":"","AuthTime":"0001-01-01T00:00:00Z","AMR":null,"Scopes":null},"created_at":"0001-01-01T00:00:00Z"}', 1953028800000000);
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
INSERT INTO "sessions" VALUES ('session-2', 'session-3', 'session-4', X'73657373696F6E2D3133', '{"auth_time":"2031-05-06T14:08:14.123456Z","amr":["session-7","session-8"],"seen_at":"2031-05-06T14:08:19.123456Z","ip":"session-12","apps":[{"protocol":"session-16","app":"session-17","nameid":"session-18","nameid_format":"session-19","name_qualifier":"session-20","sp_name_qualifier":"session-21","session_index":"session-22","at":"2031-05-06T14:08:32.123456Z"},{"protocol":"session-25","app":"session-26","nameid":"session-27","nameid_format":"session-28","name_qualifier":"session-29","sp_name_qualifier":"session-30","session_index":"session-31","at":"2031-05-06T14:08:41.123456Z"}]}', 1, 1935842898123456, 1935842900123456);
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
INSERT INTO "token_apps" VALUES ('tokenapp-2', 1, '{"name":"tokenapp-3","policy":{"scheme":"tokenapp-5","return_url":"tokenapp-6","method":"tokenapp-7","algorithm":"tokenapp-8","audience":"tokenapp-9","claims":[{"from":{"attribute":"tokenapp-13","cel":"tokenapp-14","template":"tokenapp-15","constant":{"raw":16}},"name":"tokenapp-12","split":"tokenapp-17","map":{"tokenapp-19":"tokenapp-20","tokenapp-21":"tokenapp-22"},"first":true,"lower":true,"upper":true,"date":{"in":"tokenapp-28","out":"tokenapp-29"},"default":"tokenapp-30","join":"tokenapp-31","type":"tokenapp-32","required":true,"format":"tokenapp-34","friendly_name":"tokenapp-35"},{"from":{"attribute":"tokenapp-38","cel":"tokenapp-39","template":"tokenapp-40","constant":{"raw":41}},"name":"tokenapp-37","split":"tokenapp-42","map":{"tokenapp-44":"tokenapp-45","tokenapp-46":"tokenapp-47"},"first":true,"lower":true,"upper":true,"date":{"in":"tokenapp-53","out":"tokenapp-54"},"default":"tokenapp-55","join":"tokenapp-56","type":"tokenapp-57","required":true,"format":"tokenapp-59","friendly_name":"tokenapp-60"}],"profile_query":"tokenapp-61","lifetime":62,"token_param":"tokenapp-63","return_to_param":"tokenapp-64","return_origins":["tokenapp-66","tokenapp-67"],"state_param":"tokenapp-68","nonce_param":"tokenapp-69","start_url":"tokenapp-70","post_logout_redirect_uris":["tokenapp-72","tokenapp-73"],"logo_uri":"tokenapp-74","description":"tokenapp-75","hide_from_apps_page":true,"disabled":true,"preset":"tokenapp-78","assigned":{"groups":["tokenapp-82","tokenapp-83"],"users":["tokenapp-85","tokenapp-86"]}}}', X'5859', 1935842980123456, 1935842981123456);
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
CREATE INDEX events_last ON events ((name || ' ' || app), seq);
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
