package sqlstore

import "time"

// Migration is one step of a schema. Each database has its own steps.
type Migration struct {
	Version   int64
	Name      string    // file name
	AppliedAt time.Time // zero: not yet
}
