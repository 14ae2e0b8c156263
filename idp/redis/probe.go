package redis

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"cloudsso/idp"
)

// probe finds out at the start what would fail at the first sign-in.
func (s *Store) probe(ctx context.Context, t target) error {
	if err := s.Ping(ctx); err != nil {
		return err
	}
	if err := s.inspect(ctx, t); err != nil {
		return err
	}
	if err := s.rehearse(ctx); err != nil {
		return err
	}
	if err := s.Publish(ctx, "probe", ""); err != nil {
		t.o.Note("Redis does not let this user publish, so other nodes learn of changes only when they look. Allow it the channels: ACL SETUSER … &" + s.namespace + ":*")
	}
	return nil
}

// inspect looks at what each server says of itself.
func (s *Store) inspect(ctx context.Context, t target) error {
	var once sync.Once // the nodes of a cluster are asked at the same time
	look := func(ctx context.Context, c *goredis.Client) error {
		info, err := c.Info(ctx).Result()
		if goredis.IsPermissionError(err) {
			once.Do(func() {
				t.o.Note("Redis does not let this user run INFO, so its version, role and eviction are not checked. It must be 7.0 or later, a primary, with maxmemory-policy noeviction.")
			})
			return nil
		}
		if err != nil {
			return err
		}
		return t.suits(fields(info))
	}
	switch c := s.client.(type) {
	case *goredis.ClusterClient:
		return s.inspected(ctx, func(ctx context.Context) error { return c.ForEachMaster(ctx, look) })
	case *goredis.Client:
		return s.inspected(ctx, func(ctx context.Context) error { return look(ctx, c) })
	}
	return nil
}

// inspected keeps a verdict apart from a fault.
func (s *Store) inspected(ctx context.Context, look func(context.Context) error) error {
	var verdict error
	err := s.read(ctx, func(ctx context.Context) error {
		err := look(ctx)
		var told *idp.Error
		if errors.As(err, &told) {
			verdict, err = told, nil
		}
		return err
	})
	if verdict != nil {
		return verdict
	}
	return err
}

func fields(info string) map[string]string {
	fields := map[string]string{}
	for line := range strings.Lines(info) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), ":"); ok {
			fields[name] = value
		}
	}
	return fields
}

// suits gives the verdict on a server. What it does not say is not held against it.
func (t target) suits(info map[string]string) error {
	version := info["redis_version"] // Valkey gives the Redis that it is like
	major, _, _ := strings.Cut(version, ".")
	n, err := strconv.Atoi(major)
	policy := info["maxmemory_policy"]
	switch {
	case err == nil && n < 7:
		return idp.Errorf(idp.Invalid, "The Redis at %s is version %s. Use Redis 7.0 or later, or Valkey.", t.where(), version).On("flows")
	case t.kind == "" && info["cluster_enabled"] == "1":
		return idp.Errorf(idp.Invalid, "The Redis at %s belongs to a cluster. Write redis+cluster:// (or rediss+cluster://) in its URL.", t.where()).On("flows")
	case info["role"] == "slave":
		return idp.Errorf(idp.Invalid, "The Redis at %s is a replica, which cannot be written to. Name the primary, or use redis+sentinel://.", t.where()).On("flows")
	case policy != "" && policy != "noeviction":
		// A replay mark that is evicted is an assertion that is accepted twice. All our keys
		// have a TTL, so the volatile- policies evict them too.
		return idp.Errorf(idp.Invalid, "The Redis at %s may throw away replay marks and sessions when its memory is full (maxmemory-policy is %s). Set maxmemory-policy noeviction, or use a server of its own.", t.where(), policy).On("flows")
	}
	return nil
}

// rehearse runs each script and each reading command once, on keys that clear themselves away.
func (s *Store) rehearse(ctx context.Context) error {
	v := idp.Session{ID: "probe-" + idp.NewID(), Subject: "probe", ExpiresAt: s.now().Add(time.Minute)}
	if err := s.CreateSession(ctx, v); err != nil {
		return err
	}
	v.Version = 1
	if err := s.UpdateSession(ctx, v); err != nil {
		return err
	}
	if _, err := s.SessionsOf(ctx, v.Subject); err != nil {
		return err
	}
	if _, err := s.DeleteSession(ctx, v.ID); err != nil {
		return fmt.Errorf("what was just written is not there: %w", err)
	}
	if _, err := s.Count(ctx, v.ID, time.Minute); err != nil {
		return err
	}
	return s.ClearCount(ctx, v.ID)
}
