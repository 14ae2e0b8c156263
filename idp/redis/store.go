package redis

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"hash/crc32"
	"strconv"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"cloudsso/idp"
)

// Store is [idp.Flows] on a Redis server, a Sentinel group or a Redis Cluster.
type Store struct {
	client    goredis.UniversalClient
	namespace string
	timeout   time.Duration
	now       func() time.Time
	closed    context.Context
	end       context.CancelFunc
}

var _ idp.Flows = (*Store)(nil)

const (
	// slack is how much longer than its life a key stays. What is over is judged by the
	// clock of the node that asks; the server's TTL only clears away. Without the slack a
	// server that is a little ahead would drop a replay mark that a node still needs.
	slack = time.Minute
	// shards is over how many hash slots sessions are spread. Changing it signs everybody out.
	shards = 16
)

// Ping reports whether a server answers.
func (s *Store) Ping(ctx context.Context) error {
	return s.read(ctx, func(ctx context.Context) error { return s.client.Ping(ctx).Err() })
}

// Sweep has nothing to do: the server lets things expire.
func (s *Store) Sweep(ctx context.Context, _ time.Time, _ int) (int, error) {
	return 0, s.read(ctx, func(context.Context) error { return nil })
}

// Close ends all connections and subscriptions. It may be called more than once.
func (s *Store) Close() error {
	s.end()
	if err := s.client.Close(); err != nil && !errors.Is(err, goredis.ErrClosed) {
		return err
	}
	return nil
}

// read runs a command that changes nothing, for at most the time-out.
func (s *Store) read(ctx context.Context, command func(context.Context) error) error {
	if err := ctx.Err(); err != nil {
		return s.fault(ctx, err)
	}
	bounded, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	return s.fault(ctx, command(bounded))
}

// fault turns whatever the server or the network said into [idp.ErrUnavailable]: the
// answers that a verb expects never come here.
func (s *Store) fault(ctx context.Context, err error) error {
	if err == nil || errors.Is(err, idp.ErrUnavailable) {
		return err
	}
	var said goredis.Error
	if cluster, ok := s.client.(*goredis.ClusterClient); ok && !errors.As(err, &said) {
		cluster.ReloadState(ctx) // the node may be gone for good, and another in its place
	}
	return fmt.Errorf("%w: %w", idp.ErrUnavailable, err)
}

// key names what kind of thing it is and, hashed, which: names are short whatever a
// stranger sends, no personal data stands in them, and no "{" that would send the keys of
// an attacker's choice to one node of a cluster.
func (s *Store) key(kind, id string) string {
	return s.namespace + ":" + kind + ":" + hashed(id)
}

func hashed(id string) string {
	h := sha256.Sum256([]byte(id))
	return base64.RawURLEncoding.EncodeToString(h[:])
}

// sessionKey and subjectKey share a hash tag, so that a session and its entry in the
// index of its subject lie in one slot and change in one script.
func (s *Store) sessionKey(id string) string {
	return s.sharded("session", shard(id), id)
}

func (s *Store) subjectKey(subject string, shard int) string {
	return s.sharded("subject", shard, subject)
}

func (s *Store) sharded(kind string, shard int, id string) string {
	return s.namespace + ":" + kind + ":{" + s.namespace + "." + strconv.Itoa(shard) + "}:" + hashed(id)
}

func shard(id string) int { return int(crc32.ChecksumIEEE([]byte(id)) % shards) }
