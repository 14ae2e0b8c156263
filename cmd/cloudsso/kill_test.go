package main_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"cloudsso/idp/idptest"
)

// ledger is what a server acknowledged before it was killed.
type ledger struct {
	mu        sync.Mutex
	users     []string
	codes     []string        // handed out, never presented
	presented map[string]bool // presented; true: the answer arrived
	refresh   []string        // the newest of each family whose answer arrived
}

func (l *ledger) note(f func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f()
}

// visitor signs in again and again with one session, as applications make browsers do.
type visitor struct {
	base, client, secret, token, session, redirect string
	http                                           *http.Client
}

const killRedirect = "https://app.example.com/callback"

// code asks for a code with the session; "" if the server is gone.
func (v *visitor) code() string {
	q := url.Values{"response_type": {"code"}, "client_id": {v.client}, "redirect_uri": {v.redirect}, "scope": {"openid offline_access"}, "prompt": {"none"}}
	req, err := http.NewRequest(http.MethodGet, v.base+"/oauth2/authorize?"+q.Encode(), nil)
	if err != nil {
		return ""
	}
	req.AddCookie(&http.Cookie{Name: "cloudsso-session", Value: v.session})
	resp, err := v.http.Do(req)
	if err != nil {
		return ""
	}
	resp.Body.Close()
	to, err := resp.Location()
	if err != nil {
		return ""
	}
	return to.Query().Get("code")
}

// ask asks the token endpoint. status 0: no answer arrived.
func (v *visitor) ask(form url.Values) (status int, answer tokenAnswer) {
	req, err := http.NewRequest(http.MethodPost, v.base+"/oauth2/token", strings.NewReader(form.Encode()))
	if err != nil {
		return 0, answer
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth(v.client, v.secret)
	resp, err := v.http.Do(req)
	if err != nil {
		return 0, answer
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || json.Unmarshal(body, &answer) != nil {
		return 0, answer
	}
	return resp.StatusCode, answer
}

func (v *visitor) redeem(code string) (int, string, string) {
	status, answer := v.ask(url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {v.redirect}})
	return status, answer.Refresh, answer.Error
}

func (v *visitor) renew(refresh string) (int, string, string) {
	status, answer := v.ask(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refresh}})
	return status, answer.Refresh, answer.Error
}

func (v *visitor) createUser(name string) (id string) {
	var answer struct {
		ID string `json:"id"`
	}
	if v.call(http.MethodPost, "/api/v1/users", fmt.Sprintf(`{"username":%q}`, name), &answer) != http.StatusCreated {
		return ""
	}
	return answer.ID
}

// run works until the server is gone, and notes only what was acknowledged.
func (v *visitor) run(l *ledger, name string) {
	for i := 0; ; i++ {
		kept, code := v.code(), v.code()
		if code == "" || kept == "" {
			return
		}
		l.note(func() { l.codes = append(l.codes, kept); l.presented[code] = false })
		status, refresh, _ := v.redeem(code)
		if status != http.StatusOK {
			return
		}
		slot := 0
		l.note(func() { l.presented[code] = true; slot = len(l.refresh); l.refresh = append(l.refresh, refresh) })
		if status, refresh, _ = v.renew(refresh); status != http.StatusOK {
			return
		}
		l.note(func() { l.refresh[slot] = refresh })
		id := v.createUser(fmt.Sprintf("%s-%d", name, i))
		if id == "" {
			return
		}
		l.note(func() { l.users = append(l.users, id) })
	}
}

// TestKillLosesNothingAcknowledged kills the server with SIGKILL in the middle of
// sign-ins and starts it again: no acknowledged code, token, user or session is lost,
// and no code can be redeemed twice.
func TestKillLosesNothingAcknowledged(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	client := decode[struct {
		ID     string `json:"client_id"`
		Secret string `json:"client_secret"`
	}](p.run(`{"client_name":"App","redirect_uris":["`+killRedirect+`"],"grant_types":["authorization_code","refresh_token"],"require_pkce":false,"first_party":true}`,
		"client", "add", "--json", "--file", "-").want(0))
	p.run("correct horse battery\n", "user", "add", "ada", "--password-stdin").want(0)
	token := strings.TrimSpace(p.do("token", "create").out)
	port := freePort(t)
	at := []string{"--dev", "--listen", net.JoinHostPort("127.0.0.1", port), "--issuer", "http://localhost:" + port}
	v := &visitor{base: "http://localhost:" + port, client: client.ID, secret: client.Secret, token: token, redirect: killRedirect, http: &http.Client{
		Timeout:       10 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	s := p.serve(at...)
	b := idptest.NewBrowser(t)
	b.Open(v.base+"/login").FormWith("password").Set("username", "ada").Set("password", "correct horse battery").Submit("login-submit")
	if v.session = b.Cookie(v.base, "cloudsso-session"); v.session == "" {
		t.Fatal("ada could not sign in")
	}
	for round := range 3 {
		l := &ledger{presented: map[string]bool{}}
		var workers sync.WaitGroup
		for w := range 4 {
			workers.Go(func() { v.run(l, fmt.Sprintf("user-%d-%d", round, w)) })
		}
		time.Sleep(time.Second)
		if err := s.cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		s.cmd.Wait()
		workers.Wait()
		v.http.CloseIdleConnections()
		s = p.serve(at...)
		v.check(t, l)
	}
	s.stop(t)
}

func (v *visitor) check(t *testing.T, l *ledger) {
	t.Helper()
	t.Logf("acknowledged: %d users, %d codes, %d exchanges, %d refresh families", len(l.users), len(l.codes), len(l.presented), len(l.refresh))
	if len(l.codes) == 0 || len(l.users) == 0 || len(l.refresh) == 0 {
		t.Fatal("nothing happened before the kill")
	}
	for _, id := range l.users {
		if status, body := get(t, v.base+"/api/v1/users/"+id, v.token); status != http.StatusOK {
			t.Errorf("user %s is lost: %d %s", id, status, body)
		}
	}
	for _, refresh := range l.refresh {
		if status, _, fault := v.renew(refresh); status != http.StatusOK {
			t.Errorf("an acknowledged refresh token is lost: %d %s", status, fault)
		}
	}
	for _, code := range l.codes {
		if status, _, fault := v.redeem(code); status != http.StatusOK {
			t.Errorf("an acknowledged code is lost: %d %s", status, fault)
		}
		if status, _, fault := v.redeem(code); status != http.StatusBadRequest || fault != "invalid_grant" {
			t.Errorf("a code was redeemed twice: %d %s", status, fault)
		}
	}
	for code, answered := range l.presented {
		first, _, _ := v.redeem(code)
		second, _, _ := v.redeem(code)
		if answered && first == http.StatusOK || second == http.StatusOK {
			t.Errorf("a code from before the kill was redeemed twice (answered: %v)", answered)
		}
	}
	if v.code() == "" {
		t.Error("the session is lost")
	}
}
