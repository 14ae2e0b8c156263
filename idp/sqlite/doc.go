// Package sqlite is the embedded database: one file, no server.
//
// [Open] brings the schema up to date and returns a sqlstore.Store on it. The file is in
// WAL mode with synchronous=FULL: what is acknowledged survives the loss of power.
// Reading goes through a small pool of connections ([database]); writing through one
// goroutine with one connection ([writer]), which commits together what has been waiting
// while the previous commit was on its way to the disk. Each verb has its own savepoint
// inside that transaction, so that a failing one does not disturb its neighbours, and
// nobody is answered before the commit is durable.
//
// A second process may open the same file (the command line beside the server): each
// takes the write lock for one transaction and waits for the other for up to five seconds.
package sqlite
