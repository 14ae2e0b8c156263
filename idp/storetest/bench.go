package storetest

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"cloudsso/idp"
)

// Both is a backend of both ports.
type Both interface {
	idp.Records
	idp.Flows
}

// Bench measures each verb on the way of a sign-in: one caller after the other, and 16
// callers per processor at a time.
func Bench(b *testing.B, open func(b *testing.B, now func() time.Time) Both) {
	now := time.Now()
	end := now.Add(time.Hour)
	grant := coded("", now)
	grant.Scopes, grant.RedirectURI, grant.Nonce = []string{"openid", "email", "profile"}, "https://app.example/callback", "n-0S6_WzA2Mj"
	grant.Challenge, grant.AMR = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", []string{"pwd"}
	flow := idp.Flow{Protocol: "oidc", App: "app", Request: "response_type=code&client_id=app&scope=openid", ExpiresAt: end}

	for _, v := range []struct {
		name    string
		prepare func(s Both, id string) error // not measured
		verb    func(b *testing.B, s Both, id string) error
	}{
		{"CreateGrant", nil, func(b *testing.B, s Both, id string) error { return create(b, s, grant, id) }},
		{"CreateGrant with its Event", nil, func(b *testing.B, s Both, id string) error {
			g := grant
			g.ID = id
			return s.CreateGrant(b.Context(), g, idp.Event{
				ID: id, Time: now, Name: idp.EventGrantCreated, Subject: "alice", App: "app", IP: "192.0.2.1",
				Detail: map[string]string{"grant": id, "scope": "openid email profile"},
			})
		}},
		{"RedeemCode", func(s Both, id string) error { return create(b, s, grant, id) }, func(b *testing.B, s Both, id string) error {
			return s.RedeemCode(b.Context(), idp.Redemption{GrantID: id, CodeHash: grant.CodeHash, RefreshSeq: 1, RefreshExpiresAt: end, ExpiresAt: end}, now)
		}},
		{"RotateRefresh", func(s Both, id string) error {
			g := grant
			g.RefreshSeq = 1
			return create(b, s, g, id)
		}, func(b *testing.B, s Both, id string) error {
			return s.RotateRefresh(b.Context(), idp.Rotation{GrantID: id, Seq: 1, GraceUntil: end, RefreshExpiresAt: end, ExpiresAt: end})
		}},
		{"CreateFlow+TakeFlow", nil, func(b *testing.B, s Both, id string) error {
			f := flow
			f.ID = id
			if err := s.CreateFlow(b.Context(), f); err != nil {
				return err
			}
			return found(b.Context(), s.TakeFlow, id)
		}},
		{"Session", func(s Both, id string) error {
			return s.CreateSession(b.Context(), idp.Session{ID: id, Subject: "alice", UserAgent: "Mozilla/5.0", ExpiresAt: end})
		}, func(b *testing.B, s Both, id string) error { return found(b.Context(), s.Session, id) }},
		{"SeenOnce", nil, func(b *testing.B, s Both, id string) error { return s.SeenOnce(b.Context(), id, end) }},
		{"AppendEvent", nil, func(b *testing.B, s Both, id string) error {
			return s.AppendEvent(b.Context(), idp.Event{ID: id, Time: now, Name: idp.EventLoginSuccess, Subject: "alice", App: "app", IP: "192.0.2.1"})
		}},
	} {
		measure := func(b *testing.B, run func(b *testing.B, next func() error)) {
			s := open(b, func() time.Time { return now })
			defer s.Close()
			var n atomic.Int64
			ids := make([]string, b.N)
			for i := range ids {
				ids[i] = idp.NewID()
			}
			if v.prepare != nil {
				prepareAll(b, ids, func(id string) error { return v.prepare(s, id) })
			}
			b.ResetTimer()
			run(b, func() error { return v.verb(b, s, ids[n.Add(1)-1]) })
			b.StopTimer()
		}
		b.Run(v.name+"/one", func(b *testing.B) {
			measure(b, func(b *testing.B, next func() error) {
				for range b.N {
					if err := next(); err != nil {
						b.Fatal(err)
					}
				}
			})
		})
		b.Run(v.name+"/many", func(b *testing.B) {
			b.SetParallelism(16)
			measure(b, func(b *testing.B, next func() error) {
				b.RunParallel(func(pb *testing.PB) {
					for pb.Next() {
						if err := next(); err != nil {
							b.Error(err)
							return
						}
					}
				})
			})
		})
	}
}

func create(b *testing.B, s Both, g idp.Grant, id string) error {
	g.ID = id
	return s.CreateGrant(b.Context(), g, idp.Event{})
}

// prepareAll makes what the verb needs, many at a time.
func prepareAll(b *testing.B, ids []string, prepare func(id string) error) {
	var n atomic.Int64
	failed := make(chan error, 64)
	for range cap(failed) {
		go func() {
			for {
				i := int(n.Add(1)) - 1
				if i >= len(ids) {
					failed <- nil
					return
				}
				if err := prepare(ids[i]); err != nil {
					failed <- fmt.Errorf("prepare %d: %w", i, err)
					return
				}
			}
		}()
	}
	for range cap(failed) {
		if err := <-failed; err != nil {
			b.Fatal(err)
		}
	}
}
