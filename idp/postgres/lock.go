package postgres

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"database/sql/driver"
	"encoding/binary"
	"errors"
	"time"

	"cloudsso/idp"
)

// TryLock takes the lock of this name if no node of the cluster has it: ok says so, and
// then unlock gives it back. It never waits. The lock also ends when the connection to
// the server does, without telling: what is done under it must bear being done twice.
func (db *DB) TryLock(ctx context.Context, name string) (unlock func(), ok bool, err error) {
	conn, err := db.database.pool.Conn(ctx)
	if err != nil {
		return nil, false, errors.Join(idp.ErrUnavailable, err)
	}
	err = conn.QueryRowContext(ctx, `SELECT pg_try_advisory_lock($1)`, lockKey(name)).Scan(&ok)
	if err != nil {
		return nil, false, errors.Join(idp.ErrUnavailable, err, release(conn, name))
	}
	if !ok {
		return nil, false, conn.Close()
	}
	return func() { _ = release(conn, name) }, true, nil
}

// release gives a lock back. If the server cannot be told, the connection goes, and the
// lock with it.
func release(conn *sql.Conn, name string) error {
	ctx, done := context.WithTimeout(context.Background(), 2*time.Second)
	defer done()
	if _, err := conn.ExecContext(ctx, `SELECT pg_advisory_unlock($1)`, lockKey(name)); err != nil {
		_ = conn.Raw(func(any) error { return driver.ErrBadConn })
	}
	return ignoreDone(conn.Close())
}

// lockKey makes a number of a name: advisory locks have no others. Other programs in the
// same database have their own numbers.
func lockKey(name string) int64 {
	sum := sha256.Sum256([]byte("cloudsso lock " + name))
	return int64(binary.BigEndian.Uint64(sum[:8]))
}
