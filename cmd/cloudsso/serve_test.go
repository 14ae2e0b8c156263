package main_test

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// get asks a running server.
func get(t *testing.T, url, token string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

func TestServeAndTheCommandsBesideIt(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	s := p.serve("--dev")
	if r := p.do("healthcheck", "--ops-listen", s.ops); r.out != "ready\n" {
		t.Error(r.out)
	}
	// Commands work on the same folder while the server runs.
	token := strings.TrimSpace(p.do("token", "create").out)
	p.do("user", "add", "ada")
	if code, body := get(t, s.url+"/api/v1/users", token); code != 200 || !strings.Contains(body, `"username":"ada"`) {
		t.Errorf("%d %s", code, body)
	}
	if code, body := get(t, s.url+"/api/v1/users", "wrong"); code != 401 || !strings.Contains(body, "support_code") {
		t.Errorf("%d %s", code, body)
	}
	if code, body := get(t, s.url+"/.well-known/openid-configuration", ""); code != 200 || !strings.Contains(body, `"issuer":"`+s.url+`"`) {
		t.Errorf("%d %s", code, body)
	}
	greeting := s.stop(t)
	if log := s.output.String(); !strings.Contains(log, "/api/v1/users") || strings.Contains(log, token) {
		t.Errorf("no line about the request, or the token, is in the log: %s", log)
	}
	if !strings.Contains(greeting, "cloudsso serves "+s.url) || !strings.Contains(greeting, "cloudsso token create --role owner --ttl 1h --data ./data\n") {
		t.Errorf("greeting %q", greeting)
	}
	if r := p.run("", "healthcheck", "--ops-listen", s.ops).want(1); r.err != "cloudsso: no server answers on "+s.ops+"\n" {
		t.Errorf("%q", r.err)
	}
	link := regexp.MustCompile(`(?m)^  (http\S+/admin/setup\?key=\S{43})$`).FindStringSubmatch(greeting)
	if link == nil {
		t.Fatalf("no set-up link in %q", greeting)
	}
	// Nobody has used it, and a user and a token are there by now.
	again := p.serve("--dev", "--listen", strings.TrimPrefix(s.url, "http://"))
	if code, body := get(t, link[1], ""); code != 200 || !strings.Contains(body, `name="password"`) {
		t.Errorf("the link: %d %s", code, body)
	}
	if greeting := again.stop(t); strings.Contains(greeting, "first start") {
		t.Errorf("the second start greets like the first: %q", greeting)
	}
}

// A first start that nobody followed up (the port was taken, the window was closed) must
// not be the only one that tells how to go on.
func TestEachStartOffersTheSetUpUntilItIsDone(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	var links []string
	for range 2 {
		link := regexp.MustCompile(`/admin/setup\?key=\S{43}`).FindString(p.serve("--dev").stop(t))
		if link == "" || slices.Contains(links, link) {
			t.Fatalf("link %q after %q", link, links)
		}
		links = append(links, link)
	}
	p.do("token", "create")
	if greeting := p.serve("--dev").stop(t); strings.Contains(greeting, "setup") {
		t.Errorf("greeting %q", greeting)
	}
}

func TestTheDemoStartsAndStartsAgain(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	for range 2 {
		s := p.serve("--demo")
		if code, body := get(t, s.url+"/", ""); code != 200 || !strings.Contains(body, "/demo/rp/login") {
			t.Errorf("%d %s", code, body)
		}
		token := strings.TrimSpace(p.do("token", "create", "--demo").out)
		for _, list := range []string{"clients", "service-providers"} {
			if code, body := get(t, s.url+"/api/v1/"+list, token); code != 200 || strings.Count(body, s.url+"/demo/") == 0 {
				t.Errorf("%s: %d %s", list, code, body)
			}
		}
		greeting := s.stop(t)
		if want := fmt.Sprintf("Open      %s\n  Sign in   as ada", s.url); !strings.Contains(greeting, want) {
			t.Errorf("greeting %q", greeting)
		}
	}
	users := filepath.Join(p.dir, "data/demo/demo-users.yaml")
	if b, err := os.ReadFile(users); err != nil || !strings.Contains(string(b), "username: ada") {
		t.Errorf("%s: %v", users, err)
	}
}

func TestServeRefusesWhatItCannotDo(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("file", "")
	p.write("people.yaml", "users:\n  - {id: a, username: a, colour: red}\n")
	p.write("c.yaml", "directories:\n  - {id: staff, kind: file, path: people.yaml}\n")
	busy := p.serve("--dev", "--data", "busy")
	for _, c := range []struct{ name, args, want string }{
		{"no issuer", "serve", "issuer: It is missing."},
		{"http in earnest", "serve --issuer http://sso.example.org", "--issuer: issuer: Expected https://."},
		{"dev in the open", "serve --dev --listen :0", "--listen: listen: With dev the server listens on loopback only."},
		{"a database of another kind", "serve --dev --store mysql://db", "--store: store: Expected a URL such as postgres://"},
		{"a data folder that is a file", "serve --dev --data file/x", "The data folder file/x cannot be made."},
		{"a broken directory", "serve --dev --config c.yaml", "colour"},
		{"a port that is taken", "serve --dev --listen " + strings.Replace(busy.url, "http://localhost", "127.0.0.1", 1), "address already in use"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := p.run("", strings.Fields(c.args)...).want(1)
			if !strings.Contains(r.err, c.want) || !strings.HasPrefix(r.err, "cloudsso: ") {
				t.Errorf("%q", r.err)
			}
		})
	}
	busy.stop(t)
}
