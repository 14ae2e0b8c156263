package server_test

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cloudsso/api"
	"cloudsso/idp"
	"cloudsso/idp/config"
	"cloudsso/idp/idptest"
	"cloudsso/idp/storetest/pgtest"
	"cloudsso/userdir"
	"cloudsso/userdir/httpdir/fakeimis"
	"cloudsso/userdir/sqldir/drivers"
	"cloudsso/userdir/sqldir/mariadbtest"
)

func openSQL(address string, pool int) (*sql.DB, error) {
	return drivers.Open(address, drivers.Options{Pool: pool})
}

func adasHash(t *testing.T) string {
	t.Helper()
	h, err := userdir.HashPassword(password)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func inBuiltIn(*testing.T) elsewhere {
	return elsewhere{builtIn: func(t *testing.T, s *idptest.Server) func(*testing.T) {
		u := s.AddUser(t, ada)
		return func(t *testing.T) {
			t.Helper()
			if _, err := s.Owner.PatchUser(t.Context(), u.ID, json.RawMessage(`{"disabled": true}`), ""); err != nil {
				t.Fatal(err)
			}
		}
	}}
}

// inFile writes a file in which she is enabled, and later one in which she is not.
func inFile(t *testing.T, name, format string) elsewhere {
	t.Helper()
	path, hash := filepath.Join(t.TempDir(), name), adasHash(t)
	write := func(t *testing.T, disabled bool) {
		t.Helper()
		if err := os.WriteFile(path+".new", fmt.Appendf(nil, format, hash, disabled), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(path+".new", path); err != nil {
			t.Fatal(err)
		}
	}
	write(t, false)
	return elsewhere{config: config.Directory{ID: "file", Kind: config.KindFile, Path: path}, end: func(t *testing.T) { t.Helper(); write(t, true) }}
}

func inYAML(t *testing.T) elsewhere {
	t.Helper()
	return inFile(t, "users.yaml", "users: [{id: '1', username: ada, email: ada@example.com, password_hash: '%s', disabled: %v}]\n")
}

func inCSV(t *testing.T) elsewhere {
	t.Helper()
	return inFile(t, "users.csv", "id,username,email,password_hash,disabled\n1,ada,ada@example.com,\"%s\",%v\n")
}

// inSQL makes a table of people at an address.
func inSQL(t *testing.T, address string, write *sql.DB) elsewhere {
	t.Helper()
	t.Cleanup(func() { write.Close() })
	write.SetMaxOpenConns(1)
	exec := func(t *testing.T, q string) {
		t.Helper()
		if _, err := write.Exec(q); err != nil {
			t.Fatalf("%s: %v", q, err)
		}
	}
	if strings.HasPrefix(address, "postgres") {
		exec(t, "SET default_transaction_read_only = off")
	}
	exec(t, "CREATE TABLE people (id INT, login VARCHAR(50), mail VARCHAR(50), secret VARCHAR(200), state VARCHAR(10))")
	exec(t, "INSERT INTO people VALUES (7, 'ada', 'ada@example.com', '"+adasHash(t)+"', 'here')")
	return elsewhere{
		config: config.Directory{ID: "people", Kind: config.KindSQL, SQL: &config.SQL{
			URL: config.Secret(address), AuthQuery: "SELECT secret FROM people WHERE login = :login",
			ProfileQuery: "SELECT id, login AS username, mail AS email, state FROM people WHERE login = :login", IDColumn: "id",
			IDQuery: "SELECT login AS username FROM people WHERE id = :id", DisabledColumn: "state", DisabledValues: []string{"left"},
		}},
		end: func(t *testing.T) { t.Helper(); exec(t, "UPDATE people SET state = 'left'") },
	}
}

func inPostgreSQL(t *testing.T) elsewhere {
	t.Helper()
	s, err := pgtest.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	address := s.Database(t)
	write, err := openSQL(address, 1)
	if err != nil {
		t.Fatal(err)
	}
	return inSQL(t, address, write)
}

func inMariaDB(t *testing.T) elsewhere {
	t.Helper()
	s, err := mariadbtest.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	system, err := openSQL(s.URL("mysql"), 1)
	if err == nil {
		_, err = system.Exec("CREATE DATABASE people")
	}
	if err != nil {
		t.Fatal(err)
	}
	system.Close()
	write, err := openSQL(s.URL("people"), 1)
	if err != nil {
		t.Fatal(err)
	}
	return inSQL(t, s.URL("people"), write)
}

func inSQLite(t *testing.T) elsewhere {
	t.Helper()
	path := filepath.Join(t.TempDir(), "people.db")
	write, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	return inSQL(t, "sqlite://"+path, write)
}

func metricsOf(t *testing.T, s *idptest.Server, path string) (int, string) {
	t.Helper()
	w := httptest.NewRecorder()
	s.Product.OpsHandler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
	return w.Code, w.Body.String()
}

func named(t *testing.T, s *idptest.Server, name string) (out []idp.Event) {
	t.Helper()
	out, err := s.Records.Events(t.Context(), idp.EventFilter{Name: name}, idp.Page{Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestWhatADirectoryThatIsDownCosts: people are told to try again, nothing is locked, no
// refresh token is burnt, the server stays ready, and the log and the Events say which
// directory it is.
func TestWhatADirectoryThatIsDownCosts(t *testing.T) {
	t.Parallel()
	fake := fakeimis.New([]fakeimis.Person{{ID: "1", UserName: "ada", Email: "ada@example.com", Password: password}})
	front := httptest.NewServer(fake)
	t.Cleanup(front.Close)
	s := idptest.New(t, idptest.Options{Config: func(c *config.Config) {
		c.Limits.Enabled = true
		c.Directories = append(c.Directories, config.Directory{
			ID: "members", Kind: config.KindIMIS, Guard: &config.Guard{Failures: 3, Cooldown: config.Duration(10e9)},
			IMIS: &config.IMIS{BaseURL: front.URL, Username: fake.Username, Password: config.Secret(fake.Password), IDColumn: "ID", IDQuery: fakeimis.ByID},
		})
	}})
	rp, b := newRelyingParty(t, s), idptest.NewBrowser(t)
	page, verifier := rp.start(b)
	arrived(t, signIn(page, "ada", password).FormWith("consent").Submit("consent-allow"), "arrived")
	token := rp.finish(t, verifier)

	// What only shows a name is answered from memory.
	if page := b.Open(s.Issuer + "/logout"); !strings.Contains(page.Text(), "ada") {
		t.Errorf("the page for signing out: %s", page.Text())
	}
	if _, metrics := metricsOf(t, s, "/metrics"); !strings.Contains(metrics, `{directory="members",operation="cache",result="hit"} 1`) {
		t.Error("nothing was remembered")
	}

	fake.Behave(fakeimis.Behaviour{Status: http.StatusBadGateway})
	token.Expiry = s.Clock.Now().Add(-1)
	if _, err := rp.config.TokenSource(t.Context(), token).Token(); err == nil || strings.Contains(err.Error(), "invalid_grant") {
		t.Errorf("a refresh while it is down: %v", err)
	}
	other := idptest.NewBrowser(t)
	for range 8 { // more often than a wrong password would be allowed
		page, _ = rp.start(other)
		if page = signIn(page, "ada", password); page.Status != http.StatusServiceUnavailable || !strings.Contains(page.Text(), "try again in a minute") {
			t.Fatalf("a sign-in while it is down: %d %s", page.Status, page.Text())
		}
	}
	if code, body := metricsOf(t, s, "/readyz"); code != http.StatusOK {
		t.Errorf("/readyz says %d %s", code, body)
	}
	if l := named(t, s, idp.EventLoginFailure); len(l) != 8 || l[0].Detail["directory"] != "members" || l[0].Detail["reason"] != "directory_unavailable" {
		t.Errorf("login failures: %+v", l)
	}
	if l := named(t, s, idp.EventDirectoryDown); len(l) != 1 || l[0].Detail["directory"] != "members" {
		t.Errorf("directory.down: %+v", l)
	}
	if log := s.Log.String(); !strings.Contains(log, "directory members: ") || strings.Contains(log, password) {
		t.Error("the log does not say which directory, or says too much")
	}

	fake.Behave(fakeimis.Behaviour{})
	s.Clock.Advance(11e9)
	token.Expiry = s.Clock.Now().Add(-1)
	if _, err := rp.config.TokenSource(t.Context(), token).Token(); err != nil {
		t.Errorf("the refresh token was burnt: %v", err)
	}
	page, _ = rp.start(other)
	arrived(t, signIn(page, "ada", password), "arrived")
	if l := named(t, s, idp.EventDirectoryUp); len(l) != 1 {
		t.Errorf("directory.up: %+v", l)
	}
}

// TestAQueryOfOneApplication: its attributes come from the query that it names, by both
// protocols, and the admin can see its columns before.
func TestAQueryOfOneApplication(t *testing.T) {
	t.Parallel()
	fake := fakeimis.New([]fakeimis.Person{{ID: "1", UserName: "ada", Email: "ada@example.com", Password: password, Columns: map[string]any{"Balance": 12.5, "Nick": "countess"}}})
	fake.Query("$/SSO/Wiki", "Nick")
	front := httptest.NewServer(fake)
	t.Cleanup(front.Close)
	s := idptest.New(t, idptest.Options{Config: func(c *config.Config) {
		c.Directories = append(c.Directories, config.Directory{ID: "members", Kind: config.KindIMIS, IMIS: &config.IMIS{BaseURL: front.URL, Username: fake.Username, Password: config.Secret(fake.Password), IDColumn: "ID", IDQuery: fakeimis.ByID}})
	}})
	l, err := s.Owner.Validate(t.Context(), "members", api.Validation{Query: "$/SSO/Wiki", User: "ada"})
	if err != nil || len(l.Items) != 4 || l.Items[2].Name != "Nick" || l.Items[2].Sample[0] != "countess" {
		t.Errorf("columns: %+v, %v", l, err)
	}
	rp, sp, b := newRelyingParty(t, s), newServiceProvider(t, s), idptest.NewBrowser(t)
	if _, err := s.Owner.PatchClient(t.Context(), rp.config.ClientID, json.RawMessage(`{"profile_query": "$/SSO/Wiki", "claims_mapping": [{"name": "nick", "from": "Nick"}, {"name": "balance", "from": "Balance"}]}`), ""); err != nil {
		t.Fatal(err)
	}
	page, verifier := rp.start(b)
	arrived(t, signIn(page, "ada", password).FormWith("consent").Submit("consent-allow"), "arrived")
	info, err := rp.provider.UserInfo(t.Context(), rp.config.TokenSource(t.Context(), rp.finish(t, verifier)))
	var claims map[string]any
	if err == nil {
		err = info.Claims(&claims)
	}
	if err != nil || claims["nick"] != "countess" || claims["balance"] != nil {
		t.Errorf("userinfo: %v, %v", claims, err)
	}
	// An application without a query gets the directory's own.
	arrived(t, b.Open(sp.front.URL+"/wiki").Form(0).Submit(""), "ada@example.com")
}
