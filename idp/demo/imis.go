package demo

import (
	"net/http"

	"cloudsso/userdir/httpdir/fakeimis"
)

// IMIS is a server of the shape of the iMIS REST API with one member in it, and what an
// admin needs to know to use it as a directory.
type IMIS struct {
	BaseURL            string
	Username, Password string // of the account that may run queries
	IDQuery            string
	server             *fakeimis.Server
}

// NewIMIS makes the server for [Options]; it is served below the issuer.
func NewIMIS(issuer string) *IMIS {
	s := fakeimis.New([]fakeimis.Person{{
		ID: "1998", UserName: "mary", Email: "mary@example.com", Password: "member since 1998",
		Columns: map[string]any{
			"given_name": "Mary", "family_name": "Somerville", "name": "Mary Somerville", "email_verified": true,
			"urn:oid:2.5.4.42": "Mary", "address.locality": "Jedburgh", "Committees": "astronomy, mathematics",
		},
	}})
	return &IMIS{BaseURL: issuer + "/demo/imis", Username: s.Username, Password: s.Password, IDQuery: fakeimis.ByID, server: s}
}

// ServeHTTP expects paths below the issuer: /demo/imis/….
func (m *IMIS) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	http.StripPrefix("/demo/imis", m.server).ServeHTTP(w, r)
}
