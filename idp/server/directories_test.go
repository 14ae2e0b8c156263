package server_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	goldap "github.com/go-ldap/ldap/v3"
	"golang.org/x/oauth2"

	"cloudsso/idp/config"
	"cloudsso/idp/idptest"
	"cloudsso/idp/memory"
	"cloudsso/idp/server"
	"cloudsso/keys"
	"cloudsso/userdir/httpdir/fakeimis"
	"cloudsso/userdir/ldap/slapdtest"
)

// elsewhere is a directory on another machine in which ada is.
type elsewhere struct {
	config config.Directory
	// end makes her disabled there, or gone.
	end func(t *testing.T)
	// builtIn says that it is the built-in directory: nothing to configure.
	builtIn func(t *testing.T, s *idptest.Server) (end func(t *testing.T))
}

const (
	base    = "dc=example,dc=com"
	adaDN   = "uid=ada,ou=people," + base
	service = "cn=service," + base
)

// inLDAP starts a slapd; whoever has the employee type "left" is disabled.
func inLDAP(t *testing.T) elsewhere {
	t.Helper()
	var l slapdtest.Entries
	l.Add(base, "objectClass: dcObject", "objectClass: organization", "o: Example", "dc: example")
	l.Add("ou=people,"+base, "objectClass: organizationalUnit", "ou: people")
	l.Add(service, "objectClass: organizationalRole", "objectClass: simpleSecurityObject", "cn: service", "userPassword: the service's")
	l.Add(adaDN, "objectClass: inetOrgPerson", "uid: ada", "cn: Ada Lovelace", "sn: Lovelace", "mail: ada@example.com", "userPassword: "+password)
	slapd, err := slapdtest.Start(slapdtest.Options{
		Dir: t.TempDir(), Base: base, Root: "root", LDIF: l.String(),
		Config: "access to attrs=userPassword by anonymous auth by * none\naccess to * by dn.exact=\"" + service + "\" read by * none",
	})
	if err != nil {
		t.Fatal("slapd is needed for this test (Debian package slapd): ", err)
	}
	t.Cleanup(slapd.Stop)
	return elsewhere{
		config: config.Directory{ID: "corp", Kind: config.KindLDAP, LDAP: &config.LDAP{
			URLs: []string{"ldaps://" + slapd.TLS}, CAFile: slapd.CA, BindDN: service, BindPassword: "the service's", BaseDN: "ou=people," + base,
			DisabledAttribute: "employeeType", DisabledValues: []string{"left"},
		}},
		end: func(t *testing.T) {
			t.Helper()
			trusted := x509.NewCertPool()
			pem, err := os.ReadFile(slapd.CA)
			if err != nil || !trusted.AppendCertsFromPEM(pem) {
				t.Fatal(err)
			}
			c, err := goldap.DialURL("ldaps://"+slapd.TLS, goldap.DialWithTLSConfig(&tls.Config{RootCAs: trusted, ServerName: "127.0.0.1"}))
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			change := goldap.NewModifyRequest(adaDN, nil)
			change.Replace("employeeType", []string{"left"})
			if err := c.Bind("cn=root,"+base, "root"); err != nil {
				t.Fatal(err)
			}
			if err := c.Modify(change); err != nil {
				t.Fatal(err)
			}
		},
	}
}

func inIMIS(t *testing.T) elsewhere {
	t.Helper()
	one := fakeimis.Person{ID: "1", UserName: "ada", Email: "ada@example.com", Password: password, Columns: map[string]any{"Off": false}}
	fake := fakeimis.New([]fakeimis.Person{one})
	front := httptest.NewServer(fake)
	t.Cleanup(front.Close)
	return elsewhere{
		config: config.Directory{ID: "members", Kind: config.KindIMIS, IMIS: &config.IMIS{
			BaseURL: front.URL, Username: fake.Username, Password: config.Secret(fake.Password),
			IDColumn: "ID", IDQuery: fakeimis.ByID, DisabledColumn: "Off",
		}},
		end: func(*testing.T) {
			one.Columns = map[string]any{"Off": true}
			fake.Change("1", &one)
		},
	}
}

// inHTTP is our own contract, kept by a few lines; the header proves that it is sent.
func inHTTP(t *testing.T) elsewhere {
	t.Helper()
	var gone atomic.Bool
	const person = `{"id":"1","login":"ada","email":"ada@example.com","attributes":{}}`
	mux := http.NewServeMux()
	mux.HandleFunc("POST /verify", func(w http.ResponseWriter, r *http.Request) {
		var asked struct{ Login, Password string }
		if err := json.NewDecoder(r.Body).Decode(&asked); err != nil || r.Header.Get("Authorization") != "Bearer token" || r.Header.Get("X-Api-Key") != "key" {
			w.WriteHeader(http.StatusInternalServerError)
		} else if gone.Load() || asked.Login != "ada" {
			w.WriteHeader(http.StatusNotFound)
		} else if asked.Password != password {
			w.WriteHeader(http.StatusUnauthorized)
		}
		fmt.Fprint(w, person)
	})
	mux.HandleFunc("GET /profile", func(w http.ResponseWriter, r *http.Request) {
		if gone.Load() || r.URL.Query().Get("id") != "1" {
			w.WriteHeader(http.StatusNotFound)
		}
		fmt.Fprint(w, person)
	})
	front := httptest.NewServer(mux)
	t.Cleanup(front.Close)
	return elsewhere{
		config: config.Directory{ID: "shop", Kind: config.KindHTTP, HTTP: &config.HTTP{
			VerifyURL: front.URL + "/verify", ProfileURL: front.URL + "/profile", Bearer: "token", Header: map[string]config.Secret{"X-Api-Key": "key"},
		}},
		end: func(*testing.T) { gone.Store(true) },
	}
}

// TestPeopleOfOtherDirectories: sign in by both protocols; whoever is disabled there,
// or no longer there, loses access with the next call, whatever a guard remembers.
func TestPeopleOfOtherDirectories(t *testing.T) {
	t.Parallel()
	for name, start := range map[string]func(*testing.T) elsewhere{
		"LDAP": inLDAP, "iMIS": inIMIS, "HTTP": inHTTP, "built-in": inBuiltIn, "YAML": inYAML, "CSV": inCSV, "PostgreSQL": inPostgreSQL, "MariaDB": inMariaDB, "SQLite": inSQLite,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := start(t)
			s := idptest.New(t, idptest.Options{SQL: openSQL, Config: func(c *config.Config) {
				if dir.builtIn == nil {
					c.Directories = append(c.Directories, dir.config)
				}
			}})
			if dir.builtIn != nil {
				dir.end = dir.builtIn(t, s)
			}
			rp, sp, b := newRelyingParty(t, s), newServiceProvider(t, s), idptest.NewBrowser(t)

			page, verifier := rp.start(b)
			if page = signIn(page, "ada", "wrong horse"); !page.Has("login-submit") {
				t.Fatalf("a wrong password led to %s (%d)", page.URL, page.Status)
			}
			arrived(t, signIn(page, "ada", password).FormWith("consent").Submit("consent-allow"), "arrived")
			token := rp.finish(t, verifier)
			rp.subject(t, token)
			arrived(t, b.Open(sp.front.URL+"/wiki").Form(0).Submit(""), "ada@example.com")

			refresh := func() (*oauth2.Token, error) {
				token.Expiry = s.Clock.Now().Add(-1)
				return rp.config.TokenSource(t.Context(), token).Token()
			}
			var err error
			if token, err = refresh(); err != nil {
				t.Fatalf("a person in good standing: %v", err)
			}

			// By SAML alone, in a browser that has no session.
			page = signIn(idptest.NewBrowser(t).Open(sp.front.URL+"/wiki"), "ada", password)
			arrived(t, page.Form(0).Submit(""), "ada@example.com")

			dir.end(t)
			s.Clock.Advance(2 * time.Second) // files are looked at once a second
			if _, err := rp.provider.UserInfo(t.Context(), oauth2.StaticTokenSource(token)); err == nil {
				t.Error("userinfo still answers")
			}
			if _, err := refresh(); err == nil || !strings.Contains(err.Error(), "invalid_grant") {
				t.Errorf("refresh answers %v", err)
			}
			if page, _ = rp.start(b); !page.Has("login-submit") {
				t.Errorf("the session still signs in: %s", page.URL)
			}
			page = signIn(idptest.NewBrowser(t).Open(sp.front.URL+"/wiki"), "ada", password)
			if !page.Has("login-submit") || page.Status == http.StatusOK {
				t.Errorf("signing in again leads to %s (%d): %s", page.URL, page.Status, page.Text())
			}
		})
	}
}

// TestADirectoryThatIsDownStopsNobodyElse: the server starts without it, built-in users
// sign in, and each question is counted once.
func TestADirectoryThatIsDownStopsNobodyElse(t *testing.T) {
	t.Parallel()
	down := config.Directory{ID: "corp", Kind: config.KindLDAP, Domains: []string{"corp.example"},
		LDAP: &config.LDAP{URLs: []string{"ldap://" + slapdtest.FreePort()}, BaseDN: base}, Guard: &config.Guard{Failures: 1}}
	s := idptest.New(t, idptest.Options{Config: func(c *config.Config) { c.Directories = append(c.Directories, down) }})
	s.AddUser(t, ada)
	rp, b := newRelyingParty(t, s), idptest.NewBrowser(t)
	page, _ := rp.start(b)
	for range 2 { // the second time nobody is asked
		if page = signIn(page, "bob@corp.example", password); page.Status != http.StatusServiceUnavailable {
			t.Fatalf("the page is %d: %s", page.Status, page.Text())
		}
		page, _ = rp.start(b)
	}
	arrived(t, signIn(page, "ada", password).FormWith("consent").Submit("consent-allow"), "arrived")

	w := httptest.NewRecorder()
	s.Product.OpsHandler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
	for _, want := range []string{
		`{directory="corp",operation="authenticate",result="unavailable"} 1`, `{directory="corp",operation="authenticate",result="open"} 1`,
		`{directory="corp",operation="circuit",result="open"} 1`, `{directory="local",operation="authenticate",result="ok"} 1`,
	} {
		if !strings.Contains(w.Body.String(), "cloudsso_directory_duration_seconds_count"+want) {
			t.Errorf("no %s in the metrics", want)
		}
	}
}

// TestWhatOnlyADirectoryCanCheckNamesItsKey: a fault that the configuration's own rules
// do not see ends the start, with the key of the file.
func TestWhatOnlyADirectoryCanCheckNamesItsKey(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		directory config.Directory
		want      string
	}{
		"a filter that is none": {config.Directory{ID: "corp", Kind: config.KindLDAP, LDAP: &config.LDAP{URLs: []string{"ldaps://h"}, BaseDN: base, UserFilter: "(uid="}}, "directory corp: ldap.user_filter: "},
		"a path without slash":  {config.Directory{ID: "m", Kind: config.KindIMIS, IMIS: &config.IMIS{BaseURL: "https://h", Username: "u", Password: "p", QueryPath: "api"}}, "directory m: imis.query_path: "},
		"clear text":            {config.Directory{ID: "h", Kind: config.KindHTTP, HTTP: &config.HTTP{VerifyURL: "http://h", ProfileURL: "https://h"}}, "directory h: http.verify_url: "},
		"nothing but a kind":    {config.Directory{ID: "h", Kind: config.KindHTTP}, `directory h: unknown kind "http", or nothing said about it`},
		"no file":               {config.Directory{ID: "f", Kind: config.KindFile, Path: filepath.Join(t.TempDir(), "none")}, "directory f: "},
	} {
		kek, err := keys.LoadKEK(t.TempDir(), func(string) string { return "" })
		if err != nil {
			t.Fatal(err)
		}
		store := memory.New((&idptest.Clock{}).Now)
		_, err = server.New(t.Context(), server.Options{Config: config.Config{Issuer: "https://sso.example.org", Directories: []config.Directory{c.directory}}, Records: store, Flows: store, KEK: kek})
		if err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
}
