package keys

import (
	"cmp"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"cloudsso/idp"
)

// startSlack: nodes that start together on an empty store may disagree about the time
// by this much and still all sign with the same first keys.
const startSlack = 5 * time.Minute

type kind struct{ use, alg string }

func (k kind) slot(generation int) string { return fmt.Sprintf("%s/%s/%d", k.use, k.alg, generation) }

// firstKinds are those that every ring has from its first start. An RSA key of 4096 bits
// takes seconds, so the others wait until somebody needs them.
func firstKinds() []kind {
	return []kind{
		{idp.KeyUseSign, RS256},
		{idp.KeyUseSign, ES256},
		{idp.KeyUseSAML, RS256},
		{idp.KeyUseToken, HS256},
	}
}

// kinds are all that there can be keys of.
func kinds() (out []kind) {
	for _, alg := range idp.AsymmetricAlgs() {
		out = append(out, kind{idp.KeyUseSign, alg})
	}
	return append(out, kind{idp.KeyUseSAML, RS256}, kind{idp.KeyUseSAML, ES256}, kind{idp.KeyUseToken, HS256})
}

// missing returns the slots to fill so that every one of these kinds has a key that is
// not retired.
func missing(rows []idp.KeyRecord, kinds []kind, now time.Time) []kindSlot {
	var out []kindSlot
	for _, k := range kinds {
		last, alive := 0, false
		for _, r := range rows {
			if r.Use != k.use || r.Alg != k.alg {
				continue
			}
			last = max(last, generation(r.Slot))
			alive = alive || (&key{KeyRecord: r}).state(now) != Retired
		}
		if !alive {
			out = append(out, kindSlot{k, k.slot(last + 1)})
		}
	}
	return out
}

type kindSlot struct {
	kind
	slot string
}

func generation(slot string) int {
	n, _ := strconv.Atoi(slot[strings.LastIndexByte(slot, '/')+1:])
	return n
}

// create makes the keys at the same time, since an RSA key takes a good part of a
// second, and stores them. A slot that another node fills first is that node's.
func create(ctx context.Context, store idp.Keys, kek *KEK, slots []kindSlot, now time.Time) error {
	errs := make([]error, len(slots))
	var wg sync.WaitGroup
	for i, s := range slots {
		wg.Go(func() {
			r, err := newRecord(kek, s, now)
			if err == nil {
				err = store.CreateKey(ctx, r)
			}
			if errors.Is(err, idp.ErrConflict) {
				err = nil
			}
			errs[i] = err
		})
	}
	wg.Wait()
	return cmp.Or(errs...)
}

func newRecord(kek *KEK, s kindSlot, now time.Time) (idp.KeyRecord, error) {
	now = now.UTC().Truncate(time.Microsecond)
	r := idp.KeyRecord{Slot: s.slot, Use: s.use, Alg: s.alg, CreatedAt: now, ActivateAt: now.Add(-startSlack)}
	plain, err := fill(&r, now)
	if err != nil {
		return r, err
	}
	r.Sealed, err = kek.Seal(purposeOf(r), plain)
	return r, err
}

// fill makes the key of r and returns the half to be sealed.
func fill(r *idp.KeyRecord, now time.Time) ([]byte, error) {
	if r.Use == idp.KeyUseShared {
		r.ID = idp.NewID()
		return nil, nil
	}
	if r.Use == idp.KeyUseToken {
		secret := make([]byte, 32)
		rand.Read(secret)
		r.ID = idp.NewID()
		return secret, nil
	}
	method, ok := algorithmOf(r.Alg)
	if !ok {
		return nil, fmt.Errorf("unknown algorithm %q", r.Alg)
	}
	signer, err := method.generate()
	if err != nil {
		return nil, err
	}
	if isSAML(r.Use) {
		if r.Certificate, err = selfSigned(signer, now); err != nil {
			return nil, err
		}
	}
	return sealable(r, signer)
}

func sealable(r *idp.KeyRecord, signer crypto.Signer) (pkcs8 []byte, err error) {
	if r.ID, err = Thumbprint(signer.Public()); err != nil {
		return nil, err
	}
	return x509.MarshalPKCS8PrivateKey(signer)
}
