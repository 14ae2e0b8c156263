package server_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"cloudsso/idp/config"
	"cloudsso/idp/idptest"
	"cloudsso/userdir"
)

// BenchmarkSignIn is one sign-in by password: page, form, session. It tells how much of
// it is argon2id, measured alone on the same machine.
func BenchmarkSignIn(b *testing.B) {
	s := idptest.New(b, idptest.Options{Config: func(c *config.Config) { c.Limits.Enabled = false }})
	s.AddUser(b, ada)
	h, err := userdir.HashPassword(password)
	if err != nil {
		b.Fatal(err)
	}
	var hashing time.Duration
	for b.Loop() {
		page := signIn(idptest.NewBrowser(b).Open(s.Issuer+"/login"), "ada", password)
		if page.Has("login-submit") {
			b.Fatalf("%d %s", page.Status, page.Text())
		}
		b.StopTimer()
		began := time.Now()
		if ok, _, err := userdir.VerifyPassword(h, password); !ok || err != nil {
			b.Fatal(err)
		}
		hashing += time.Since(began)
		b.StartTimer()
	}
	whole := float64(b.Elapsed())
	b.ReportMetric(float64(hashing)/float64(b.N)/1e6, "argon2id-ms/op")
	b.ReportMetric(100*float64(hashing)/whole, "argon2id-%")
}

// BenchmarkRefusal tells how long a refusal takes for a wrong password and for an unknown
// name: whoever could tell them apart would learn who has an account.
func BenchmarkRefusal(b *testing.B) {
	s := idptest.New(b, idptest.Options{Config: func(c *config.Config) { c.Limits.Enabled = false }})
	s.AddUser(b, ada)
	for name, login := range map[string]string{"a wrong password": "ada", "an unknown name": "eve"} {
		b.Run(name, func(b *testing.B) {
			var took []time.Duration
			page := idptest.NewBrowser(b).Open(s.Issuer + "/login")
			for b.Loop() {
				began := time.Now()
				page = signIn(page, login, "wrong horse")
				took = append(took, time.Since(began))
				if page.Status != 403 {
					b.Fatalf("%d %s", page.Status, page.Text())
				}
			}
			slices.Sort(took)
			for _, p := range []int{10, 50, 90} {
				b.ReportMetric(float64(took[len(took)*p/100])/1e6, fmt.Sprintf("p%d-ms", p))
			}
			histogram(name, took)
		})
	}
}

// histogram prints how many answers took how long, in steps of 10 ms: a benchmark's own
// log is cut off after ten lines.
func histogram(name string, took []time.Duration) {
	counts := make(map[int]int)
	for _, d := range took {
		counts[int(d/(10*time.Millisecond))]++
	}
	for step := range 30 {
		if n := counts[step]; n > 0 {
			fmt.Printf("%s: %3d to %3d ms %5d %s\n", name, step*10, step*10+10, n, strings.Repeat("#", 60*n/len(took)))
		}
	}
}
