package idp

import "time"

// Group is a group of the built-in directory. [User].Groups and Parents name groups; they
// may name some that have no record. Whoever is in a group is in its Parents too, which the
// directory resolves.
type Group struct {
	Name        string // unique, compared without case as usernames are ([FoldUsername])
	Description string
	Parents     []string

	Managed   Managed
	Version   int64 // compare-and-swap counter, owned by the store
	CreatedAt time.Time
	UpdatedAt time.Time
}
