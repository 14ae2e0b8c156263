package mapping_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"cloudsso/idp"
	"cloudsso/idp/mapping"
)

func TestExpressions(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ cel, want string }{
		"a text":                             {`attributes.text("given_name")`, `"Ann"`},
		"a text that is not there":           {`attributes.text("nothing")`, ``},
		"a text inside an object":            {`attributes.text("address.locality")`, `"Zürich"`},
		"texts of numbers":                   {`attributes.texts("roles")`, `["1","2","3"]`},
		"texts without empty ones":           {`attributes.texts("blanks")`, ``},
		"values keep their type":             {`attributes.values("roles").filter(r, r > 1)`, `[2,3]`},
		"a list of one stays a list":         {`attributes.values("level")`, `[3.5]`},
		"the raw attribute":                  {`attributes["teams"][0]`, `"red:admin"`},
		"an optional attribute":              {`attributes[?"nothing"].orValue(["x"])`, `["x"]`},
		"an optional value that is none":     {`attributes[?"nothing"]`, ``},
		"an optional value":                  {`optional.of("x")`, `"x"`},
		"a condition":                        {`"staff" in groups ? "employee" : "guest"`, `"employee"`},
		"the names that are always there":    {`[username, subject, directory]`, `["ann","subject-of-ann","local"]`},
		"strings":                            {`username.upperAscii() + "@" + directory`, `"ANN@local"`},
		"lists":                              {`groups.sort().reverse().join("|")`, `"staff|editors"`},
		"bindings":                           {`cel.bind(x, attributes.text("email").split("@"), x[1])`, `"example.com"`},
		"an object":                          {`{"name": username, "empty": "", "roles": attributes.values("roles")}`, `{"name":"ann","roles":[1,2,3]}`},
		"a boolean":                          {`groups.exists(g, g == "staff")`, `true`},
		"a whole number":                     {`size(groups)`, `2`},
		"a number without sign":              {`2u`, `2`},
		"a time is RFC 3339":                 {`timestamp("2026-11-21T13:00:00+01:00")`, `"2026-11-21T12:00:00Z"`},
		"a duration is seconds":              {`duration("1h")`, `3600`},
		"what is missing gives nothing":      {`attributes["nothing"][0]`, ``},
		"a list that is too short":           {`attributes["teams"][7]`, ``},
		"null in a condition":                {`false ? dyn("x") : dyn(null)`, ``},
		"a map whose keys are numbers":       {`{1: "x"}`, ``},
		"bytes that nobody saw coming":       {`dyn(b"x")`, ``},
		"not a number":                       {`0.0 / 0.0`, ``},
		"too large for JSON":                 {`18446744073709551615u`, ``},
		"our subject cannot be forged":       {`subject + " " + directory`, `"subject-of-ann local"`},
		"another map does not pass for ours": {`{"a": [dyn(1)]}.text("a")`, ``},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rows := []idp.Mapping{{Name: "c", CEL: c.cel}}
			if err := mapping.Check(rows); err != nil {
				t.Fatal(err)
			}
			claims, err := mapping.Claims(rows, ann())
			if got := claims["c"]; err != nil || got == nil && c.want != "" || got != nil && asJSON(t, got) != c.want {
				t.Errorf("%s, %v; want %s", asJSON(t, got), err, c.want)
			}
			if c.want != "" {
				return
			}
			if o := mapping.Explain(rows, ann())[0]; !strings.HasPrefix(o.Note, "the expression ") {
				t.Errorf("it is not said why: %q", o.Note)
			}
		})
	}
	if got, err := mapping.Claims([]idp.Mapping{{Name: "c", CEL: `size(attributes) + size(groups)`}}, idp.Person{}); err != nil || got["c"] != int64(0) {
		t.Errorf("somebody without attributes: %v, %v", got, err)
	}
}

// TestExpressionsThatWouldStopEverybody: what the admin of one app writes must not eat
// the processor or the memory that all sign-ins share.
func TestExpressionsThatWouldStopEverybody(t *testing.T) {
	t.Parallel()
	doubling := `["xxxxxxxxxx"]` + strings.Repeat(`.map(s, s + s)`, 40)
	bound := "username"
	for i := range 40 {
		bound = fmt.Sprintf("cel.bind(v%d, %s, v%d + v%d)", i, bound, i, i)
	}
	for name, cel := range map[string]string{
		"loops in loops":            `lists.range(1000).all(a, lists.range(1000).all(b, lists.range(1000).all(c, a + b + c >= 0)))`,
		"a text that doubles":       doubling,
		"a list that doubles":       `[lists.range(1000)]` + strings.Repeat(`.map(l, l + l)`, 20),
		"an endless range":          `lists.range(1000000000).size()`,
		"replace that grows":        `"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"` + strings.Repeat(`.replace("a", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")`, 8),
		"join that grows":           `lists.range(1000).map(x, lists.range(1000).map(y, "xxxxxxxxxxxxxxxx").join("yyyyyyyyyyyyyyyyyyyyyyyyyy")).join(",")`,
		"format with a wide number": `"%.1000000000f".format([1.0])`,
		"a regular expression":      `lists.range(1000).all(x, lists.range(1000).all(y, !"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".matches("(a*)*(a*)*b")))`,
		"bindings that double":      bound,
		"more items than allowed":   `lists.range(1000).map(x, [x, x])`,
	} {
		t.Run(name, func(t *testing.T) {
			rows := []idp.Mapping{{Name: "c", CEL: cel}}
			began := time.Now()
			err := mapping.Check(rows)
			if err == nil {
				var got map[string]any
				if got, err = mapping.Claims(rows, ann()); err != nil || got["c"] != nil {
					t.Errorf("it gave something: %.100v, %v", got, err)
				}
				t.Log(mapping.Explain(rows, ann())[0].Note)
			}
			if took := time.Since(began); took > 5*time.Second {
				t.Errorf("it took %v", took)
			}
		})
	}
}

// TestLargeValuesOfADirectory: what comes out of an expression has a bound of its own,
// since a directory may hold photographs.
func TestLargeValuesOfADirectory(t *testing.T) {
	t.Parallel()
	p := ann()
	p.Attributes["photo"] = []any{strings.Repeat("x", 70<<10)}
	rows := []idp.Mapping{{Name: "c", CEL: `attributes.text("photo")`}, {Name: "d", CEL: `username`}}
	got, err := mapping.Claims(rows, p)
	if err != nil || asJSON(t, got) != `{"d":"ann"}` {
		t.Errorf("%.100v, %v", got, err)
	}
}

func TestExpressionsAreSafeTogether(t *testing.T) {
	t.Parallel()
	var all sync.WaitGroup
	for n := range 8 {
		all.Go(func() {
			for i := range 50 {
				rows := []idp.Mapping{{Name: "c", CEL: fmt.Sprintf("username + '%d'", (n+i)%20)}}
				got, err := mapping.Claims(rows, ann())
				if err != nil || got["c"] != fmt.Sprintf("ann%d", (n+i)%20) {
					t.Errorf("%v, %v", got, err)
				}
			}
		})
	}
	all.Wait()
}

func TestExpressionsLeaveThePersonAlone(t *testing.T) {
	t.Parallel()
	p := ann()
	got, err := mapping.Claims([]idp.Mapping{{Name: "a", CEL: `attributes["address"][0]`}, {Name: "t", CEL: `attributes["teams"]`}}, p)
	if err != nil {
		t.Fatal(err)
	}
	got["a"].(map[string]any)["locality"] = "changed"
	got["t"].([]any)[0] = "changed"
	if asJSON(t, p.Attributes["address"]) == asJSON(t, []any{got["a"]}) || p.Attributes["teams"][0] != "red:admin" {
		t.Errorf("the person changed: %v", p.Attributes)
	}
}

// FuzzCheck: whatever Check accepts can be run, quickly, and gives JSON.
func FuzzCheck(f *testing.F) {
	for _, seed := range [][2]string{
		{`attributes.text("given_name")`, "{{given_name}} {{family_name?}}"}, {`groups.map(g, g + "!")`, "{{"}, {`{"a": [1]}`, "}}{{a}}"},
		{`cel.bind(x, username, x + x)`, `{"a":"{{address.locality}}"}`}, {`attributes[?"x"]`, "{{groups}}"}, {`"%s".format([username])`, "{{subject}}"},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, cel, template string) {
		for _, row := range []idp.Mapping{{Name: "c", CEL: cel}, {Name: "t", Template: template}, {Name: "j", Template: template, Type: "json"}} {
			rows := []idp.Mapping{row}
			if mapping.Check(rows) != nil {
				continue
			}
			began := time.Now()
			claims, err := mapping.Claims(rows, ann())
			if err != nil {
				t.Fatal(err)
			}
			asJSON(t, claims)
			if took := time.Since(began); took > 5*time.Second {
				t.Errorf("%v took %v", row, took)
			}
		}
	})
}
