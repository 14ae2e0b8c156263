package httpdir_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"cloudsso/idp"
	"cloudsso/userdir"
	"cloudsso/userdir/httpdir"
	"cloudsso/userdir/httpdir/fakeimis"
	"cloudsso/userdir/userdirtest"
)

// imisPeople puts the people of the suite into an iMIS.
func imisPeople(people []userdirtest.Person) (out []fakeimis.Person) {
	for _, p := range people {
		columns := map[string]any{"IsDisabled": p.Disabled, "Committees": strings.Join(p.Groups, ", ")}
		for name, values := range p.Attributes {
			columns[name] = values[0]
			if len(values) > 1 {
				columns[name] = map[string]any{"$type": "System.String[]", "$values": values}
			}
		}
		out = append(out, fakeimis.Person{ID: p.ID, UserName: p.Username, Email: p.Email, Password: p.Password, Columns: columns})
	}
	return out
}

func serve(t testing.TB, h http.Handler) (base string, client *http.Client) {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL, s.Client()
}

func openIMIS(t testing.TB, server http.Handler, change func(*httpdir.IMISOptions)) *httpdir.IMIS {
	t.Helper()
	base, client := serve(t, server)
	o := httpdir.IMISOptions{
		ID: "imis", BaseURL: base + "/", Client: client, Username: "manager", Password: "secret", IDColumn: "ID", IDQuery: fakeimis.ByID,
		GroupsColumn: "Committees", DisabledColumn: "IsDisabled",
	}
	if change != nil {
		change(&o)
	}
	d, err := httpdir.OpenIMIS(o)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestSuiteIMIS(t *testing.T) {
	for _, path := range []string{"/api/query", "/api/iqa"} {
		t.Run(path, func(t *testing.T) {
			userdirtest.Run(t, func(t *testing.T, people []userdirtest.Person, passwords *userdir.Passwords) userdir.Directory {
				return openIMIS(t, fakeimis.New(imisPeople(people)), func(o *httpdir.IMISOptions) { o.Passwords, o.QueryPath = passwords, path })
			})
		})
	}
}

// contract is somebody's server that keeps the contract of Open.
type contract struct{ people []userdirtest.Person }

func (c contract) find(login string) (found []userdirtest.Person) {
	if i := slices.IndexFunc(c.people, func(p userdirtest.Person) bool { return strings.EqualFold(p.Username, login) }); i >= 0 {
		return c.people[i : i+1]
	}
	for _, p := range c.people {
		if strings.EqualFold(p.Email, login) {
			found = append(found, p)
		}
	}
	return found
}

func (c contract) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != "Bearer api-token" || r.Header.Get("X-Tenant") != "7" {
		w.WriteHeader(http.StatusProxyAuthRequired)
		return
	}
	switch r.Method + " " + r.URL.Path {
	case "POST /verify":
		var in struct{ Login, Password string }
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		found := c.find(in.Login)
		switch {
		case len(found) == 0:
			w.WriteHeader(http.StatusNotFound)
		case len(found) > 1 || found[0].Password == "" || found[0].Password != in.Password:
			w.WriteHeader(http.StatusUnauthorized)
		case found[0].Disabled:
			w.WriteHeader(http.StatusForbidden)
			_, _ = w.Write([]byte(`{"status":"disabled"}`))
		default:
			_ = json.NewEncoder(w).Encode(map[string]string{"id": found[0].ID, "login": found[0].Username})
		}
	case "GET /profile":
		q := r.URL.Query()
		found := c.find(q.Get("login"))
		if q.Get("id") != "" {
			found = nil
			if i := slices.IndexFunc(c.people, func(p userdirtest.Person) bool { return p.ID == q.Get("id") }); i >= 0 {
				found = c.people[i : i+1]
			}
		}
		if len(found) != 1 || q.Get("v") != "2" {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		p := found[0]
		status := map[bool]idp.Status{false: idp.Active, true: idp.Disabled}[p.Disabled]
		_ = json.NewEncoder(w).Encode(map[string]any{"id": p.ID, "login": p.Username, "email": p.Email, "status": status, "groups": p.Groups, "attributes": p.Attributes})
	}
}

func openHTTP(t testing.TB, server http.Handler, change func(*httpdir.Options)) *httpdir.Directory {
	t.Helper()
	base, client := serve(t, server)
	client.Timeout = 5 * time.Second
	o := httpdir.Options{ID: "http", VerifyURL: base + "/verify", ProfileURL: base + "/profile?v=2", Bearer: "api-token", Header: map[string]string{"X-Tenant": "7"}, Client: client}
	if change != nil {
		change(&o)
	}
	d, err := httpdir.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestSuiteHTTP(t *testing.T) {
	userdirtest.Run(t, func(t *testing.T, people []userdirtest.Person, passwords *userdir.Passwords) userdir.Directory {
		return openHTTP(t, contract{people}, func(o *httpdir.Options) { o.Passwords = passwords })
	})
}
