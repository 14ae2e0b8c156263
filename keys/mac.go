package keys

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"sync/atomic"

	"cloudsso/idp"
)

const minMAC = 16 // bytes; what a truncated MAC must keep

// MAC makes and checks keyed hashes for one purpose. Its key is derived from the token
// root and the purpose, so that a value made for one purpose is worthless for another.
type MAC struct {
	ring    *Ring
	purpose string
	derived atomic.Pointer[derivedKeys]
}

type derivedKeys struct {
	of   *snapshot
	keys map[*key][]byte
}

// MAC returns the MAC for a purpose, such as "refresh token". It follows the ring
// through every [Ring.Reload]; make it once.
func (r *Ring) MAC(purpose string) *MAC { return &MAC{ring: r, purpose: purpose} }

// Sum returns the HMAC-SHA256 of parts under the root that signs now: 32 bytes. Parts
// are framed by their lengths, so that moving a byte from one to the next changes the sum.
func (m *MAC) Sum(parts ...[]byte) []byte {
	s := m.ring.snapshot.Load()
	root := s.pick(idp.KeyUseToken, HS256, m.ring.now())
	if root == nil { // every root has expired: something that nobody can foresee, and nothing verifies
		out := make([]byte, sha256.Size)
		rand.Read(out)
		return out
	}
	return sum(m.keysOf(s)[root], parts)
}

// Verify reports, in constant time, whether mac is the Sum of parts under a root that
// has not expired. mac may be cut to its first 16 bytes or more, never to fewer.
func (m *MAC) Verify(mac []byte, parts ...[]byte) bool {
	if len(mac) < minMAC || len(mac) > sha256.Size {
		return false
	}
	s, now := m.ring.snapshot.Load(), m.ring.now()
	for root, derived := range m.keysOf(s) {
		if root.state(now) != Retired && hmac.Equal(mac, sum(derived, parts)[:len(mac)]) {
			return true
		}
	}
	return false
}

func (m *MAC) keysOf(s *snapshot) map[*key][]byte {
	if d := m.derived.Load(); d != nil && d.of == s {
		return d.keys
	}
	d := &derivedKeys{of: s, keys: make(map[*key][]byte)}
	for _, k := range s.keys {
		if k.Use == idp.KeyUseToken {
			// The only error is a length that HKDF cannot give; 32 it can.
			d.keys[k], _ = hkdf.Key(sha256.New, k.secret, nil, "cloudsso mac "+m.purpose, sha256.Size)
		}
	}
	m.derived.Store(d)
	return d.keys
}

func sum(key []byte, parts [][]byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write(frame(parts...))
	return h.Sum(nil)
}
