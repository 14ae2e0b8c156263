package idp

import "time"

// Admin is what a signed-in person may do in the admin console. Package api knows what a
// role is.
type Admin struct {
	Subject   string
	Role      string
	Apps      []string // client_ids and slugs, for a role that is confined to its own apps
	CreatedBy string   // the actor who made them one

	Version   int64 // compare-and-swap counter, owned by the store
	CreatedAt time.Time
	UpdatedAt time.Time
}
