package userdir_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"cloudsso/idp"
	"cloudsso/userdir"
	"cloudsso/userdir/userdirtest"
)

// events remembers what was recorded.
type events struct {
	mu  sync.Mutex
	all []idp.Event
}

func (e *events) Record(_ context.Context, one idp.Event) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.all = append(e.all, one)
	return nil
}

func (e *events) names() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	var out []string
	for _, one := range e.all {
		out = append(out, one.Name)
	}
	return strings.Join(out, " ")
}

// later is a clock that moves two seconds at each look, so that each use looks for a change.
func later() func() time.Time {
	var mu sync.Mutex
	t := start
	return func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		t = t.Add(2 * time.Second)
		return t
	}
}

func write(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path+".new", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

func openFile(t testing.TB, text string, e *events) (*userdir.File, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "users.yaml")
	write(t, path, text)
	f, err := userdir.OpenFile("file", path, e, later(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return f, path
}

func knows(t testing.TB, f *userdir.File, login string) bool {
	t.Helper()
	_, err := f.Lookup(t.Context(), userdir.Ref{Login: login})
	if err != nil && !errors.Is(err, userdir.ErrNotFound) {
		t.Fatal(err)
	}
	return err == nil
}

func TestFilePassesTheSuite(t *testing.T) {
	t.Parallel()
	userdirtest.Run(t, func(t *testing.T, people []userdirtest.Person, passwords *userdir.Passwords) userdir.Directory {
		dir := t.TempDir()
		var users []map[string]any
		for i, p := range people {
			u := map[string]any{"id": p.ID, "username": p.Username, "email": p.Email, "disabled": p.Disabled, "groups": p.Groups, "attributes": map[string][]any(p.Attributes)}
			switch {
			case p.Password == "":
			case i%2 == 0:
				u["password_hash"] = hash(t, p.Password)
			default:
				name := fmt.Sprintf("hash%d", i)
				write(t, filepath.Join(dir, name), hash(t, p.Password)+"\n")
				u["password_hash_file"] = name
			}
			users = append(users, u)
		}
		text, err := yaml.Marshal(map[string]any{"users": users})
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, "users.yaml")
		write(t, path, string(text))
		f, err := userdir.OpenFile("file", path, new(events), fixed, passwords)
		if err != nil {
			t.Fatal(err)
		}
		return f
	})
}

func TestFileKeepsValuesAsTheyAreWritten(t *testing.T) {
	t.Parallel()
	f, _ := openFile(t, `
users:
  - id: 42
    username: ann
    groups: [staff, 7]
    attributes:
      birthdate: 1990-02-28
      number: "007"
      level: 3
      ratio: -0.5
      admin: true
      answer: yes
      df_access:
        - red:admin
        - blue:viewer
      address: {locality: Zürich, postal_code: "8001"}
      urn:oid:2.5.4.42: Ann
`, new(events))
	u, err := f.Lookup(t.Context(), userdir.Ref{ID: "42"})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]any{
		"birthdate": {"1990-02-28"}, "number": {"007"}, "level": {3.0}, "ratio": {-0.5}, "admin": {true}, "answer": {"yes"},
		"df_access": {"red:admin", "blue:viewer"}, "address": {map[string]any{"locality": "Zürich", "postal_code": "8001"}},
		"urn:oid:2.5.4.42": {"Ann"}, "username": {"ann"},
	}
	if got := fmt.Sprintf("%#v", map[string][]any(u.Attributes)); got != fmt.Sprintf("%#v", want) {
		t.Errorf("attributes = %s", got)
	}
	if fmt.Sprint(u.Groups) != "[staff 7]" {
		t.Errorf("groups = %v", u.Groups)
	}
}

func TestFileFaultsNameLineAndField(t *testing.T) {
	t.Parallel()
	user := "users:\n  - id: a\n    username: ann\n    "
	for name, c := range map[string]struct{ text, says string }{
		"nothing":                      {"", "is empty"},
		"only a comment":               {"# later\n", "is empty"},
		"a list at the top":            {"- a\n", "line 1: the file must be a mapping"},
		"no users":                     {"people: []\n", `line 1: the file has the unknown key "people"`},
		"users that are not a list":    {"users: ann\n", "users must be there and be a list"},
		"a tab":                        {"users:\n\t- id: a\n", "not valid YAML: line 2"},
		"two documents":                {"users: []\n---\nusers: []\n", "something after its first document"},
		"a user that is a text":        {"users:\n  - ann\n", "line 2: users[0] must be a mapping"},
		"no id":                        {"users:\n  - username: ann\n", "line 2: users[0].id is missing"},
		"an empty id":                  {"users:\n  - id: \"\"\n    username: ann\n", "line 2: users[0].id must have 1 to 256 bytes"},
		"no username":                  {"users:\n  - id: a\n", "users[0].username is missing"},
		"a control character":          {"users:\n  - id: a\n    username: \"a\\u0000\"\n", "line 3: users[0].username"},
		"an unknown key":               {user + "pasword_hash: x\n", `line 4: users[0] has the unknown key "pasword_hash"; known are id`},
		"a key twice":                  {user + "id: b\n", `line 4: users[0] has the key "id" twice`},
		"an attribute twice":           {user + "attributes:\n      x: 1\n      x: 2\n", `line 6: users[0].attributes has the key "x" twice`},
		"an id twice":                  {user + "\n  - id: a\n    username: bob\n", `line 5: users[1].id "a" is already`},
		"a username twice, other case": {user + "\n  - id: b\n    username: ANN\n", `line 6: users[1].username "ANN" is already`},
		"plain text as hash":           {user + "password_hash: my secret\n", "line 4: users[0].password_hash: The password hash is of no form"},
		"bcrypt":                       {user + "password_hash: $2a$10$abcdefghijklmnopqrstuv\n", "line 4: users[0].password_hash: The password hash is of no form"},
		"a hash that costs too much":   {user + "password_hash: " + strings.Replace(phcOf("x", 64, 1, 1), "m=64", "m=4194304", 1) + "\n", "within the limits"},
		"both kinds of hash":           {user + "password_hash: x\n    password_hash_file: y\n", "line 5: users[0] has password_hash and password_hash_file"},
		"a hash file that is missing":  {user + "password_hash_file: nowhere\n", "cannot be read: it is not there"},
		"disabled as a text":           {user + "disabled: \"yes\"\n", "line 4: users[0].disabled must be true or false"},
		"groups as a text":             {user + "groups: staff\n", "line 4: users[0].groups must be a list"},
		"true as a group":              {user + "groups: [true]\n", "users[0].groups must be text: put it in quotes"},
		"a number that would change":   {user + "attributes: {number: 007}\n", "users[0].attributes.number: the number 007 would not be kept"},
		"a number that is too long":    {user + "attributes: {number: 12345678901234567890}\n", "put it in quotes"},
		"trailing zeros":               {user + "attributes: {number: 1.50}\n", "put it in quotes"},
		"no number":                    {user + "attributes: {number: .nan}\n", "put it in quotes"},
		"an empty value":               {user + "attributes:\n      title:\n", "line 5: users[0].attributes.title has no value"},
		"a list in a list":             {user + "attributes: {x: [[1]]}\n", "users[0].attributes.x must be a single value"},
		"a list in a structure":        {user + "attributes: {x: {y: [1]}}\n", "users[0].attributes.x.y must be a single value"},
		"binary data":                  {user + "attributes: {x: !!binary AAAA}\n", "has a type that is not supported"},
		"an alias":                     {"users:\n  - &u\n    id: a\n    username: ann\n  - *u\n", "users[1] must be a mapping"},
		"an alias as value":            {user + "email: &e a@x.org\n    attributes: {x: *e}\n", "users[0].attributes.x is an alias"},
		"a merge key":                  {user + "<<: {disabled: false}\n", `unknown key "<<"`},
		"more than 4 MB":               {"users: [] #" + strings.Repeat("x", 4<<20), "it is too big"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "users.yaml")
			write(t, path, c.text)
			_, err := userdir.OpenFile("file", path, new(events), fixed, nil)
			var e *idp.Error
			if !errors.As(err, &e) || !strings.Contains(e.Public, c.says) || !strings.Contains(e.Public, path) {
				t.Fatalf("error = %v, want one that names the file and says %q", err, c.says)
			}
			if strings.Contains(e.Error(), "my secret") {
				t.Error("the error repeats a password")
			}
		})
	}
	t.Run("no file", func(t *testing.T) {
		_, err := userdir.OpenFile("file", "/nowhere/users.yaml", new(events), fixed, nil)
		var e *idp.Error
		if !errors.As(err, &e) || !strings.Contains(e.Public, "/nowhere/users.yaml cannot be read: it is not there") {
			t.Errorf("error = %v", err)
		}
	})
}

const (
	onlyAnn = "users:\n  - {id: a, username: ann}\n"
	onlyBob = "users:\n  - {id: b, username: bob}\n"
)

func TestFileFollowsChanges(t *testing.T) {
	t.Parallel()
	e := new(events)
	f, path := openFile(t, onlyAnn, e)
	if !knows(t, f, "ann") || knows(t, f, "bob") || e.names() != "" {
		t.Fatalf("at first: ann %v, bob %v, events %q", knows(t, f, "ann"), knows(t, f, "bob"), e.names())
	}
	write(t, path, onlyBob) // of the same size
	if knows(t, f, "ann") || !knows(t, f, "bob") {
		t.Error("the change was not seen")
	}
	knows(t, f, "bob")
	if e.names() != idp.EventDirectoryReload {
		t.Errorf("events = %q, want one reload", e.names())
	}
	if d := e.all[0].Detail; d["directory"] != "file" || d["users"] != "1" {
		t.Errorf("detail = %v", d)
	}
}

func TestFileLooksForChangesOnceASecond(t *testing.T) {
	t.Parallel()
	now := start
	path := filepath.Join(t.TempDir(), "users.yaml")
	write(t, path, onlyAnn)
	f, err := userdir.OpenFile("file", path, new(events), func() time.Time { return now }, nil)
	if err != nil {
		t.Fatal(err)
	}
	write(t, path, onlyBob)
	now = now.Add(time.Second - 1)
	if !knows(t, f, "ann") {
		t.Error("it looked before the second was over")
	}
	now = now.Add(1)
	if !knows(t, f, "bob") {
		t.Error("it did not look after a second")
	}
	write(t, path, onlyAnn)
	now = start // a clock that was set back must not stop the looking
	if !knows(t, f, "ann") {
		t.Error("it did not look after the clock went back")
	}
}

func TestABadNewFileLeavesTheOldOneInForce(t *testing.T) {
	t.Parallel()
	for name, bad := range map[string]func(t *testing.T, path string){
		"a fault in it":  func(t *testing.T, path string) { write(t, path, "users:\n  - {id: b, username: bob, x: 1}\n") },
		"cut off":        func(t *testing.T, path string) { write(t, path, "users:\n  - {id: b, userna") },
		"empty":          func(t *testing.T, path string) { write(t, path, "") },
		"it is deleted":  func(t *testing.T, path string) { remove(t, path) },
		"it is a folder": func(t *testing.T, path string) { remove(t, path); mkdir(t, path) },
	} {
		t.Run(name, func(t *testing.T) {
			e := new(events)
			f, path := openFile(t, onlyAnn, e)
			bad(t, path)
			for range 3 {
				if !knows(t, f, "ann") || knows(t, f, "bob") {
					t.Fatal("the old people are not in force")
				}
			}
			if e.names() != idp.EventDirectoryFault {
				t.Fatalf("events = %q, want one fault", e.names())
			}
			if d := e.all[0].Detail; d["fault"] == "" || d["directory"] != "file" || name == "a fault in it" && !strings.Contains(d["fault"], `line 2: users[0] has the unknown key "x"`) {
				t.Errorf("detail = %v", d)
			}
			os.RemoveAll(path)
			knows(t, f, "ann")
			write(t, path, onlyBob)
			if !knows(t, f, "bob") || !strings.HasSuffix(e.names(), idp.EventDirectoryReload) {
				t.Errorf("the mended file is not in force; events = %q", e.names())
			}
		})
	}
}

func remove(t *testing.T, path string) {
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
}

func mkdir(t *testing.T, path string) {
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
}

func TestAChangedHashFileChangesThePassword(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "users.yaml")
	secret := filepath.Join(filepath.Dir(path), "ann.hash")
	write(t, secret, hash(t, "first password"))
	write(t, path, "users:\n  - {id: a, username: ann, password_hash_file: ann.hash}\n")
	f, err := userdir.OpenFile("file", path, new(events), later(), nil)
	if err != nil {
		t.Fatal(err)
	}
	write(t, secret, hash(t, "second password"))
	for password, want := range map[string]error{"first password": userdir.ErrInvalidCredentials, "second password": nil} {
		if _, err := f.Authenticate(t.Context(), userdir.Credentials{Login: "ann", Password: idp.Secret(password)}); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", password, err, want)
		}
	}
}

func TestAReloadOutlivesTheRequestThatFoundIt(t *testing.T) {
	t.Parallel()
	f, path := openFile(t, onlyAnn, &events{})
	strict := &strictEvents{t: t}
	g, err := userdir.OpenFile("file", path, strict, later(), nil)
	if err != nil {
		t.Fatal(err)
	}
	write(t, path, onlyBob)
	ctx, cancel := context.WithCancel(t.Context())
	strict.before = cancel
	if _, err := g.Lookup(ctx, userdir.Ref{Login: "bob"}); err != nil || strict.count != 1 {
		t.Errorf("Lookup = %v, %d events", err, strict.count)
	}
	if !knows(t, f, "bob") {
		t.Error("another reader of the file does not follow")
	}
}

// strictEvents cancels the request's context and then refuses an ended one, as a store does.
type strictEvents struct {
	t      *testing.T
	before func()
	count  int
}

func (s *strictEvents) Record(ctx context.Context, _ idp.Event) error {
	s.before()
	s.count++
	if err := ctx.Err(); err != nil {
		s.t.Error(err)
	}
	return nil
}

func FuzzFile(f *testing.F) {
	for _, seed := range []string{onlyAnn, "users: []", "users:\n  - &u {id: a, username: b}\n  - *u", "users:\n - id: a\n   username: x\n   attributes: {a: {b: [c]}}\n", "%YAML 1.1\n---\nusers: !!set {a}"} {
		f.Add([]byte(seed))
	}
	path := filepath.Join(f.TempDir(), "users.yaml")
	f.Fuzz(func(t *testing.T, data []byte) {
		if bytes.Contains(data, []byte("password_hash_file")) {
			return // reads other files
		}
		write(t, path, string(data))
		dir, err := userdir.OpenFile("file", path, new(events), fixed, nil)
		var e *idp.Error
		if err != nil && !errors.As(err, &e) {
			t.Fatalf("not an *idp.Error: %v", err)
		}
		if err == nil {
			_, _ = dir.Lookup(t.Context(), userdir.Ref{Login: "ann"})
		}
	})
}

func TestFileIsReadWhileItChanges(t *testing.T) {
	t.Parallel()
	e := new(events)
	f, path := openFile(t, onlyAnn, e)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 50 {
				_, ann := f.Lookup(t.Context(), userdir.Ref{Login: "ann"})
				_, bob := f.Lookup(t.Context(), userdir.Ref{Login: "bob"})
				if ann != nil && !errors.Is(ann, userdir.ErrNotFound) || bob != nil && !errors.Is(bob, userdir.ErrNotFound) {
					t.Errorf("%v, %v", ann, bob)
				}
			}
		})
	}
	for i := range 10 {
		write(t, path, []string{onlyBob, onlyAnn}[i%2])
	}
	wg.Wait()
	write(t, path, onlyBob)
	if knows(t, f, "ann") || !knows(t, f, "bob") {
		t.Error("the last version is not in force")
	}
	if strings.Contains(e.names(), idp.EventDirectoryFault) {
		t.Errorf("events = %q: a file that is renamed into place is never half there", e.names())
	}
}
