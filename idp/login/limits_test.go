package login_test

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"cloudsso/idp"
	"cloudsso/idp/idptest"
	"cloudsso/idp/login"
)

// wrong sends n wrong passwords and returns the last page.
func (h *house) wrong(b *idptest.Browser, name string, n int) *idptest.Page {
	h.t.Helper()
	p := b.Open(h.url + "/login?account=another")
	for i := range n {
		p = try(p, name, fmt.Sprint("wrong", i))
	}
	return p
}

func TestGuessesAtOneAccount(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := h.browser()
	h.later(20 * time.Second)
	p := h.wrong(b, "ada", 6)
	shows(t, p, 403, "not right")
	h.events.names()
	p = h.signIn(p, "Ada ")
	shows(t, p, 429, "Too many tries. Please wait 40 seconds")
	if p.Header.Get("Retry-After") != "40" || h.people.tries() != 6 || h.events.names() != "login.blocked:minute" {
		t.Errorf("Retry-After %q after %d tries", p.Header.Get("Retry-After"), h.people.tries())
	}
	shows(t, h.signIn(p, "ada"), 429, "Too many tries")
	if got := h.events.names(); got != "" {
		t.Errorf("each refused try is in the audit log: %q", got)
	}
	t.Run("other people at the same address are not held up", func(t *testing.T) {
		shows(t, h.signIn(h.browser().Open(h.url+"/login"), "grace"), 200, "You are signed in")
	})
	t.Run("the person at another address is not held up", func(t *testing.T) {
		h.from("198.51.100.7")
		shows(t, h.signIn(h.browser().Open(h.url+"/login"), "ada"), 200, "You are signed in")
		h.from("192.0.2.10")
	})
	t.Run("unknown names are held up the same way", func(t *testing.T) {
		shows(t, h.wrong(h.browser(), "nobody", 7), 429, "Too many tries. Please wait 40 seconds")
	})
	t.Run("the block ends when it said", func(t *testing.T) {
		h.later(40 * time.Second)
		shows(t, h.signIn(p, "ada"), 200, "You are signed in")
	})
}

func TestTheWaitGrows(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := h.browser()
	for range 5 {
		shows(t, h.wrong(b, "ada", 6), 403, "not right")
		h.later(time.Minute)
	}
	p := h.wrong(b, "ada", 1)
	shows(t, p, 429, "Please wait 55 minutes")
	h.later(55 * time.Minute)
	shows(t, h.signIn(p, "ada"), 200, "You are signed in")
}

func TestASuccessClearsTheCount(t *testing.T) {
	t.Parallel()
	h := open(t)
	for range 4 {
		b := h.browser()
		p := h.wrong(b, "ada", 5)
		shows(t, h.signIn(p, "ada"), 200, "You are signed in")
	}
	t.Run("and signing in often is no guessing", func(t *testing.T) {
		for range 70 {
			shows(t, h.signIn(h.browser().Open(h.url+"/login"), "ada"), 200, "You are signed in")
		}
	})
}

func TestABurstGetsNoFurtherThanARow(t *testing.T) {
	t.Parallel()
	h := open(t)
	var wg sync.WaitGroup
	for range 20 {
		p := h.browser().Open(h.url + "/login")
		wg.Go(func() { try(p, "ada", "wrong") })
	}
	wg.Wait()
	if got := h.people.tries(); got != 6 {
		t.Errorf("%d guesses at once were tried, want 6", got)
	}
}

func TestStrangersCannotLockSomebodyOut(t *testing.T) {
	t.Parallel()
	h := open(t)
	ada := h.browser()
	h.signIn(ada.Open(h.url+"/login"), "ada")
	ada.Close()
	for i := range 12 { // from many networks, a few guesses each
		h.from(fmt.Sprintf("203.0.%d.9", i))
		h.wrong(h.browser(), "ada", 6)
	}
	h.from("192.0.2.10")
	shows(t, h.signIn(h.browser().Open(h.url+"/login"), "ada"), 429, "Too many tries. Please wait 60 minutes")
	shows(t, h.signIn(ada.Open(h.url+"/login"), "ada"), 200, "You are signed in")
	t.Run("a known device is bounded too", func(t *testing.T) {
		shows(t, h.wrong(ada, "ada", 7), 429, "Too many tries")
	})
	t.Run("its mark works for its account only", func(t *testing.T) {
		thief := h.browser()
		thief.SetCookie(h.url, cookie("cloudsso-device", ada.Cookie(h.url, "cloudsso-device")))
		for i := range 12 {
			h.from(fmt.Sprintf("203.0.%d.9", 100+i))
			h.wrong(h.browser(), "grace", 6)
		}
		shows(t, h.signIn(thief.Open(h.url+"/login"), "grace"), 429, "Too many tries")
	})
}

func TestDeviceMarks(t *testing.T) {
	t.Parallel()
	h := open(t)
	for i := range 7 {
		name := fmt.Sprint("user", i)
		h.people.change(name, func(p *idp.Person) { *p = idp.Person{Subject: "s-" + name, Login: name, Status: idp.Active} })
	}
	b := h.browser()
	marks := func() []string { return strings.Split(b.Cookie(h.url, "cloudsso-device"), ".") }
	for i := range 7 {
		h.signIn(b.Open(h.url+"/login?account=another"), fmt.Sprint("user", i))
	}
	if len(marks()) != 5 {
		t.Errorf("the browser remembers %d accounts", len(marks()))
	}
	newest := marks()[0]
	h.later(time.Minute)
	h.signIn(b.Open(h.url+"/login?account=another"), "user6")
	if got := marks(); len(got) != 5 || got[0] == newest || got[1] == newest {
		t.Error("the mark of the same account is not renewed")
	}
	if strings.Contains(b.Cookie(h.url, "cloudsso-device"), "user") {
		t.Error("a mark names somebody")
	}
	for name, value := range map[string]string{"forged": strings.Repeat("A", 32), "too long": strings.Repeat("A", 4000), "not base64": strings.Repeat("!", 32), "of the past": marks()[0]} {
		t.Run("a mark "+name+" counts for nothing", func(t *testing.T) {
			h := open(t)
			h.later(181 * 24 * time.Hour)
			b := h.browser()
			b.SetCookie(h.url, cookie("cloudsso-device", value))
			h.people.change("user6", func(p *idp.Person) { *p = idp.Person{Subject: "x", Login: "user6", Status: idp.Active} })
			for i := range 12 {
				h.from(fmt.Sprintf("203.0.%d.9", i))
				h.wrong(h.browser(), "user6", 6)
			}
			shows(t, h.signIn(b.Open(h.url+"/login"), "user6"), 429, "Too many tries")
		})
	}
}

func TestOnePasswordTriedOnManyAccounts(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ near, far string }{
		"from one IPv4 network": {"192.0.2.%d", "198.51.100.7"},
		"from one IPv6 network": {"2001:db8:0:7::%x", "2001:db8:0:8::1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := open(t)
			p := h.browser().Open(h.url + "/login")
			for i := range 100 {
				h.from(fmt.Sprintf(c.near, i+1))
				try(p, "user"+strconv.Itoa(i), "Summer2026")
			}
			if got := h.events.names(); !strings.HasSuffix(got, "login.blocked:network") || strings.Count(got, "blocked") != 1 {
				t.Errorf("events …%s", got[max(0, len(got)-80):])
			}
			tries := h.people.tries()
			shows(t, try(p, "user101", "Summer2026"), 429, "Please wait 10 minutes")
			if h.people.tries() != tries {
				t.Error("the password was tried")
			}
			h.from(c.far)
			shows(t, h.signIn(h.browser().Open(h.url+"/login"), "ada"), 200, "You are signed in")
			h.from(fmt.Sprintf(c.near, 1))
			h.later(10 * time.Minute)
			shows(t, h.signIn(h.browser().Open(h.url+"/login"), "ada"), 200, "You are signed in")
		})
	}
}

// A whole office signs in at nine, from one address.
func TestSuccessesAreNotCountedAgainstANetwork(t *testing.T) {
	t.Parallel()
	h := open(t)
	for i := range 150 {
		name := fmt.Sprint("user", i)
		h.people.change(name, func(p *idp.Person) { *p = idp.Person{Subject: "s-" + name, Login: name, Status: idp.Active} })
		shows(t, h.signIn(h.browser().Open(h.url+"/login"), name), 200, "You are signed in")
	}
}

func TestADirectoryThatIsDownFillsNoCounter(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.people.turn("authenticate", true)
	p := h.browser().Open(h.url + "/login")
	for range 40 {
		p = h.signIn(p, "ada")
		shows(t, p, 503, "cannot be checked")
	}
	h.people.turn("authenticate", false)
	shows(t, h.signIn(p, "ada"), 200, "You are signed in")
}

func TestNoLimits(t *testing.T) {
	t.Parallel()
	h := open(t, func(o *login.Options) { o.NoLimits = true })
	p := h.wrong(h.browser(), "ada", 50)
	if p.Status != http.StatusForbidden {
		t.Errorf("status %d", p.Status)
	}
	shows(t, h.signIn(p, "ada"), 200, "You are signed in")
}
