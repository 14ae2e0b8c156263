// Package pgtest gives tests a real PostgreSQL server of their own, from Debian's package
// postgresql: on a free loopback port, with data in a temporary directory, without fsync.
//
//	var pg *pgtest.Server
//
//	func TestMain(m *testing.M) { os.Exit(pgtest.Main(m, &pg)) }
//
//	func TestRecords(t *testing.T) { url := pg.Database(t) … }
//
// One server serves one test binary and ends with it, however it ends; each test makes
// databases of its own. Their default collation is not the bytewise one, so that a column
// that forgot to ask for it shows.
package pgtest
