package keys

import (
	"cmp"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"time"

	"cloudsso/idp"
)

// Info describes one key to an operator. It holds nothing secret.
type Info struct {
	KID         string    `json:"kid"`
	Slot        string    `json:"slot"`
	Use         string    `json:"use"`
	App         string    `json:"app,omitempty"` // the application whose own key it is
	Alg         string    `json:"alg"`
	State       State     `json:"state"`
	Signing     bool      `json:"signing"` // the one of its kind that signs now
	CreatedAt   time.Time `json:"created_at"`
	ActivateAt  time.Time `json:"activate_at,omitzero"` // absent: when it is activated by hand
	RetireAt    time.Time `json:"retire_at,omitzero"`
	ExpireAt    time.Time `json:"expire_at,omitzero"`
	Certificate []byte    `json:"certificate,omitempty"` // DER; SAML keys only
	NotAfter    time.Time `json:"not_after,omitzero"`    // end of the certificate
	SHA1        string    `json:"sha1,omitempty"`        // fingerprint of the certificate, lower-case hex
	SHA256      string    `json:"sha256,omitempty"`      // fingerprint of the certificate, lower-case hex
}

// Keys lists every key of the ring, sorted by use, algorithm and age.
func (r *Ring) Keys() []Info {
	return slices.DeleteFunc(r.rows(), func(i Info) bool { return i.Use == idp.KeyUseShared })
}

func (r *Ring) rows() []Info {
	s, now := r.snapshot.Load(), r.now()
	out := make([]Info, 0, len(s.keys))
	for _, k := range s.keys {
		out = append(out, k.info(now, k == s.signing(k.kind(), now)))
	}
	slices.SortFunc(out, func(a, b Info) int {
		return cmp.Or(cmp.Compare(a.Use, b.Use), cmp.Compare(a.Alg, b.Alg), a.CreatedAt.Compare(b.CreatedAt))
	})
	return out
}

// infoOf describes one key that is there.
func (r *Ring) infoOf(kid string) Info {
	all := r.rows()
	return all[slices.IndexFunc(all, func(i Info) bool { return i.KID == kid })]
}

func (k *key) info(now time.Time, signing bool) Info {
	i := Info{
		KID: k.ID, Slot: k.Slot, Use: k.Use, Alg: k.Alg, State: k.state(now), Signing: signing,
		CreatedAt: k.CreatedAt, ActivateAt: k.ActivateAt, RetireAt: k.RetireAt, ExpireAt: k.ExpireAt,
	}
	i.App, _ = appOf(k.Use)
	if k.cert != nil {
		// SHA-1 only because service providers ask for the fingerprint in that form; they
		// compare it with a certificate that they were given by hand.
		short, long := sha1.Sum(k.cert.Raw), sha256.Sum256(k.cert.Raw)
		i.NotAfter = k.cert.NotAfter
		i.Certificate, i.SHA1, i.SHA256 = slices.Clone(k.cert.Raw), hex.EncodeToString(short[:]), hex.EncodeToString(long[:])
	}
	return i
}
