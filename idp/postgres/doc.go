// Package postgres is the database of a cluster: many nodes share one PostgreSQL, version
// 14 or newer.
//
// [Open] looks at the server, brings the schema up to date under an advisory lock and
// returns a [DB], which is a sqlstore.Store. A verb goes through three files: [database]
// takes a connection from the pool and runs it there, without BEGIN and COMMIT around it
// wherever one statement, or several that are sent together, are enough; retry.go decides what may be run again; fault.go
// says in package idp's words what went wrong.
//
// What is run again by itself: what certainly was not sent, what the server undid
// (serialization, deadlock), and reading. What is never run again: a change whose outcome
// nobody knows, because the connection was lost between sending it and hearing that it is
// durable. Its caller gets idp.ErrUnavailable, and a one-time thing that was consumed
// stays consumed: trying again gets idp.ErrReused, never a second success.
//
// The isolation is READ COMMITTED whatever the server's default: each verb decides in one
// statement on one row, which PostgreSQL evaluates again after waiting for that row.
// Events that were appended at the same time are listed in the order in which they began:
// one may appear a moment later behind another that was listed already.
//
// The server may be behind a session pool; a pool that changes the server connection
// between statements (PgBouncer's transaction mode) breaks the advisory locks.
package postgres
