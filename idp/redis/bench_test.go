package redis_test

import (
	"context"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"cloudsso/idp"
	"cloudsso/idp/redis"
	"cloudsso/idp/storetest/redistest"
)

// The yardsticks: one bare round trip, and one bare write, of the same client.
func BenchmarkBare(b *testing.B) {
	client := goredis.NewClient(&goredis.Options{Addr: redistest.Start(b).Addr(), Protocol: 2, ContextTimeoutEnabled: true})
	defer client.Close()
	value := string(make([]byte, 300))
	for name, run := range map[string]func(context.Context) error{
		"PING": func(ctx context.Context) error { return client.Ping(ctx).Err() },
		"SET":  func(ctx context.Context) error { return client.Set(ctx, idp.NewID(), value, time.Hour).Err() },
	} {
		b.Run(name, func(b *testing.B) { oneAndMany(b, run) })
	}
}

func BenchmarkVerbs(b *testing.B) {
	s := open(b, url(redistest.Start(b)), redis.Options{}, time.Now)
	end := time.Now().Add(time.Hour)
	flow := idp.Flow{Protocol: "oidc", App: "app", Request: "response_type=code&client_id=app&scope=openid", ExpiresAt: end}
	session := idp.Session{Subject: "alice", UserAgent: "Mozilla/5.0", AMR: []string{"pwd"}, ExpiresAt: end}
	session.ID = "read"
	wants(b, s.CreateSession(b.Context(), session), nil)
	for name, run := range map[string]func(context.Context) error{
		"CreateFlow": func(ctx context.Context) error {
			f := flow
			f.ID = idp.NewID()
			return s.CreateFlow(ctx, f)
		},
		"CreateFlow+TakeFlow": func(ctx context.Context) error {
			f := flow
			f.ID = idp.NewID()
			if err := s.CreateFlow(ctx, f); err != nil {
				return err
			}
			_, err := s.TakeFlow(ctx, f.ID)
			return err
		},
		"CreateSession": func(ctx context.Context) error {
			v := session
			v.ID, v.Subject = idp.NewID(), idp.NewID()
			return s.CreateSession(ctx, v)
		},
		"Session":    func(ctx context.Context) error { _, err := s.Session(ctx, "read"); return err },
		"SessionsOf": func(ctx context.Context) error { _, err := s.SessionsOf(ctx, "alice"); return err },
		"SeenOnce":   func(ctx context.Context) error { return s.SeenOnce(ctx, idp.NewID(), end) },
		"Count":      func(ctx context.Context) error { _, err := s.Count(ctx, "counter", time.Hour); return err },
		"Counted":    func(ctx context.Context) error { _, err := s.Counted(ctx, "counter"); return err },
	} {
		b.Run(name, func(b *testing.B) { oneAndMany(b, run) })
	}
}

func oneAndMany(b *testing.B, run func(context.Context) error) {
	b.Run("one", func(b *testing.B) {
		for b.Loop() {
			wants(b, run(b.Context()), nil)
		}
	})
	b.Run("many", func(b *testing.B) {
		b.SetParallelism(16)
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if err := run(b.Context()); err != nil {
					b.Error(err)
					return
				}
			}
		})
	})
}
