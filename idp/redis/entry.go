package redis

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"cloudsso/idp"
)

// entry is a value as Redis keeps it: "<version> <expiry> <document>".
type entry struct {
	version  int64
	expires  time.Time
	document string
}

var errForeign = errors.New("a value under a key of ours is not one of ours")

// parse answers [idp.ErrNotFound] for what is over at now.
func parse(raw string, now time.Time) (e entry, err error) {
	version, rest, _ := strings.Cut(raw, " ")
	expiry, document, found := strings.Cut(rest, " ")
	micros, err := strconv.ParseInt(expiry, 10, 64)
	if err != nil || !found {
		return entry{}, errForeign
	}
	if micros <= now.UnixMicro() {
		return entry{}, idp.ErrNotFound
	}
	e.version, err = strconv.ParseInt(version, 10, 64)
	if err != nil {
		return entry{}, errForeign
	}
	e.expires, e.document = instant(micros), document
	return e, nil
}

// entry reads the live entry at key.
func (s *Store) entry(ctx context.Context, key string) (e entry, err error) {
	var raw string
	err = s.read(ctx, func(ctx context.Context) error {
		raw, err = s.client.Get(ctx, key).Result()
		if errors.Is(err, goredis.Nil) {
			raw, err = "", nil
		}
		return err
	})
	if err != nil {
		return entry{}, err
	}
	return s.parse(ctx, raw)
}

// taken is the entry that [takeScript] answered with.
func (s *Store) taken(ctx context.Context, key string) (entry, error) {
	now := s.now()
	answer, err := s.run(ctx, takeScript, []string{key}, now.UnixMicro())
	if err != nil {
		return entry{}, err
	}
	raw, _ := answer.(string)
	return s.parse(ctx, raw)
}

func (s *Store) parse(ctx context.Context, raw string) (entry, error) {
	if raw == "" {
		return entry{}, idp.ErrNotFound
	}
	e, err := parse(raw, s.now())
	if errors.Is(err, errForeign) {
		err = s.fault(ctx, err)
	}
	return e, err
}

// document encodes a record. Text that is not UTF-8 is refused: JSON would mend it.
func document(v any) (string, error) {
	doc, err := json.Marshal(v)
	if err != nil {
		return "", idp.Errorf(idp.Invalid, "A value cannot be stored.").Because(err)
	}
	if idp.Mangled(doc) {
		return "", idp.Errorf(idp.Invalid, "A text contains bytes that are not UTF-8 and cannot be stored. Please remove them.")
	}
	return string(doc), nil
}

// decode reads the document of e into v.
func (s *Store) decode(ctx context.Context, e entry, v any) error {
	if err := json.Unmarshal([]byte(e.document), v); err != nil {
		return s.fault(ctx, errors.Join(errForeign, err))
	}
	return nil
}

func instant(micros int64) time.Time { return time.UnixMicro(micros).UTC() }
