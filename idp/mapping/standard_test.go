package mapping_test

import (
	"testing"

	"cloudsso/idp"
	"cloudsso/idp/mapping"
)

func full() idp.Person {
	return idp.Person{
		Subject: "s", Login: "ann", Groups: []string{"staff"},
		Attributes: idp.Attributes{
			"name": {"Dr. Ann Smith"}, "family_name": {"Smith"}, "given_name": {"Ann"}, "middle_name": {"M."}, "nickname": {"Annie"},
			"preferred_username": {"annie"}, "profile": {"https://example.com/ann"}, "picture": {"https://example.com/ann.png"}, "website": {"http://ann.example.com"},
			"gender": {"female"}, "birthdate": {"1990-02-28"}, "zoneinfo": {"Europe/Zurich"}, "locale": {"de-CH"}, "updated_at": {1795258800.0},
			"email": {"ann@example.com", "second@example.com"}, "email_verified": {true}, "phone_number": {"+41 44 123 45 67"}, "phone_number_verified": {false},
			"address.street_address": {"Bahnhofstrasse 1"}, "address.locality": {"Zürich"}, "address.postal_code": {8001.0}, "address.planet": {"Earth"},
			"employee_number": {"7"},
		},
	}
}

func TestStandardGivesTheClaimsOfTheScopesOnly(t *testing.T) {
	t.Parallel()
	const profile = `"birthdate":"1990-02-28","family_name":"Smith","gender":"female","given_name":"Ann","locale":"de-CH","middle_name":"M.","name":"Dr. Ann Smith","nickname":"Annie","picture":"https://example.com/ann.png","preferred_username":"annie","profile":"https://example.com/ann","updated_at":1795258800,"website":"http://ann.example.com","zoneinfo":"Europe/Zurich"`
	for name, c := range map[string]struct {
		scopes []string
		want   string
	}{
		"none":              {nil, `{}`},
		"openid alone":      {[]string{"openid", "offline_access", "unknown"}, `{}`},
		"profile":           {[]string{"openid", "profile"}, `{` + profile + `}`},
		"email (no name)":   {[]string{"openid", "email"}, `{"email":"ann@example.com","email_verified":true}`},
		"phone":             {[]string{"phone"}, `{"phone_number":"+41 44 123 45 67","phone_number_verified":false}`},
		"address":           {[]string{"address"}, `{"address":{"locality":"Zürich","postal_code":"8001","street_address":"Bahnhofstrasse 1"}}`},
		"groups are a list": {[]string{"groups"}, `{"groups":["staff"]}`},
	} {
		if got := asJSON(t, mapping.Standard(c.scopes, full())); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", name, got, c.want)
		}
	}
}

func TestStandardFallsBack(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		attributes idp.Attributes
		login      string
		want       string
	}{
		"name from both parts":              {idp.Attributes{"given_name": {"Ann"}, "family_name": {"Smith"}}, "ann", `{"family_name":"Smith","given_name":"Ann","name":"Ann Smith","preferred_username":"ann"}`},
		"name from one part":                {idp.Attributes{"family_name": {"Smith"}}, "ann", `{"family_name":"Smith","name":"Smith","preferred_username":"ann"}`},
		"an empty name is none":             {idp.Attributes{"name": {" "}, "given_name": {"Ann"}}, "ann", `{"given_name":"Ann","name":"Ann","preferred_username":"ann"}`},
		"nothing is invented":               {nil, "ann", `{"preferred_username":"ann"}`},
		"nothing at all":                    {nil, "", `{}`},
		"the first value that is not empty": {idp.Attributes{"nickname": {"", "Annie", "Nan"}}, "", `{"nickname":"Annie"}`},
	} {
		p := idp.Person{Login: c.login, Attributes: c.attributes}
		if got := asJSON(t, mapping.Standard([]string{"profile", "email", "phone", "address", "groups"}, p)); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

func TestAddressFromAStructuredAttribute(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		address any
		want    string
	}{
		"an object":                       {map[string]any{"formatted": "Bahnhofstrasse 1\n8001 Zürich", "country": "CH", "x": "y"}, `{"address":{"country":"CH","formatted":"Bahnhofstrasse 1\n8001 Zürich"}}`},
		"members of the wrong type":       {map[string]any{"locality": true, "region": map[string]any{}, "country": "CH"}, `{"address":{"country":"CH"}}`},
		"an object of empty members":      {map[string]any{"locality": ""}, `{}`},
		"a text is not an address object": {"Bahnhofstrasse 1", `{}`},
	} {
		p := idp.Person{Attributes: idp.Attributes{"address": {c.address}}}
		if got := asJSON(t, mapping.Standard([]string{"address"}, p)); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

// TestStandardLeavesOutWhatDoesNotFit: a claim of the wrong type fails a relying
// party's whole sign-in (I6, I7).
func TestStandardLeavesOutWhatDoesNotFit(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		v    any
		want string // the claim's JSON; "" if it is left out
	}{
		{"name", "Ann", `"Ann"`}, {"name", true, ""}, {"name", map[string]any{"a": "b"}, ""}, {"name", "null", ""}, {"name", 7.0, `"7"`},
		{"email", "ann@example.com", `"ann@example.com"`}, {"email", "ann", ""}, {"email", "Ann <ann@example.com>", ""}, {"email", "a@b, c@d", ""}, {"email", "ann@example.com\nBcc: x@y", ""},
		{"email_verified", true, "true"}, {"email_verified", false, "false"}, {"email_verified", "TRUE", "true"}, {"email_verified", "yes", ""}, {"email_verified", 1.0, ""},
		{"phone_number", 41441234567.0, `"41441234567"`}, {"phone_number_verified", "false", "false"}, {"phone_number_verified", "no", ""},
		{"picture", "https://example.com/a.png", `"https://example.com/a.png"`}, {"picture", "a.png", ""}, {"picture", "javascript:alert(1)", ""}, {"picture", "data:image/png;base64,AA", ""}, {"picture", "https://", ""}, {"website", "//example.com", ""}, {"profile", "ftp://example.com", ""},
		{"birthdate", "1990-02-28", `"1990-02-28"`}, {"birthdate", "0000-02-29", `"0000-02-29"`}, {"birthdate", "1990", `"1990"`}, {"birthdate", 1990.0, `"1990"`}, {"birthdate", "28.02.1990", ""}, {"birthdate", "1990-02-30", ""}, {"birthdate", "1990-2-8", ""}, {"birthdate", "0000", ""}, {"birthdate", "0190-02-28", ""}, {"birthdate", "1990-02-28T00:00:00Z", ""}, {"birthdate", "0000-13-01", ""},
		{"zoneinfo", "Europe/Zurich", `"Europe/Zurich"`}, {"zoneinfo", "America/Argentina/Buenos_Aires", `"America/Argentina/Buenos_Aires"`}, {"zoneinfo", "UTC", `"UTC"`}, {"zoneinfo", "Etc/GMT+1", `"Etc/GMT+1"`}, {"zoneinfo", "+01:00", ""}, {"zoneinfo", "../../etc/passwd", ""}, {"zoneinfo", 1.0, ""}, {"zoneinfo", "Central European Time", ""},
		{"locale", "de-CH", `"de-CH"`}, {"locale", "en", `"en"`}, {"locale", "en_US", `"en-US"`}, {"locale", "zh-Hant-TW", `"zh-Hant-TW"`}, {"locale", "english", ""}, {"locale", "en US", ""}, {"locale", true, ""},
		{"updated_at", 1795258800.0, "1795258800"}, {"updated_at", "1795258800", "1795258800"}, {"updated_at", "2026-11-21T12:00:00Z", "1795262400"}, {"updated_at", "yesterday", ""}, {"updated_at", 1.5, ""}, {"updated_at", -1.0, ""}, {"updated_at", 1795258800000.0, ""}, {"updated_at", true, ""},
	} {
		p := idp.Person{Attributes: idp.Attributes{"email": {"ann@example.com"}, "phone_number": {"1"}}}
		p.Attributes[c.name] = []any{c.v}
		got, there := mapping.Standard([]string{"profile", "email", "phone"}, p)[c.name]
		switch {
		case there != (c.want != ""):
			t.Errorf("%s from %#v: %v", c.name, c.v, got)
		case there && asJSON(t, got) != c.want:
			t.Errorf("%s from %#v: %s, want %s", c.name, c.v, asJSON(t, got), c.want)
		}
	}
}

func TestVerifiedMeansNothingAlone(t *testing.T) {
	t.Parallel()
	p := idp.Person{Attributes: idp.Attributes{"email": {"not an address"}, "email_verified": {true}, "phone_number_verified": {true}}}
	if got := asJSON(t, mapping.Standard([]string{"email", "phone"}, p)); got != `{}` {
		t.Errorf("Standard = %s, want nothing", got)
	}
}
