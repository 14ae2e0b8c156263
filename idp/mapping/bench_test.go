package mapping_test

import (
	"testing"

	"cloudsso/idp"
	"cloudsso/idp/mapping"
)

// tenRows is what an app of some size asks for.
func tenRows(b *testing.B, last string) []idp.Mapping {
	b.Helper()
	rows := []idp.Mapping{
		{Name: "id", From: "subject"}, {Name: "username", From: "username"}, {Name: "FirstName", From: "given_name"},
		{Name: "LastName", From: "family_name"}, {Name: "Email", From: "email"}, {Name: "GlobalID", From: "member_no", Required: true},
		{Name: "customRoles", From: "groups", Map: map[string]string{"staff": "1", "*": "2"}, Join: ","},
		{Name: "nameData.full", Template: "{{given_name}} {{family_name}}"}, {Name: "avatar", From: "picture", First: true},
		rowOf(b, last),
	}
	if err := mapping.CheckClaims(rows); err != nil {
		b.Fatal(err)
	}
	return rows
}

func BenchmarkClaims(b *testing.B) {
	for name, last := range map[string]string{
		"ten rows":                       `{"name":"df_access","from":"teams"}`,
		"nine rows and an expression":    `{"name":"df_access","from":{"cel":"groups.filter(g, g != 'staff').map(g, g + ':viewer')"}}`,
		"nine rows and a short one":      `{"name":"df_access","from":{"cel":"attributes.text('email')"}}`,
		"nine rows and a JSON template":  `{"name":"df_access","from":{"template":"{\"team\":\"{{one}}\"}"},"type":"json"}`,
		"nine rows and a date to change": `{"name":"since","from":{"constant":"2026-11-21"},"date":{"out":"unix"}}`,
	} {
		b.Run(name, func(b *testing.B) {
			rows, p := tenRows(b, last), ann()
			b.ReportAllocs()
			for b.Loop() {
				if _, err := mapping.Claims(rows, p); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
