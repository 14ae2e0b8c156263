package oauth

import (
	"strings"
	"sync"
	"time"

	"cloudsso/idp"
	"cloudsso/keys"
	"cloudsso/userdir"
)

const (
	generatedPrefix = "s256:" // before an idp.HashSecret
	maxSecret       = 1024    // bytes
	maxRemembered   = 1024    // successful imported secrets
)

// secrets verifies client secrets. Generated ones have 256 random bits and need a fast
// hash only. Imported ones may be weak and lie behind argon2id, which would cost tens
// of milliseconds per token request: a right one is remembered, as a MAC that is worth
// nothing outside this process.
type secrets struct {
	mac   *keys.MAC
	mu    sync.Mutex
	right map[[32]byte]struct{}
}

func newSecrets(ring *keys.Ring) *secrets {
	return &secrets{mac: ring.MAC("oauth client secret"), right: make(map[[32]byte]struct{})}
}

// match returns the place of the live secret of c that presented is, -1 if it is none.
func (s *secrets) match(c *idp.Client, presented string, now time.Time) (int, error) {
	for i, secret := range c.Secrets {
		if secret.Use != idp.SecretAuthenticates || !secret.Live(now) {
			continue
		}
		if ok, err := s.one(c.ID, secret.Hash, presented); ok || err != nil {
			return i, err
		}
	}
	return -1, nil
}

func (s *secrets) one(clientID, hash, presented string) (bool, error) {
	if generated, ok := strings.CutPrefix(hash, generatedPrefix); ok {
		return idp.SecretMatches(presented, generated), nil
	}
	if hash == "" {
		return false, nil
	}
	// The stored hash is part of the key, so that a replaced secret is forgotten with it.
	key := [32]byte(s.mac.Sum([]byte(clientID), []byte(hash), []byte(presented)))
	if s.remembers(key) {
		return true, nil
	}
	ok, _, err := userdir.VerifyPassword(hash, presented)
	if ok {
		s.remember(key)
	}
	return ok, err
}

func (s *secrets) remembers(key [32]byte) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ok := s.right[key]
	return ok
}

func (s *secrets) remember(key [32]byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.right) >= maxRemembered {
		clear(s.right)
	}
	s.right[key] = struct{}{}
}
