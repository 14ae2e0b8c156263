// Package sqldir is a directory of people in somebody's SQL database: PostgreSQL,
// MySQL, MariaDB or SQLite. The operator brings the queries; each has exactly one
// placeholder (:login, or the database's own), runs in a read-only transaction, and is
// given what was asked for as a parameter, never as part of its text.
//
//	profile_query  :login, a user name or an address → the columns of that person
//	auth_query     :login, the user name that the profile query gave → the password hash, in the
//	               only column or the one called password_hash; no row, or NULL: no password
//	id_query       :id, an id that outlives renaming → the user name
//
// # Columns
//
// Columns become attributes under their own names: "address.locality" is nested and
// "urn:oid:2.5.4.42" a SAML name of format URI wherever attributes are used. An array, a
// JSON array and several rows of one person are several values, each once; NULL is none.
// json_columns and boolean_columns say what a database has no type for.
//
// # What is not believed
//
// A row counts only for the user name or the address that was asked for: databases
// compare names in ways of their own (accents, spaces at the end), and a query that lost
// its parameter gives everybody. So a row of somebody else is nobody.
package sqldir
