package mapping_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"

	"cloudsso/idp"
	"cloudsso/idp/mapping"
)

func ann() idp.Person {
	return idp.Person{
		Subject: "subject-of-ann", Directory: "local", DirectoryID: "1", Login: "ann", Status: idp.Active,
		Groups: []string{"staff", "editors"},
		Attributes: idp.Attributes{
			"given_name": {"Ann"}, "family_name": {"Smith"}, "email": {"ann@example.com"}, "email_verified": {true},
			"picture": {"https://img.example.com/ann.png"}, "roles": {1.0, 2.0, 3.0}, "teams": {"red:admin", "blue:viewer"}, "member_no": {"0042"},
			"level": {3.5}, "member": {false}, "one": {"only"},
			"blank": {""}, "blanks": {"", "  ", nil, "null"}, "partly": {"", "kept"}, "nan": {math.NaN()}, "none": {},
			"address":   {map[string]any{"locality": "Zürich", "region": "", "geo": map[string]any{"lat": 47.4}}},
			"hollow":    {map[string]any{"a": "", "b": map[string]any{"c": nil}}},
			"subject":   {"forged"},
			"directory": {"forged"},
		},
	}
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	out, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func TestClaims(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		rows []idp.Mapping
		want string
	}{
		"no rows":                                {nil, `{}`},
		"GlobalID, case kept":                    {[]idp.Mapping{{Name: "GlobalID", From: "member_no"}}, `{"GlobalID":"0042"}`},
		"df_access, several team and role":       {[]idp.Mapping{{Name: "df_access", From: "teams"}}, `{"df_access":["red:admin","blue:viewer"]}`},
		"df_access as one text":                  {[]idp.Mapping{{Name: "df_access", From: "teams", Join: ";"}}, `{"df_access":"red:admin;blue:viewer"}`},
		"customRoles by comma":                   {[]idp.Mapping{{Name: "customRoles", From: "roles", Join: ","}}, `{"customRoles":"1,2,3"}`},
		"avatar":                                 {[]idp.Mapping{{Name: "avatar", From: "picture"}}, `{"avatar":"https://img.example.com/ann.png"}`},
		"username as the community wants it":     {[]idp.Mapping{{Name: "id", From: "subject"}, {Name: "username", From: "username"}}, `{"id":"subject-of-ann","username":"ann"}`},
		"a dotted name is nested":                {[]idp.Mapping{{Name: "nameData.firstName", From: "given_name"}, {Name: "nameData.lastName", From: "family_name"}}, `{"nameData":{"firstName":"Ann","lastName":"Smith"}}`},
		"three levels":                           {[]idp.Mapping{{Name: "a.b.c", From: "one"}, {Name: "a.d", From: "one"}}, `{"a":{"b":{"c":"only"},"d":"only"}}`},
		"a URI keeps its dots":                   {[]idp.Mapping{{Name: "https://app.example.com/role", From: "one"}, {Name: "urn:oid:2.5.4.42", From: "given_name"}}, `{"https://app.example.com/role":"only","urn:oid:2.5.4.42":"Ann"}`},
		"numbers and booleans keep their type":   {[]idp.Mapping{{Name: "l", From: "level"}, {Name: "m", From: "member"}, {Name: "r", From: "roles"}}, `{"l":3.5,"m":false,"r":[1,2,3]}`},
		"join makes text of one number":          {[]idp.Mapping{{Name: "l", From: "level", Join: ","}}, `{"l":"3.5"}`},
		"groups are there":                       {[]idp.Mapping{{Name: "roles", From: "groups"}}, `{"roles":["staff","editors"]}`},
		"subject and directory cannot be forged": {[]idp.Mapping{{Name: "s", From: "subject"}, {Name: "d", From: "directory"}}, `{"d":"local","s":"subject-of-ann"}`},
		"a structured attribute, cleaned":        {[]idp.Mapping{{Name: "addr", From: "address"}}, `{"addr":{"geo":{"lat":47.4},"locality":"Zürich"}}`},
		"a member of a structured attribute":     {[]idp.Mapping{{Name: "city", From: "address.locality"}, {Name: "lat", From: "address.geo.lat"}, {Name: "r", From: "address.region"}, {Name: "x", From: "address.locality.x"}}, `{"city":"Zürich","lat":47.4}`},
		"nothing empty comes out": {[]idp.Mapping{
			{Name: "a", From: "blank"}, {Name: "b", From: "blanks"}, {Name: "c", From: "none"}, {Name: "d", From: "unknown"}, {Name: "e", From: "nan"},
			{Name: "f", From: "hollow"}, {Name: "g", From: "blanks", Join: ","}, {Name: "h.i", From: "blank"}, {Name: "k", From: "address", Join: ","},
		}, `{}`},
		"an empty value among others is dropped": {[]idp.Mapping{{Name: "a", From: "partly"}}, `{"a":"kept"}`},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := mapping.Claims(c.rows, ann())
			if err != nil || asJSON(t, got) != c.want {
				t.Errorf("Claims = %s, %v; want %s", asJSON(t, got), err, c.want)
			}
			if err := mapping.CheckClaims(c.rows); err != nil {
				t.Errorf("CheckClaims refuses what works: %v", err)
			}
		})
	}
}

func TestAlwaysThereAttributes(t *testing.T) {
	t.Parallel()
	p := ann()
	p.Groups = []string{"staff"}
	rows := []idp.Mapping{{Name: "g", From: "groups"}, {Name: "u", From: "username"}}
	got, err := mapping.Claims(rows, p)
	if want := `{"g":["staff"],"u":"ann"}`; err != nil || asJSON(t, got) != want {
		t.Errorf("one group: %s, %v; want %s: a list stays a list", asJSON(t, got), err, want)
	}
	p.Attributes["groups"], p.Attributes["username"] = []any{"from", "ldap"}, []any{"uid-ann"}
	got, err = mapping.Claims(rows, p)
	if want := `{"g":["from","ldap"],"u":"uid-ann"}`; err != nil || asJSON(t, got) != want {
		t.Errorf("the directory has its own: %s, %v; want %s", asJSON(t, got), err, want)
	}
	p.Attributes, p.Groups = nil, nil
	got, err = mapping.Claims(rows, p)
	if want := `{"u":"ann"}`; err != nil || asJSON(t, got) != want {
		t.Errorf("no groups: %s, %v; want %s", asJSON(t, got), err, want)
	}
}

func TestClaimsLeaveThePersonAlone(t *testing.T) {
	t.Parallel()
	p := ann()
	got, err := mapping.Claims([]idp.Mapping{{Name: "t", From: "teams"}, {Name: "a", From: "address"}}, p)
	if err != nil {
		t.Fatal(err)
	}
	got["t"].([]any)[0] = "changed"
	got["a"].(map[string]any)["locality"] = "changed"
	got["a"].(map[string]any)["geo"].(map[string]any)["lat"] = 0.0
	if !reflect.DeepEqual(p.Attributes["teams"], ann().Attributes["teams"]) || !reflect.DeepEqual(p.Attributes["address"], ann().Attributes["address"]) {
		t.Errorf("the person changed: %v", p.Attributes)
	}
}

func TestAMissingRequiredValueNamesItsRow(t *testing.T) {
	t.Parallel()
	for _, from := range []string{"unknown", "blank", "blanks", "none", "hollow"} {
		rows := []idp.Mapping{{Name: "ok", From: "one"}, {Name: "FirstName", From: from, Required: true}}
		_, claims := mapping.Claims(rows, ann())
		_, attributes := mapping.Attributes(rows, ann())
		for _, err := range []error{claims, attributes} {
			var missing *mapping.MissingError
			if !errors.As(err, &missing) || missing.Name != "FirstName" || missing.From != from {
				t.Fatalf("%s: %v, want a MissingError of the row", from, err)
			}
			if e := idp.AsError(err); e.Code != idp.Forbidden || !strings.Contains(e.Public, "FirstName") || !strings.Contains(e.Public, "administrator") {
				t.Errorf("people are told %q", e.Public)
			}
		}
	}
}

func TestRowsThatWereNeverCheckedFailInsteadOfOverwriting(t *testing.T) {
	t.Parallel()
	for _, names := range [][2]string{{"a", "a.b"}, {"a.b", "a"}, {"a", "a"}, {"a.b", "a.b.c"}} {
		rows := []idp.Mapping{{Name: names[0], From: "one"}, {Name: names[1], From: "one"}}
		if got, err := mapping.Claims(rows, ann()); err == nil {
			t.Errorf("%v: %v", names, got)
		}
	}
	// A structured value has no room for rows below it either.
	if got, err := mapping.Claims([]idp.Mapping{{Name: "a.b", From: "one"}, {Name: "a", From: "address"}}, ann()); err == nil {
		t.Errorf("an object was overwritten: %v", got)
	}
}

func TestAttributes(t *testing.T) {
	t.Parallel()
	basic, uri, unspecified := mapping.FormatBasic, mapping.FormatURI, mapping.FormatUnspecified
	for name, c := range map[string]struct {
		row  idp.Mapping
		want []mapping.Attribute
	}{
		"FirstName is basic":             {idp.Mapping{Name: "FirstName", From: "given_name"}, []mapping.Attribute{{Name: "FirstName", Format: basic, Values: []string{"Ann"}}}},
		"urn:oid is a URI":               {idp.Mapping{Name: "urn:oid:2.5.4.42", From: "given_name", FriendlyName: "givenName"}, []mapping.Attribute{{Name: "urn:oid:2.5.4.42", Format: uri, FriendlyName: "givenName", Values: []string{"Ann"}}}},
		"urn:oid as the admin says":      {idp.Mapping{Name: "urn:oid:2.5.4.42", From: "given_name", Format: "basic"}, []mapping.Attribute{{Name: "urn:oid:2.5.4.42", Format: basic, Values: []string{"Ann"}}}},
		"another URN is basic":           {idp.Mapping{Name: "urn:mace:dir", From: "one"}, []mapping.Attribute{{Name: "urn:mace:dir", Format: basic, Values: []string{"only"}}}},
		"uri":                            {idp.Mapping{Name: "x", From: "one", Format: "uri"}, []mapping.Attribute{{Name: "x", Format: uri, Values: []string{"only"}}}},
		"unspecified":                    {idp.Mapping{Name: "User.Email", From: "email", Format: "unspecified"}, []mapping.Attribute{{Name: "User.Email", Format: unspecified, Values: []string{"ann@example.com"}}}},
		"a dotted name stays one":        {idp.Mapping{Name: "nameData.firstName", From: "given_name"}, []mapping.Attribute{{Name: "nameData.firstName", Format: basic, Values: []string{"Ann"}}}},
		"several values":                 {idp.Mapping{Name: "df_access", From: "teams"}, []mapping.Attribute{{Name: "df_access", Format: basic, Values: []string{"red:admin", "blue:viewer"}}}},
		"several values joined":          {idp.Mapping{Name: "customRoles", From: "roles", Join: ","}, []mapping.Attribute{{Name: "customRoles", Format: basic, Values: []string{"1,2,3"}}}},
		"booleans as text":               {idp.Mapping{Name: "m", From: "member"}, []mapping.Attribute{{Name: "m", Format: basic, Values: []string{"false"}}}},
		"empty values are dropped":       {idp.Mapping{Name: "p", From: "partly"}, []mapping.Attribute{{Name: "p", Format: basic, Values: []string{"kept"}}}},
		"no value, no attribute":         {idp.Mapping{Name: "b", From: "blanks"}, nil},
		"a structured value has no text": {idp.Mapping{Name: "a", From: "address"}, nil},
		"but its members have":           {idp.Mapping{Name: "city", From: "address.locality"}, []mapping.Attribute{{Name: "city", Format: basic, Values: []string{"Zürich"}}}},
		"the subject cannot be forged":   {idp.Mapping{Name: "s", From: "subject"}, []mapping.Attribute{{Name: "s", Format: basic, Values: []string{"subject-of-ann"}}}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := mapping.Attributes([]idp.Mapping{c.row}, ann())
			if err != nil || !reflect.DeepEqual(got, c.want) {
				t.Errorf("Attributes = %+v, %v; want %+v", got, err, c.want)
			}
		})
	}
	got, err := mapping.Attributes([]idp.Mapping{{Name: "z", From: "one"}, {Name: "a", From: "one"}}, ann())
	if err != nil || got[0].Name != "z" {
		t.Errorf("the order of the rows is lost: %v, %v", got, err)
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	many := make([]idp.Mapping, 201)
	for i := range many {
		many[i] = idp.Mapping{Name: fmt.Sprint("n", i), From: "one"}
	}
	ok := idp.Mapping{Name: "ok", From: "one"}
	for name, c := range map[string]struct {
		rows        []idp.Mapping
		field, says string
	}{
		"no name":                       {[]idp.Mapping{{From: "one"}}, "/0/name", "1 to 256 bytes"},
		"no source":                     {[]idp.Mapping{ok, {Name: "x"}}, "/1/from", "1 to 256 bytes"},
		"a space before the name":       {[]idp.Mapping{{Name: " x", From: "one"}}, "/0/name", "no spaces around it"},
		"a line break in the name":      {[]idp.Mapping{{Name: "x\ny", From: "one"}}, "/0/name", "no control characters"},
		"broken UTF-8":                  {[]idp.Mapping{{Name: "x\xff", From: "one"}}, "/0/name", "control characters"},
		"a name that is too long":       {[]idp.Mapping{{Name: strings.Repeat("x", 257), From: "one"}}, "/0/name", "1 to 256 bytes"},
		"a dot at the start":            {[]idp.Mapping{{Name: ".x", From: "one"}}, "/0/name", "empty part"},
		"a dot at the end":              {[]idp.Mapping{{Name: "x.", From: "one"}}, "/0/name", "empty part"},
		"two dots":                      {[]idp.Mapping{{Name: "x..y", From: "one"}}, "/0/name", "empty part"},
		"a name twice":                  {[]idp.Mapping{ok, ok}, "/1/name", `"ok" is there twice`},
		"a value and an object":         {[]idp.Mapping{{Name: "a", From: "one"}, ok, {Name: "a.b", From: "one"}}, "/2/name", `"a.b"`},
		"an object and a value":         {[]idp.Mapping{{Name: "a.b", From: "one"}, {Name: "a", From: "one"}}, "/1/name", `"a"`},
		"an unknown format":             {[]idp.Mapping{{Name: "a", From: "one", Format: "Basic"}}, "/0/format", "basic, uri, unspecified, or an absolute URI"},
		"a separator with a line break": {[]idp.Mapping{{Name: "a", From: "one", Join: "\n"}}, "/0/join", "separator"},
		"a friendly name with a zero":   {[]idp.Mapping{{Name: "a", From: "one", FriendlyName: "x\x00"}}, "/0/friendly_name", "friendly name"},
		"too many rows":                 {many, "", "more than 200"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, err := range []error{mapping.Check(c.rows), mapping.CheckClaims(c.rows)} {
				var e *idp.Error
				if !errors.As(err, &e) || e.Code != idp.Invalid || e.Field != c.field || !strings.Contains(e.Public, c.says) {
					t.Errorf("%v; want one on %q that says %q", err, c.field, c.says)
				}
			}
		})
	}
	if err := mapping.Check(many[:200]); err != nil {
		t.Errorf("200 rows: %v", err)
	}
}

func TestCheckClaimsKeepsTheProtocolsOwnNames(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"iss", "sub", "aud", "exp", "iat", "nbf", "jti", "nonce", "acr", "amr", "azp", "at_hash", "c_hash", "s_hash", "sid", "auth_time", "cnf", "events", "sub.x"} {
		rows := []idp.Mapping{{Name: name, From: "one"}}
		var e *idp.Error
		if err := mapping.CheckClaims(rows); !errors.As(err, &e) || e.Field != "/0/name" {
			t.Errorf("%s as a claim: %v", name, err)
		}
		if err := mapping.Check(rows); err != nil {
			t.Errorf("%s as a SAML attribute: %v", name, err)
		}
	}
	for _, name := range []string{"email", "name", "groups", "id", "Sub", "x.sub"} {
		if err := mapping.CheckClaims([]idp.Mapping{{Name: name, From: "one"}}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
