package oauth

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"
	"time"

	"cloudsso/idp"
	"cloudsso/keys"
)

// Fetcher gets a document from an address that a client registered; it must guard
// against addresses inside our own network, against size and against slowness.
type Fetcher interface {
	Fetch(ctx context.Context, url string, maxBytes int64) ([]byte, http.Header, error)
}

const (
	keySetBytes = 64 << 10
	keySetFresh = 10 * time.Minute // a key that is taken back is refused after that
	keySetStale = time.Hour        // how long an old set serves while its address does not answer
	keySetAgain = 10 * time.Second // the least time between two readings of one address
	maxKeySets  = 1000
)

// keySets remembers what was read from jwks_uris.
type keySets struct {
	fetch Fetcher
	now   func() time.Time
	mu    sync.Mutex
	byURI map[string]*keySet
}

// keySet is one of them; its mutex lets one reading at a time out.
type keySet struct {
	mu   sync.Mutex
	keys []idp.PublicJWK
	err  error
	read time.Time // when keys came
	at   time.Time // of the last attempt
}

// verifyFrom checks a JWT that the client signed: by one of algs, HS* with its client
// secret, the others with the keys of its jwks or jwks_uri. A jwks_uri is read again if
// the token names a key that is not known, at most every 10 seconds. typ is as for
// [keys.Foreign.Verify].
func (p *Provider) verifyFrom(ctx context.Context, c *idp.Client, raw string, algs []string, typ ...string) ([]byte, error) {
	secrets, err := p.openSecrets(c, idp.SecretAuthenticates)
	if err != nil {
		return nil, err
	}
	f := keys.Foreign{Algs: algs, Secrets: secrets}
	if !slices.ContainsFunc(algs, func(alg string) bool { return !shared(alg) }) {
		return f.Verify(raw, typ...)
	}
	if f.Keys, err = p.clientKeys(ctx, c, false); err != nil {
		return nil, err
	}
	claims, err := f.Verify(raw, typ...)
	if errors.Is(err, keys.ErrUnknownKey) && c.JWKSURI != "" {
		if f.Keys, err = p.clientKeys(ctx, c, true); err != nil {
			return nil, err
		}
		return f.Verify(raw, typ...)
	}
	return claims, err
}

// clientKeys returns the public keys of a client; anew: those of its jwks_uri as they are
// now. A client without any has none.
func (p *Provider) clientKeys(ctx context.Context, c *idp.Client, anew bool) ([]idp.PublicJWK, error) {
	if c.JWKSURI != "" {
		return p.keySets.of(ctx, c.JWKSURI, anew)
	}
	if len(c.JWKS) == 0 {
		return nil, nil
	}
	usable, err := idp.ParseJWKS(c.JWKS)
	if len(usable) > 0 {
		return usable, nil // it was checked when it was registered; rules may be stricter now
	}
	return nil, err
}

func (s *keySets) of(ctx context.Context, uri string, anew bool) ([]idp.PublicJWK, error) {
	set := s.at(uri)
	set.mu.Lock()
	defer set.mu.Unlock()
	now := s.now()
	wait := keySetFresh
	if anew || set.err != nil {
		wait = keySetAgain
	}
	if set.at.IsZero() || !now.Before(set.at.Add(wait)) {
		s.load(ctx, set, uri, now)
	}
	if set.err != nil && now.After(set.read.Add(keySetStale)) {
		return nil, set.err
	}
	return set.keys, nil
}

// at finds the place of an address. Too many addresses throw everything out: what is
// needed comes back with the next request.
func (s *keySets) at(uri string) *keySet {
	s.mu.Lock()
	defer s.mu.Unlock()
	set := s.byURI[uri]
	if set == nil {
		if len(s.byURI) >= maxKeySets {
			clear(s.byURI)
		}
		set = new(keySet)
		s.byURI[uri] = set
	}
	return set
}

// load reads the address. The request that happens to wait for it may go away; those
// behind it still want the answer.
func (s *keySets) load(ctx context.Context, set *keySet, uri string, now time.Time) {
	body, _, err := s.fetch.Fetch(context.WithoutCancel(ctx), uri, keySetBytes)
	var usable []idp.PublicJWK
	if err == nil {
		usable, err = idp.ParseJWKS(body)
	}
	if len(usable) > 0 {
		set.keys, set.read, err = usable, now, nil // keys of a kind that we do not know are passed over (RFC 7517 §5)
	}
	set.err, set.at = err, s.now() // after it: who waited meanwhile does not try again at once
}
