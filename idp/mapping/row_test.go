package mapping_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	"cloudsso/idp"
	"cloudsso/idp/mapping"
)

// rowOf reads a row as the API does.
func rowOf(t testing.TB, text string) idp.Mapping {
	t.Helper()
	var row idp.Mapping
	if err := json.Unmarshal([]byte(text), &row); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return row
}

func member() idp.Person {
	p := ann()
	p.Attributes["mail_ok"] = []any{"TRUE"}
	p.Attributes["flag"] = []any{1.0}
	p.Attributes["number"] = []any{"42", "4.5", "x", "9007199254740993", "1e400", "0x10", "Inf"}
	p.Attributes["joined"] = []any{"2020-02-29T23:30:00-02:00"}
	p.Attributes["born"] = []any{"28.02.1990"}
	p.Attributes["pwd_set"] = []any{"20261121120000.0Z"}
	p.Attributes["seen"] = []any{1795262400.0}
	p.Attributes["roles_text"] = []any{" 1, 2 ,,3"}
	p.Attributes["json_text"] = []any{`{"a":[1,"x",null,""],"b":{}}`}
	p.Attributes["nickname"] = []any{`An"n\`}
	p.Attributes["title"] = []any{"DR."}
	return p
}

// TestRows: one table for both protocols, since one engine is behind both.
func TestRows(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ row, claim, saml string }{
		// The rows of the vendors' guides.
		"GlobalID beside email":                {`{"name":"GlobalID","from":"member_no","type":"string"}`, `"0042"`, `["0042"]`},
		"GlobalID of a number stays text":      {`{"name":"GlobalID","from":"level","type":"string"}`, `"3.5"`, `["3.5"]`},
		"customRoles, a value map and a comma": {`{"name":"customRoles","from":"groups","map":{"staff":"1","editors":"2","admins":"3"},"join":","}`, `"1,2"`, `["1,2"]`},
		"customRoles from numbers":             {`{"name":"customRoles","from":"roles","join":","}`, `"1,2,3"`, `["1,2,3"]`},
		"customRoles taken apart":              {`{"name":"customRoles","from":"roles_text","split":","}`, `["1","2","3"]`, `["1","2","3"]`},
		"df_access as a list of one":           {`{"name":"df_access","from":"one","type":"array"}`, `["only"]`, `["only"]`},
		"df_access by expression":              {`{"name":"df_access","from":{"cel":"groups.map(g, g + ':viewer')"}}`, `["staff:viewer","editors:viewer"]`, `["staff:viewer","editors:viewer"]`},
		"df_access as an object":               {`{"name":"df_access","from":{"cel":"{'teams': groups}"},"type":"json"}`, `{"teams":["staff","editors"]}`, `["{\"teams\":[\"staff\",\"editors\"]}"]`},
		"df_access from a JSON template":       {`{"name":"df_access","from":{"template":"[\"{{one}}:admin\"]"},"type":"json"}`, `["only:admin"]`, `["[\"only:admin\"]"]`},
		"FirstName":                            {`{"name":"FirstName","from":"given_name"}`, `"Ann"`, `["Ann"]`},
		"avatar, the first https one":          {`{"name":"avatar","from":"picture","first":true}`, `"https://img.example.com/ann.png"`, `["https://img.example.com/ann.png"]`},
		"avatar with a default":                {`{"name":"avatar","from":"photo","default":"https://example.com/none.png"}`, `"https://example.com/none.png"`, `["https://example.com/none.png"]`},
		"id without case":                      {`{"name":"id","from":"subject","lower":true}`, `"subject-of-ann"`, `["subject-of-ann"]`},

		// Sources.
		"a constant text":                      {`{"name":"c","from":{"constant":"x"}}`, `"x"`, `["x"]`},
		"a constant list of one stays a list":  {`{"name":"c","from":{"constant":["x"]}}`, `["x"]`, `["x"]`},
		"a constant false":                     {`{"name":"c","from":{"constant":false}}`, `false`, `["false"]`},
		"a constant object":                    {`{"name":"c","from":{"constant":{"a":1,"b":null}}}`, `{"a":1}`, ``},
		"a template":                           {`{"name":"c","from":{"template":"{{given_name}} {{family_name}}"}}`, `"Ann Smith"`, `["Ann Smith"]`},
		"a template with what is always there": {`{"name":"c","from":{"template":"{{directory}}/{{username}}"}}`, `"local/ann"`, `["local/ann"]`},
		"a template takes the first value":     {`{"name":"c","from":{"template":"{{teams}}!"}}`, `"red:admin!"`, `["red:admin!"]`},
		"a template that lacks an attribute":   {`{"name":"c","from":{"template":"{{given_name}} {{nothing}}"}}`, ``, ``},
		"a template that may lack one":         {`{"name":"c","from":{"template":"{{given_name}} {{nothing?}} {{family_name}}"}}`, `"Ann Smith"`, `["Ann Smith"]`},
		"one that lacks its start":             {`{"name":"c","from":{"template":"{{nothing?}} {{family_name}}"}}`, `"Smith"`, `["Smith"]`},
		"one that lacks all":                   {`{"name":"c","from":{"template":"{{nothing?}} {{nobody?}}"}}`, ``, ``},
		"a template reaches into objects":      {`{"name":"c","from":{"template":"in {{address.locality}}"}}`, `"in Zürich"`, `["in Zürich"]`},
		"an object is no text for a template":  {`{"name":"c","from":{"template":"{{address}}"}}`, ``, ``},

		// Steps.
		"map without a star drops":       {`{"name":"c","from":"groups","map":{"editors":"3"}}`, `["3"]`, `["3"]`},
		"map with a star":                {`{"name":"c","from":"groups","map":{"editors":"3","*":"9"}}`, `["9","3"]`, `["9","3"]`},
		"map says nothing twice":         {`{"name":"c","from":"groups","map":{"*":"9"},"join":","}`, `"9"`, `["9"]`},
		"map of nothing known":           {`{"name":"c","from":"groups","map":{"x":"9"}}`, ``, ``},
		"map to empty drops":             {`{"name":"c","from":"groups","map":{"staff":"","editors":"e"}}`, `["e"]`, `["e"]`},
		"map, then first, then a number": {`{"name":"c","from":"groups","map":{"editors":"3"},"first":true,"type":"number"}`, `3`, `["3"]`},
		"map of nothing, then default":   {`{"name":"c","from":"groups","map":{"x":"9"},"first":true,"default":"0"}`, `"0"`, `["0"]`},
		"first of groups is no list":     {`{"name":"c","from":"groups","first":true}`, `"staff"`, `["staff"]`},
		"first of one":                   {`{"name":"c","from":"one","first":true}`, `"only"`, `["only"]`},
		"lower":                          {`{"name":"c","from":"title","lower":true}`, `"dr."`, `["dr."]`},
		"upper leaves numbers alone":     {`{"name":"c","from":"roles","upper":true}`, `[1,2,3]`, `["1","2","3"]`},
		"split of what has no separator": {`{"name":"c","from":"one","split":";"}`, `["only"]`, `["only"]`},
		"split then first":               {`{"name":"c","from":"roles_text","split":",","first":true}`, `"1"`, `["1"]`},
		"default in a list":              {`{"name":"c","from":"nothing","default":"x","type":"array"}`, `["x"]`, `["x"]`},
		"default is not used":            {`{"name":"c","from":"one","default":"x"}`, `"only"`, `["only"]`},

		// Dates.
		"a date to UTC":              {`{"name":"c","from":"joined","date":{}}`, `"2020-03-01T01:30:00Z"`, `["2020-03-01T01:30:00Z"]`},
		"a date by a pattern":        {`{"name":"c","from":"born","date":{"in":"DD.MM.YYYY","out":"date"}}`, `"1990-02-28"`, `["1990-02-28"]`},
		"a date to unix is a number": {`{"name":"c","from":"pwd_set","date":{"in":"ldap","out":"unix"}}`, `1795262400`, `["1795262400"]`},
		"unix to a pattern":          {`{"name":"c","from":"seen","date":{"in":"unix","out":"YYYY/MM/DD HH:mm:ss"}}`, `"2026/11/21 12:00:00"`, `["2026/11/21 12:00:00"]`},
		"unix to the LDAP form":      {`{"name":"c","from":"seen","date":{"out":"ldap"}}`, `"20261121120000Z"`, `["20261121120000Z"]`},
		"no date":                    {`{"name":"c","from":"one","date":{}}`, ``, ``},
		"a date of another form":     {`{"name":"c","from":"joined","date":{"in":"date"}}`, ``, ``},
		"a text is not unix":         {`{"name":"c","from":"joined","date":{"in":"unix"}}`, ``, ``},
		"a day that is none":         {`{"name":"c","from":{"constant":"2026-02-30"},"date":{}}`, ``, ``},
		"default stands after date":  {`{"name":"c","from":"one","date":{},"default":"never"}`, `"never"`, `["never"]`},

		// Types.
		"email_verified is a boolean":  {`{"name":"email_verified","from":"mail_ok","type":"boolean"}`, `true`, `["true"]`},
		"1 is true":                    {`{"name":"c","from":"flag","type":"boolean"}`, `true`, `["true"]`},
		"a text is not a boolean":      {`{"name":"c","from":"one","type":"boolean"}`, ``, ``},
		"numbers, exact or not at all": {`{"name":"c","from":"number","type":"number"}`, `[42,4.5,9007199254740993]`, `["42","4.5","9007199254740993"]`},
		"a boolean is no number":       {`{"name":"c","from":"member","type":"number"}`, ``, ``},
		"a number as text":             {`{"name":"c","from":"roles","type":"string"}`, `["1","2","3"]`, `["1","2","3"]`},
		"an object is no text":         {`{"name":"c","from":"address","type":"string"}`, ``, ``},
		"JSON in a text, cleaned":      {`{"name":"c","from":"json_text","type":"json"}`, `{"a":[1,"x"]}`, `["{\"a\":[1,\"x\"]}"]`},
		"a text that is no JSON":       {`{"name":"c","from":"one","type":"json"}`, ``, ``},
		"join, then a number":          {`{"name":"c","from":"roles","join":"","type":"array"}`, `[1,2,3]`, `["1","2","3"]`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rows := []idp.Mapping{rowOf(t, c.row)}
			if err := mapping.Check(rows); err != nil {
				t.Fatalf("Check refuses what works: %v", err)
			}
			claims, err := mapping.Claims(rows, member())
			if got := claims[rows[0].Name]; err != nil || got == nil && c.claim != "" || got != nil && asJSON(t, got) != c.claim {
				t.Errorf("claim %s, %v; want %s", asJSON(t, got), err, c.claim)
			}
			attributes, err := mapping.Attributes(rows, member())
			switch {
			case err != nil:
				t.Error(err)
			case c.saml == "" && len(attributes) > 0 || c.saml != "" && (len(attributes) != 1 || asJSON(t, attributes[0].Values) != c.saml):
				t.Errorf("SAML %s; want %s", asJSON(t, attributes), c.saml)
			}
			rows[0].Required = true
			_, err = mapping.Claims(rows, member())
			var missing *mapping.MissingError
			if errors.As(err, &missing) != (c.claim == "") || missing != nil && missing.Why == "" {
				t.Errorf("required: %v", err)
			}
		})
	}
}

func TestNamesOfClaims(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		`a.b`:      `{"a":{"b":"only"}}`,
		`a\.b`:     `{"a.b":"only"}`,
		`a\.b.c`:   `{"a.b":{"c":"only"}}`,
		`a\\.b`:    `{"a\\":{"b":"only"}}`,
		`a\b`:      `{"a\\b":"only"}`,
		`urn:a\.b`: `{"urn:a\\.b":"only"}`,
	} {
		rows := []idp.Mapping{{Name: name, From: "one"}}
		got, err := mapping.Claims(rows, ann())
		if err != nil || asJSON(t, got) != want || mapping.Check(rows) != nil {
			t.Errorf("%s: %s, %v; want %s", name, asJSON(t, got), err, want)
		}
		attributes, err := mapping.Attributes(rows, ann())
		if err != nil || attributes[0].Name != name {
			t.Errorf("SAML changes the name %s: %v, %v", name, attributes, err)
		}
	}
	var e *idp.Error
	if err := mapping.CheckClaims([]idp.Mapping{{Name: `sub\.x`, From: "one"}}); err != nil {
		t.Errorf("a dot inside a name is not below sub: %v", err)
	}
	if err := mapping.CheckClaims([]idp.Mapping{{Name: `sub.x`, From: "one"}}); !errors.As(err, &e) {
		t.Error("sub.x is below sub")
	}
}

// TestJSONInjectionThroughATemplate: a person who may edit one attribute gains no member
// in a claim that a template writes as JSON.
func TestJSONInjectionThroughATemplate(t *testing.T) {
	t.Parallel()
	row := rowOf(t, `{"name":"p","from":{"template":"{\"nick\":\"{{nickname}}\",\"role\":\"user\"}"},"type":"json"}`)
	for _, nick := range []string{`x","role":"admin`, `\`, `x\`, "a\u2028\n\"", `"}`, "<&>", "\x00\x1f"} {
		p := idp.Person{Attributes: idp.Attributes{"nickname": {nick}}}
		got, err := mapping.Claims([]idp.Mapping{row}, p)
		want := map[string]any{"p": map[string]any{"nick": nick, "role": "user"}}
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %v, %v", nick, got, err)
		}
	}
}

func TestFormOfARowInJSON(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]idp.Mapping{
		`{"from":"mail","name":"x"}`:                                                             {Name: "x", From: "mail"},
		`{"from":{"cel":"groups"},"name":"x","first":true,"required":true}`:                      {Name: "x", CEL: "groups", First: true, Required: true},
		`{"from":{"template":"{{a}}"},"name":"x","map":{"a":"b"},"date":{"in":"unix"}}`:          {Name: "x", Template: "{{a}}", Map: map[string]string{"a": "b"}, Date: &idp.DateForm{In: "unix"}},
		`{"from":{"constant":[1]},"name":"x","split":";","upper":true,"default":"d","join":","}`: {Name: "x", Constant: json.RawMessage(`[1]`), Split: ";", Upper: true, Default: "d", Join: ","},
		`{"from":{"attribute":"a","cel":"b","template":"c","constant":1},"name":"x"}`:            {Name: "x", From: "a", CEL: "b", Template: "c", Constant: json.RawMessage(`1`)},
	} {
		if got := rowOf(t, text); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v", text, got)
		}
		out, err := json.Marshal(want)
		if err != nil || asJSON(t, rowOf(t, string(out))) != asJSON(t, want) || len(out) != len(text) {
			t.Errorf("%+v is written as %s, %v", want, out, err)
		}
	}
	for _, text := range []string{`{"name":"x","from":5}`, `{"name":"x","from":["a"]}`, `{"name":"x","from":{"cell":"a"}}`, `{"name":"x","from":{"cel":5}}`, `{"name":5}`} {
		var row idp.Mapping
		if err := json.Unmarshal([]byte(text), &row); err == nil {
			t.Errorf("%s: %+v", text, row)
		}
	}
}

func TestCheckRows(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 5000)
	for name, c := range map[string]struct{ row, field, says string }{
		"no source":                       {`{"name":"a"}`, "/0/from", "from of a mapping row"},
		"two sources":                     {`{"name":"a","from":{"attribute":"x","cel":"groups"}}`, "/0/from", "one source"},
		"an open template":                {`{"name":"a","from":{"template":"{{x"}}`, "/0/from/template", "not closed"},
		"an empty placeholder":            {`{"name":"a","from":{"template":"{{ }}"}}`, "/0/from/template", "between {{ and }}"},
		"a placeholder in a placeholder":  {`{"name":"a","from":{"template":"{{a{{b}}}}"}}`, "/0/from/template", "between {{ and }}"},
		"a long template":                 {`{"name":"a","from":{"template":"` + long + `"}}`, "/0/from/template", "2048 bytes"},
		"a template with a line break":    {`{"name":"a","from":{"template":"a\nb"}}`, "/0/from/template", "control characters"},
		"an empty constant":               {`{"name":"a","from":{"constant":{"x":""}}}`, "/0/from/constant", "empty"},
		"a long constant":                 {`{"name":"a","from":{"constant":"` + long + long + `"}}`, "/0/from/constant", "8192 bytes"},
		"a separator with a zero":         {`{"name":"a","from":"x","split":"\u0000"}`, "/0/split", "separator"},
		"lower and upper":                 {`{"name":"a","from":"x","lower":true,"upper":true}`, "/0/upper", "not both"},
		"a default with a line break":     {`{"name":"a","from":"x","default":"a\nb"}`, "/0/default", "control characters"},
		"a default of another type":       {`{"name":"a","from":"x","default":"many","type":"number"}`, "/0/default", "not of the type number"},
		"an unknown type":                 {`{"name":"a","from":"x","type":"int"}`, "/0/type", "string, number, boolean, json or array"},
		"a map to a line break":           {`{"name":"a","from":"x","map":{"a":"\n"}}`, "/0/map", "control characters"},
		"a date of an unknown form":       {`{"name":"a","from":"x","date":{"in":"RFC822"}}`, "/0/date/in", "unknown"},
		"a date in Go's words":            {`{"name":"a","from":"x","date":{"out":"2006-01-02"}}`, "/0/date/out", "unknown"},
		"a date without a year":           {`{"name":"a","from":"x","date":{"out":"DD.MM."}}`, "/0/date/out", "unknown"},
		"CEL that does not parse":         {`{"name":"a","from":{"cel":"groups["}}`, "/0/from/cel", "line 1, column 8"},
		"CEL that names nothing":          {`{"name":"a","from":{"cel":"'x' +\n user.name"}}`, "/0/from/cel", "line 2, column 2: undeclared reference to 'user'"},
		"CEL of the wrong type":           {`{"name":"a","from":{"cel":"username + 1"}}`, "/0/from/cel", "no matching overload"},
		"CEL whose outcome is bytes":      {`{"name":"a","from":{"cel":"b'x'"}}`, "/0/from/cel", "of the type bytes"},
		"CEL whose outcome is a type":     {`{"name":"a","from":{"cel":"type(1)"}}`, "/0/from/cel", "of the type type"},
		"CEL whose outcome is nothing":    {`{"name":"a","from":{"cel":"null"}}`, "/0/from/cel", "of the type null"},
		"CEL that asks for the time":      {`{"name":"a","from":{"cel":"string(now)"}}`, "/0/from/cel", "undeclared reference"},
		"CEL that asks for the time, too": {`{"name":"a","from":{"cel":"now()"}}`, "/0/from/cel", "undeclared reference"},
		"CEL that is too long":            {`{"name":"a","from":{"cel":"'` + long + `'"}}`, "/0/from/cel", "4096"},
		"CEL that is nested too deeply":   {`{"name":"a","from":{"cel":"` + strings.Repeat("(", 200) + "1" + strings.Repeat(")", 200) + `"}}`, "/0/from/cel", "recursion"},
		"a regular expression too large":  {`{"name":"a","from":{"cel":"username.matches('(a{50}){20}')"}}`, "/0/from/cel", "regex"},
		"a broken regular expression":     {`{"name":"a","from":{"cel":"username.matches('(')"}}`, "/0/from/cel", "regex"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rows := []idp.Mapping{rowOf(t, c.row)}
			for _, err := range []error{mapping.Check(rows), mapping.CheckClaims(rows)} {
				var e *idp.Error
				if !errors.As(err, &e) || e.Code != idp.Invalid || e.Field != c.field || !strings.Contains(e.Public, c.says) {
					t.Errorf("%v; want one on %q that says %q", err, c.field, c.says)
				}
			}
		})
	}
}
