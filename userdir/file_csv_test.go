package userdir_test

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"cloudsso/idp"
	"cloudsso/userdir"
	"cloudsso/userdir/userdirtest"
)

func TestCSVPassesTheSuite(t *testing.T) {
	t.Parallel()
	userdirtest.Run(t, func(t *testing.T, people []userdirtest.Person, passwords *userdir.Passwords) userdir.Directory {
		header := []string{"id", "username", "email", "password_hash", "disabled", "groups", "given_name", "member:boolean", "level:number", "df_access", "df_access", "address:json", "urn:oid:2.5.4.42"}
		var b strings.Builder
		w := csv.NewWriter(&b)
		rows := [][]string{header}
		for _, p := range people {
			row := []string{p.ID, p.Username, p.Email, "", fmt.Sprint(p.Disabled), strings.Join(p.Groups, "; ")}
			if p.Password != "" {
				row[3] = hash(t, p.Password)
			}
			for _, name := range []string{"given_name", "member", "level"} {
				row = append(row, p.Attributes.First(name))
			}
			access, address := append(p.Attributes["df_access"], "", ""), ""
			if a := p.Attributes["address"]; a != nil {
				j, err := json.Marshal(a[0])
				if err != nil {
					t.Fatal(err)
				}
				address = string(j)
			}
			rows = append(rows, append(row, idp.Text(access[0]), idp.Text(access[1]), address, p.Attributes.First("urn:oid:2.5.4.42")))
		}
		if err := w.WriteAll(rows); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "users.CSV")
		write(t, path, b.String())
		f, err := userdir.OpenFile("file", path, new(events), fixed, passwords)
		if err != nil {
			t.Fatal(err)
		}
		return f
	})
}

func TestCSVKeepsValuesAsTheyAreWritten(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "users.csv")
	write(t, path, "\ufeffid,username,number,tags:json,note:text,empty\r\n1,ann,007,\"[\"\"a\"\",2,{\"\"x\"\":true}]\",\"two\r\nlines\",\r\n")
	f, err := userdir.OpenFile("file", path, new(events), fixed, nil)
	if err != nil {
		t.Fatal(err)
	}
	u, err := f.Lookup(t.Context(), userdir.Ref{ID: "1"})
	want := idp.Attributes{"username": {"ann"}, "number": {"007"}, "tags": {"a", 2.0, map[string]any{"x": true}}, "note": {"two\nlines"}}
	if err != nil || !reflect.DeepEqual(u.Attributes, want) {
		t.Errorf("%#v, %v; want %#v", u.Attributes, err, want)
	}
}

func TestCSVFaultsNameLineAndColumn(t *testing.T) {
	t.Parallel()
	const head = "id,username,email,password_hash,disabled,level:number,extra:json\n1,ann,,,,,\n"
	for name, c := range map[string]struct{ text, want string }{
		"nothing":                 {"", "is empty"},
		"no usernames":            {"id,email\n1,ann@example.com\n", "line 1: the column username is missing"},
		"a column without a name": {"id,username,\n", "line 1: column : a column needs a name"},
		"a column twice":          {"id,username,id\n", "line 1: column id: it stands there twice"},
		"a cell too many":         {head + "2,bob,,,,,,\n", "line 3: the row has not as many cells"},
		"a stray quotation mark":  {head + "2,bo\"b,,,,,\n", "line 3: a quotation mark is out of place"},
		"no id":                   {head + ",bob,,,,,\n", "line 3: column id: it must have 1 to 256 bytes"},
		"an id twice":             {head + "1,bob,,,,,\n", "line 3: column id: \"1\" is already another user's"},
		"a username twice":        {head + "2,ANN,,,,,\n", "line 3: column username: \"ANN\" is already another user's"},
		"plain text as hash":      {head + "2,bob,,hunter2,,,\n", "line 3: column password_hash: The password hash is of no form"},
		"a word as flag":          {head + "2,bob,,,maybe,,\n", "line 3: column disabled: it must be true or false"},
		"a number with zeros":     {head + "2,bob,,,,007,\n", "line 3: column level:number: \"007\" is not a number"},
		"broken JSON":             {head + "2,bob,,,,,{\n", "line 3: column extra:json: it is not JSON"},
		"a line break in between": {head + "2,\"bob\n\",,,maybe,,\n", "line 4: column disabled"},
	} {
		path := filepath.Join(t.TempDir(), "users.csv")
		write(t, path, c.text)
		_, err := userdir.OpenFile("file", path, new(events), fixed, nil)
		var e *idp.Error
		if !errors.As(err, &e) || e.Code != idp.Invalid || !strings.Contains(e.Public, path) || !strings.Contains(e.Public, c.want) {
			t.Errorf("%s: %v; want %q", name, err, c.want)
		}
		if strings.Contains(fmt.Sprint(err), "hunter2") {
			t.Errorf("%s: the error repeats the hash", name)
		}
	}
}

// TestCSVThatIsInvalidKeepsTheOldOne: as with YAML, with one Event that names the place.
func TestCSVThatIsInvalidKeepsTheOldOne(t *testing.T) {
	t.Parallel()
	e, path := new(events), filepath.Join(t.TempDir(), "users.csv")
	write(t, path, "id,username\n1,ann\n")
	f, err := userdir.OpenFile("file", path, e, later(), nil)
	if err != nil {
		t.Fatal(err)
	}
	write(t, path, "id,username\n1,ann\n1,bob\n")
	if !knows(t, f, "ann") || knows(t, f, "bob") || !knows(t, f, "ann") {
		t.Error("the bad file is in force")
	}
	if e.names() != idp.EventDirectoryFault || !strings.Contains(e.all[0].Detail["fault"], "line 3: column id") {
		t.Errorf("events: %+v", e.all)
	}
	write(t, path, "id,username\n1,ann\n2,bob\n")
	if !knows(t, f, "bob") || e.names() != idp.EventDirectoryFault+" "+idp.EventDirectoryReload {
		t.Errorf("after mending: %v", e.names())
	}
}
