package storetest

import (
	"testing"

	"cloudsso/idp"
)

func admins(t *testing.T, s idp.Records, _ *clock) {
	versioned[idp.Admin]{
		fresh: func(id string) idp.Admin {
			a := Filled[idp.Admin](id)
			a.Subject = id
			return a
		},
		id:      func(a *idp.Admin) *string { return &a.Subject },
		version: func(a *idp.Admin) *int64 { return &a.Version },
		create:  s.CreateAdmin, read: s.Admin, update: s.UpdateAdmin, remove: s.DeleteAdmin, list: s.Admins,
	}.test(t)
}
