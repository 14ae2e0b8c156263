package main

import (
	"database/sql"

	"cloudsso/userdir/sqldir/drivers"
)

// openSQL opens the database of a directory of kind sql. This file is the one place that
// links its drivers.
func openSQL(address string, pool int) (*sql.DB, error) {
	return drivers.Open(address, drivers.Options{Pool: pool})
}
