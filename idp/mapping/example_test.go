package mapping_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"cloudsso/idp"
	"cloudsso/idp/mapping"
)

func ExampleClaims() {
	person := idp.Person{
		Login:      "ann",
		Groups:     []string{"staff"},
		Attributes: idp.Attributes{"given_name": {"Ann"}, "roles": {1.0, 2.0, 3.0}},
	}
	claims, err := mapping.Claims([]idp.Mapping{
		{Name: "nameData.firstName", From: "given_name"},
		{Name: "customRoles", From: "roles", Join: ","},
		{Name: "teams", From: "groups"},
	}, person)
	if err != nil {
		fmt.Println(err)
		return
	}
	out, _ := json.Marshal(claims)
	fmt.Println(string(out))
	// Output: {"customRoles":"1,2,3","nameData":{"firstName":"Ann"},"teams":["staff"]}
}

func ExampleAttributes() {
	person := idp.Person{Attributes: idp.Attributes{"given_name": {"Ann"}}}
	attributes, err := mapping.Attributes([]idp.Mapping{
		{Name: "urn:oid:2.5.4.42", From: "given_name", FriendlyName: "givenName"},
		{Name: "FirstName", From: "given_name"},
	}, person)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, a := range attributes {
		fmt.Println(a.Name, a.Format, a.Values)
	}
	// Output:
	// urn:oid:2.5.4.42 urn:oasis:names:tc:SAML:2.0:attrname-format:uri [Ann]
	// FirstName urn:oasis:names:tc:SAML:2.0:attrname-format:basic [Ann]
}

// FuzzClaims: rows that Check accepts always fit together, what comes out is always
// JSON, and nothing empty is in it.
func FuzzClaims(f *testing.F) {
	for _, seed := range [][4]string{{"a.b", "x", "a.c", "y"}, {"a", "address.city", "urn:oid:2.5", "groups"}, {"a.b", "x", "a.b.c", "subject"}, {"a", "address", "a.city", "x"}} {
		f.Add(seed[0], seed[1], seed[2], seed[3], "value")
	}
	f.Fuzz(func(t *testing.T, nameA, fromA, nameB, fromB, value string) {
		rows := []idp.Mapping{{Name: nameA, From: fromA}, {Name: nameB, From: fromB}}
		if mapping.Check(rows) != nil {
			return
		}
		p := idp.Person{Groups: []string{value}, Attributes: idp.Attributes{"x": {value}, "y": {1.0, value}, "address": {map[string]any{"city": value, "geo": map[string]any{"z": value}}}}}
		claims, err := mapping.Claims(rows, p)
		if err != nil {
			t.Fatalf("rows that Check accepts do not fit: %v", err)
		}
		out, err := json.Marshal(claims)
		if err != nil {
			t.Fatal(err)
		}
		for _, empty := range []string{`:null`, `:""`, `:{}`, `:[]`, `[""`, `,""`} {
			if strings.Contains(string(out), empty) && !strings.Contains(value+nameA+nameB, empty[1:]) {
				t.Errorf("%s holds %s", out, empty)
			}
		}
	})
}
