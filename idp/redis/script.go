package redis

import (
	"context"
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

// script is a state change: the server runs it whole or not at all, one after the other.
type script struct{ source, sha string }

func newScript(source string) script {
	sum := sha1.Sum([]byte(source)) // how EVALSHA names it
	return script{source, hex.EncodeToString(sum[:])}
}

// live reads an entry ("<version> <expiry> <document>") that is not over at now. All
// instants are microseconds since 1970 by the clock of the node that asks.
const live = `
local function live(key, now)
	local entry = redis.call('GET', key)
	if not entry then return nil end
	local version, expiry = string.match(entry, '^(%d+) (%-?%d+) ')
	if tonumber(expiry) <= tonumber(now) then return nil end
	return entry, version, expiry
end
local function put(key, version, expiry, document, ttl)
	redis.call('SET', key, string.format('%d', version) .. ' ' .. expiry .. ' ' .. document, 'PX', ttl)
end
-- The index of a subject holds at least its live sessions, by expiry. It lasts as long
-- as the last of them.
local function index(key, member, expiry, ttl, stale)
	if not key then return end
	redis.call('ZREMRANGEBYSCORE', key, '-inf', stale)
	redis.call('ZADD', key, expiry, member)
	if redis.call('PTTL', key) < tonumber(ttl) then redis.call('PEXPIRE', key, ttl) end
end
`

var (
	// KEYS entry[, index]; ARGV now, expiry, ttl, document[, member, stale]. 1, or 0: it exists.
	createScript = newScript(live + `
if live(KEYS[1], ARGV[1]) then return 0 end
put(KEYS[1], 1, ARGV[2], ARGV[4], ARGV[3])
index(KEYS[2], ARGV[5], ARGV[2], ARGV[3], ARGV[6])
return 1`)

	// As create, and ARGV[7] the version that it must have. 1, 0: it has another, -1: it is gone.
	updateScript = newScript(live + `
local entry, version = live(KEYS[1], ARGV[1])
if not entry then return -1 end
if version ~= ARGV[7] then return 0 end
put(KEYS[1], version + 1, ARGV[2], ARGV[4], ARGV[3])
index(KEYS[2], ARGV[5], ARGV[2], ARGV[3], ARGV[6])
return 1`)

	// KEYS entry; ARGV now. The entry, or nil: it is gone.
	takeScript = newScript(live + `
local entry = live(KEYS[1], ARGV[1])
if entry then redis.call('DEL', KEYS[1]) end
return entry or false`)

	// KEYS entry; ARGV now, expiry and ttl of a new window. The new count, which is the version.
	countScript = newScript(live + `
local entry, count, expiry = live(KEYS[1], ARGV[1])
if not entry then
	put(KEYS[1], 1, ARGV[2], '', ARGV[3])
	return 1
end
redis.call('SET', KEYS[1], string.format('%d', count + 1) .. ' ' .. expiry .. ' ', 'KEEPTTL')
return count + 1`)

	// KEYS entry.
	clearScript = newScript(`return redis.call('DEL', KEYS[1])`)
)

// once is a command that is sent at most once. The cluster client would send a command
// again whose answer was lost, and a flow that the first try took would be "taken by
// somebody else" for the second.
type once struct{ *goredis.Cmd }

// NoRetry is [goredis.Cmder]'s.
func (once) NoRetry() bool { return true }

// run runs a script, which happens at most once. nil stands for the script's false.
func (s *Store) run(ctx context.Context, script script, keys []string, args ...any) (answer any, err error) {
	err = s.read(ctx, func(ctx context.Context) error {
		answer, err = s.send(ctx, "evalsha", script.sha, keys, args)
		if goredis.HasErrorPrefix(err, "NOSCRIPT") { // it restarted, and has run nothing
			answer, err = s.send(ctx, "eval", script.source, keys, args)
		}
		return err
	})
	return answer, err
}

// number is run for a script that answers with a number.
func (s *Store) number(ctx context.Context, script script, keys []string, args ...any) (int64, error) {
	answer, err := s.run(ctx, script, keys, args...)
	if err != nil {
		return 0, err
	}
	n, ok := answer.(int64)
	if !ok {
		return 0, s.fault(ctx, errors.New("a script answered with no number"))
	}
	return n, nil
}

func (s *Store) send(ctx context.Context, command, which string, keys []string, args []any) (any, error) {
	words := make([]any, 0, 3+len(keys)+len(args))
	words = append(words, command, which, len(keys))
	for _, key := range keys {
		words = append(words, key)
	}
	cmd := goredis.NewCmd(ctx, append(words, args...)...)
	cmd.SetFirstKeyPos(3)
	err := s.client.Process(ctx, once{cmd})
	if errors.Is(err, goredis.Nil) {
		return nil, nil
	}
	return cmd.Val(), err
}

// lifetime are the three arguments that every script which writes begins with.
func lifetime(now, expiry time.Time) []any {
	return []any{now.UnixMicro(), expiry.UnixMicro(), (max(expiry.Sub(now), 0) + slack).Milliseconds()}
}
