package postgres_test

import (
	"errors"
	"net"
	neturl "net/url"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"

	"cloudsso/idp"
	"cloudsso/idp/postgres"
	"cloudsso/idp/storetest"
	"cloudsso/idp/storetest/pgtest"
)

const secret = "hunter2"

// change returns the URL with something else about it.
func change(t *testing.T, url string, with func(u *neturl.URL)) string {
	t.Helper()
	u, err := neturl.Parse(url)
	wants(t, err, nil)
	with(u)
	return u.String()
}

// prepared is an empty database after the statements of a stranger.
func prepared(t *testing.T, sql string) string {
	t.Helper()
	url := pg.Database(t)
	storetest.Exec(t, stranger(t, url), sql)
	return url
}

// migrated is a database with our schema after the statements of a stranger.
func migrated(t *testing.T, sql string) string {
	t.Helper()
	url := pg.Database(t)
	wants(t, open(t, url, time.Now).Close(), nil)
	storetest.Exec(t, stranger(t, url), sql)
	return url
}

func TestOpenRefusesWithASentenceThatSaysWhatToDo(t *testing.T) {
	t.Parallel()
	good := pg.Database(t)
	weak, ascii := "weak_"+idp.NewID(), "ascii_"+idp.NewID() // they outlive the test, which may run twice on one server
	storetest.Exec(t, stranger(t, good), `CREATE ROLE `+weak+` LOGIN PASSWORD '`+secret+`'`)
	as := func(user string) func(*neturl.URL) {
		return func(u *neturl.URL) { u.User = neturl.UserPassword(user, secret) }
	}
	storetest.Exec(t, stranger(t, good), `CREATE DATABASE `+ascii+` TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C'`)

	for _, row := range []struct {
		name, url, says string
		code            idp.Code
	}{
		{"another kind of address", "mysql://root:" + secret + "@localhost/db", "Write it as postgres://", idp.Invalid},
		{"keywords and values", "host=localhost password=" + secret, "Write it as postgres://", idp.Invalid},
		{"nothing", "", "Write it as postgres://", idp.Invalid},
		{"a password that is not escaped", "postgres://user:" + secret + "%zz@localhost/db", "%40 for @", idp.Invalid},
		{"a port that is no number", "postgres://user:" + secret + "@localhost:db/db", "Write it as postgres://", idp.Invalid},
		{"a wrong password", change(t, good, as(pgtest.User)), "Check the user name and the password", idp.Invalid},
		{"an unknown user", change(t, good, as("nobody")), `let the user "nobody" in`, idp.Invalid},
		{"an unknown database", change(t, good, func(u *neturl.URL) { u.Path = "/nowhere" }), `no database "nowhere". Create it`, idp.Invalid},
		{"nobody listens", change(t, good, func(u *neturl.URL) { u.Host = "127.0.0.1:1" }), "127.0.0.1:1 does not answer. Check that it runs", idp.Unavailable},
		{"somebody listens who says nothing", "postgres://user:" + secret + "@" + listener(t, silent) + "/db?sslmode=disable", "does not answer", idp.Unavailable},
		{"TLS where there is none", change(t, good, func(u *neturl.URL) { u.RawQuery = "sslmode=require" }), "sslmode=disable", idp.Unavailable},
		{"a server of an old version", "postgres://user:" + secret + "@" + listener(t, old) + "/db?sslmode=disable", "has version 13.9. Version 14 or newer", idp.Invalid},
		{"another encoding", change(t, good, func(u *neturl.URL) { u.Path = "/" + ascii }), "the encoding SQL_ASCII", idp.Invalid},
		{"a server that is read-only", prepared(t, `DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only = on', current_database()); END $$`), "read-only", idp.Unavailable},
		{"a user who may not create tables", change(t, prepared(t, `REVOKE CREATE ON SCHEMA public FROM PUBLIC`), as(weak)), "owner of the database", idp.Invalid},
		{"no connection left", change(t, prepared(t, `DO $$ BEGIN EXECUTE format('ALTER DATABASE %I CONNECTION LIMIT 0', current_database()); END $$`), as(weak)), "max_connections", idp.Unavailable},
		{"a newer schema", migrated(t, `INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, true)`), "written by a newer release (schema 9999;", idp.Conflict},
		{"a schema that has lost its history", migrated(t, `DELETE FROM goose_db_version WHERE version_id > 0`), "goose_db_version has lost its rows", idp.Conflict},
	} {
		t.Run(row.name, func(t *testing.T) {
			for verb, run := range map[string]func() error{
				"Open": func() error {
					_, err := postgres.Open(t.Context(), row.url, postgres.Options{Connect: 2 * time.Second}, time.Now)
					return err
				},
				"MigrationStatus": func() error {
					if row.name == "somebody listens who says nothing" || row.code == idp.Conflict || strings.Contains(row.says, "owner") {
						return nil
					}
					_, err := postgres.MigrationStatus(t.Context(), row.url)
					return err
				},
			} {
				err := run()
				if err == nil && verb != "Open" {
					continue
				}
				var told *idp.Error
				if !errors.As(err, &told) || told.Code != row.code || !strings.Contains(told.Public, row.says) {
					t.Errorf("%s: %v", verb, err)
					continue
				}
				for _, word := range []string{secret, pgtest.Password, neturl.QueryEscape(pgtest.Password)} {
					if strings.Contains(err.Error(), word) {
						t.Errorf("%s tells the password: %v", verb, err)
					}
				}
			}
		})
	}
}

// listener serves each connection with serve and returns its address.
func listener(t *testing.T, serve func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	wants(t, err, nil)
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go serve(conn)
		}
	}()
	return l.Addr().String()
}

func silent(conn net.Conn) {
	defer conn.Close()
	_, _ = conn.Read(make([]byte, 1<<16))
	_, _ = conn.Read(make([]byte, 1<<16)) // until they give up
}

// old greets as a server of version 13 does.
func old(conn net.Conn) {
	defer conn.Close()
	server := pgproto3.NewBackend(conn, conn)
	if _, err := server.ReceiveStartupMessage(); err != nil {
		return
	}
	server.Send(&pgproto3.AuthenticationOk{})
	server.Send(&pgproto3.ParameterStatus{Name: "server_version", Value: "13.9 (Debian 13.9-0+deb11u1)"})
	server.Send(&pgproto3.ParameterStatus{Name: "server_encoding", Value: "UTF8"})
	server.Send(&pgproto3.ReadyForQuery{TxStatus: 'I'})
	_ = server.Flush()
	_, _ = server.Receive()
}

func TestSessionsHaveTheirLimits(t *testing.T) {
	t.Parallel()
	url := prepared(t, `DO $$ BEGIN
		EXECUTE format('ALTER DATABASE %I SET synchronous_commit = off', current_database());
		EXECUTE format('ALTER DATABASE %I SET default_transaction_isolation = serializable', current_database());
		END $$`)
	o := postgres.Options{Statement: 1500 * time.Millisecond, Lock: 700 * time.Millisecond}
	through := rig(t, url, o, nil)
	for setting, want := range map[string]string{
		"statement_timeout": "1500ms", "lock_timeout": "700ms", "idle_in_transaction_session_timeout": "1500ms",
		"default_transaction_isolation": "read committed", "synchronous_commit": "on", "application_name": "cloudsso",
	} {
		if is := through.text(t, `SHOW `+setting); is != want {
			t.Errorf("%s is %s, want %s", setting, is, want)
		}
	}
	stronger := prepared(t, `DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET synchronous_commit = remote_apply', current_database()); END $$`)
	if is := rig(t, stronger, o, nil).text(t, `SHOW synchronous_commit`); is != "remote_apply" {
		t.Errorf("a stronger promise became %s", is)
	}
}

func TestATooLongNameIsRefused(t *testing.T) {
	t.Parallel()
	db := open(t, pg.Database(t), time.Now)
	defer db.Close()
	var long strings.Builder // that compresses badly
	for long.Len() < 20000 {
		long.WriteString(idp.NewID())
	}
	var told *idp.Error
	if err := db.CreateClient(t.Context(), idp.Client{ID: long.String()}); !errors.As(err, &told) || told.Code != idp.Invalid {
		t.Errorf("%v", err)
	}
	_, err := db.Client(t.Context(), long.String())
	wants(t, err, idp.ErrNotFound)
}
