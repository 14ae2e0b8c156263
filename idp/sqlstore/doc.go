// Package sqlstore keeps Records and Flows in a SQL database. The statements are plain
// SQL with $1-style placeholders and mean the same to SQLite and PostgreSQL; what the
// two do not share (opening, migrations, transactions, error codes) is a [Database],
// which packages beside this one provide.
//
// The main path: a verb of a port binds its values ([text] refuses what no database
// keeps). Reading goes through [Database].Read. A change is one statement wherever that
// is enough and goes through [Database].Change, which returns once it is durable; a miss
// is looked up afterwards to say why. Changes that stand or fall together and need
// nothing of each other go through [Database].Together; the few verbs that look in between
// go through [Database].Write, a transaction. [Database].Fault turns what the driver said into the
// sentinels of package idp.
//
// What is searched, compared or expires is a typed column; the rest of a record is one
// JSON document, whose field names are tags and stay (a Flow's Ask and Answer have none:
// a flow is gone before the next release starts). Times are
// integer microseconds since 1970 in UTC; a zero time is NULL where that means "not yet".
package sqlstore
