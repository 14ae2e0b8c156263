package postgres

import (
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"cloudsso/idp"
	"cloudsso/idp/sqlstore"
)

// SQLSTATE codes that mean something to us.
const (
	uniqueViolation      = "23505"
	programLimit         = "54000" // an index entry would be too long
	serializationFailure = "40001"
	deadlock             = "40P01"
	featureNotSupported  = "0A000" // a cached plan no longer fits its table
	noSuchStatement      = "26000" // a pool in between has changed the session
	adminShutdown        = "57P01"
	crashShutdown        = "57P02"
	startingUp           = "57P03"
	wrongPassword        = "28P01"
	notAuthorized        = "28000"
	noSuchDatabase       = "3D000"
	tooManyConnections   = "53300"
	noPrivilege          = "42501"
)

var errURL = idp.Errorf(idp.Invalid, "The address of the PostgreSQL database is not understood. Write it as postgres://user:password@host:5432/database, with special characters in user and password as %%40 for @, %%2F for /, %%3A for :.")

// Fault is [sqlstore.Database]'s. What is neither a taken key nor an impossible value
// counts as unavailable: a server that is gone, starting, full, read-only or slow, a
// caller who gave up, a closed pool, and a change whose outcome is not known.
func (*database) Fault(err error) error {
	if sqlstore.Sentinel(err) {
		return err
	}
	switch state(err) {
	case uniqueViolation:
		return fmt.Errorf("%w: %w", idp.ErrConflict, err)
	case programLimit:
		return idp.Errorf(idp.Invalid, "A text that serves as a name is too long. Please shorten it.").Because(err)
	}
	return fmt.Errorf("%w: %w", idp.ErrUnavailable, err)
}

// state is the server's error code, "" if it was not the server who spoke.
func state(err error) string {
	var fault *pgconn.PgError
	if errors.As(err, &fault) {
		return fault.Code
	}
	return ""
}

// unusable says why the database cannot be opened, and what to do.
func unusable(config *pgx.ConnConfig, err error) error {
	var told *idp.Error
	if errors.As(err, &told) {
		return told
	}
	return explain(config, err).Because(fmt.Errorf("%w: %w", idp.ErrUnavailable, err))
}

func explain(config *pgx.ConnConfig, err error) *idp.Error {
	at := address(config)
	switch code := state(err); code {
	case wrongPassword, notAuthorized:
		return idp.Errorf(idp.Invalid, "The PostgreSQL server at %s does not let the user %q in. Check the user name and the password in the address of the database, and the server's pg_hba.conf.", at, config.User)
	case noSuchDatabase:
		return idp.Errorf(idp.Invalid, "The PostgreSQL server at %s has no database %q. Create it (createdb), or correct the address of the database.", at, config.Database)
	case noPrivilege:
		return idp.Errorf(idp.Invalid, "The user %q may not change the schema of the database %q at %s. Make this user the owner of the database, or of the schema that it uses.", config.User, config.Database, at)
	case tooManyConnections:
		return idp.Errorf(idp.Unavailable, "The PostgreSQL server at %s has no connection left. Raise its max_connections, or lower the number that each node may use.", at)
	case startingUp, adminShutdown, crashShutdown:
		return idp.Errorf(idp.Unavailable, "The PostgreSQL server at %s is starting or stopping. Try again in a moment.", at)
	case "":
		return unreachable(at, err)
	default:
		return idp.Errorf(idp.Unavailable, "The database %q at %s cannot be used: PostgreSQL refuses with code %s. The server's log says more.", config.Database, at, code)
	}
}

func unreachable(at string, err error) *idp.Error {
	var dns *net.DNSError
	var dial *net.OpError
	switch {
	case errors.As(err, &dns):
		return idp.Errorf(idp.Unavailable, "The name of the PostgreSQL server %s is not known. Correct the address of the database, or wait for the name service.", at)
	case errors.As(err, &dial), errors.Is(err, context.DeadlineExceeded):
		return idp.Errorf(idp.Unavailable, "The PostgreSQL server at %s does not answer. Check that it runs, that host and port are right, and that no firewall is in between.", at)
	}
	return idp.Errorf(idp.Unavailable, "No connection to the PostgreSQL server at %s is possible. If the server does not offer TLS, add sslmode=disable to the address of the database; if it does, check its certificate and sslrootcert.", at)
}
