// Package documents reads and writes the YAML files that configuration is kept in: several
// documents per file, each a JSON value with the place of every member. It is strict, so
// that a file means the same to everybody who reads it: no aliases, merge keys, tags or
// duplicate keys, and no numbers that YAML reads in a way of its own.
package documents
