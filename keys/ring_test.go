package keys_test

import (
	"context"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"cloudsso/idp"
	"cloudsso/idp/memory"
	"cloudsso/keys"
)

// rotated holds two generations of each kind: the first retires when the second becomes
// active after an hour, and expires after two.
func rotated(t *testing.T, c *clock) (*keys.Ring, map[string]string) {
	t.Helper()
	store, kek := memory.New(c.now), loadKEK(t, secretA)
	ids := make(map[string]string)
	for _, k := range [][2]string{{idp.KeyUseSign, keys.RS256}, {idp.KeyUseSign, keys.ES256}, {idp.KeyUseSAML, keys.RS256}, {idp.KeyUseToken, "HS256"}} {
		for generation := 1; generation <= 2; generation++ {
			row, err := keys.NewRecord(kek, k[0], k[1], generation, start)
			if err != nil {
				t.Fatal(err)
			}
			if generation == 1 {
				row.RetireAt, row.ExpireAt = start.Add(time.Hour), start.Add(2*time.Hour)
			} else {
				row.ActivateAt = start.Add(time.Hour)
			}
			if err := store.CreateKey(t.Context(), row); err != nil {
				t.Fatal(err)
			}
			ids[row.Slot] = row.ID
		}
	}
	r, err := keys.Open(t.Context(), store, kek, c.now)
	if err != nil {
		t.Fatal(err)
	}
	return r, ids
}

func TestTheClockAloneMovesKeysThroughTheirStates(t *testing.T) {
	t.Parallel()
	c := newClock()
	r, ids := rotated(t, c)
	early, err := r.SignJWT(keys.RS256, "", []byte(`{}`))
	if err != nil {
		t.Fatal(err)
	}
	mac := r.MAC("test").Sum([]byte("a"))
	firstCert := r.SAMLKey().Certificate
	_, firstTag := r.JWKS()

	for _, step := range []struct {
		name          string
		at            time.Duration
		signs         string
		states        [2]keys.State
		published     int
		earlyVerifies bool
		certificates  int
	}{
		{"before", 0, "sig/RS256/1", [2]keys.State{keys.Active, keys.Next}, 4, true, 2},
		{"the last moment before", time.Hour - 1, "sig/RS256/1", [2]keys.State{keys.Active, keys.Next}, 4, true, 2},
		{"the switch", time.Hour, "sig/RS256/2", [2]keys.State{keys.Retiring, keys.Active}, 4, true, 2},
		{"the end of the old key", 2 * time.Hour, "sig/RS256/2", [2]keys.State{keys.Retired, keys.Active}, 2, false, 1},
	} {
		c.set(start.Add(step.at))
		token, err := r.SignJWT(keys.RS256, "", []byte(`{}`))
		if err != nil || headerOf(t, token)["kid"] != ids[step.signs] {
			t.Errorf("%s: signed by %s, %v; want %s", step.name, headerOf(t, token)["kid"], err, step.signs)
		}
		if _, err := r.VerifyJWT(early); (err == nil) != step.earlyVerifies {
			t.Errorf("%s: a token of the old key verifies: %v", step.name, err)
		}
		if got := r.MAC("test").Verify(mac, []byte("a")); got != step.earlyVerifies {
			t.Errorf("%s: a MAC of the old root verifies = %v", step.name, got)
		}
		if set := parseJWKS(t, r); len(set.Keys) != step.published {
			t.Errorf("%s: %d keys published, want %d", step.name, len(set.Keys), step.published)
		}
		certs := r.SAMLCertificates()
		if len(certs) != step.certificates || !certs[0].Equal(r.SAMLKey().Certificate) {
			t.Errorf("%s: %d certificates, want %d with the signing one first", step.name, len(certs), step.certificates)
		}
		for _, k := range r.Keys() {
			if k.Slot == "sig/RS256/1" && k.State != step.states[0] || k.Slot == "sig/RS256/2" && k.State != step.states[1] {
				t.Errorf("%s: %s is %s", step.name, k.Slot, k.State)
			}
			if k.Slot == step.signs && !k.Signing {
				t.Errorf("%s: %s is not shown as the signing key", step.name, k.Slot)
			}
		}
	}
	if r.SAMLKey().Certificate.Equal(firstCert) {
		t.Error("SAML messages are still signed with the old key")
	}
	if _, tag := r.JWKS(); tag == firstTag {
		t.Error("the JWKS changed and its ETag did not")
	}
}

func TestAKindWithoutASuccessorGoesOnSigning(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*idp.KeyRecord){
		"everything retired":    func(r *idp.KeyRecord) { r.RetireAt = start.Add(-time.Hour) },
		"the clock is behind":   func(r *idp.KeyRecord) { r.ActivateAt = start.Add(time.Hour) },
		"created in the future": func(r *idp.KeyRecord) { r.CreatedAt, r.ActivateAt = start.Add(time.Hour), start.Add(time.Hour) },
	} {
		t.Run(name, func(t *testing.T) {
			store := memory.New(newClock().now)
			row, err := keys.NewRecord(loadKEK(t, secretA), idp.KeyUseSign, keys.ES256, 1, start)
			if err != nil {
				t.Fatal(err)
			}
			change(&row)
			if err := store.CreateKey(t.Context(), row); err != nil {
				t.Fatal(err)
			}
			r := openRing(t, store, newClock().now)
			token, err := r.SignJWT(keys.ES256, "", []byte(`{}`))
			if err != nil || headerOf(t, token)["kid"] != row.ID {
				t.Errorf("signed %v, %v; want the only key there is", token, err)
			}
		})
	}
}

func TestExpiredKeysAreReplacedAtTheNextStart(t *testing.T) {
	t.Parallel()
	c := newClock()
	store := memory.New(c.now)
	row, err := keys.NewRecord(loadKEK(t, secretA), idp.KeyUseSign, keys.RS256, 1, start)
	if err != nil {
		t.Fatal(err)
	}
	row.ExpireAt = start.Add(time.Hour)
	if err := store.CreateKey(t.Context(), row); err != nil {
		t.Fatal(err)
	}
	r := openRing(t, store, c.now)
	c.set(start.Add(time.Hour))
	if token, err := r.SignJWT(keys.RS256, "", []byte(`{}`)); err == nil {
		t.Errorf("an expired key signed %s", token)
	}
	if got := r.Algs(); !slices.Equal(got, []string{keys.ES256}) {
		t.Errorf("Algs = %v, want ES256 only", got)
	}
	r = openRing(t, store, c.now)
	token, err := r.SignJWT(keys.RS256, "", []byte(`{}`))
	if err != nil || headerOf(t, token)["kid"] == row.ID {
		t.Errorf("after a restart: %v, %v", token, err)
	}
}

func TestReloadBringsInKeysOfOtherNodes(t *testing.T) {
	t.Parallel()
	c := newClock()
	store := memory.New(c.now)
	a, b := openRing(t, store, c.now), openRing(t, store, c.now)
	mac := b.MAC("test")
	mac.Sum([]byte("warm up")) // its derived keys must follow
	row, err := keys.NewRecord(loadKEK(t, secretA), idp.KeyUseToken, "HS256", 2, start.Add(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	if err := store.CreateKey(t.Context(), row); err != nil {
		t.Fatal(err)
	}
	for _, r := range []*keys.Ring{a, b} {
		if err := r.Reload(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	c.set(start.Add(time.Hour))
	if !mac.Verify(a.MAC("test").Sum([]byte("x")), []byte("x")) {
		t.Error("the nodes use different roots after Reload")
	}
	if got := len(b.Keys()); got != 5 {
		t.Errorf("%d keys, want 5", got)
	}
}

func TestAFailedReloadLeavesTheRingAsItWas(t *testing.T) {
	t.Parallel()
	store := &flaky{Store: memory.New(newClock().now)}
	r, err := keys.Open(t.Context(), store, loadKEK(t, secretA), newClock().now)
	if err != nil {
		t.Fatal(err)
	}
	before, _ := r.JWKS()
	foreign, err := keys.NewRecord(loadKEK(t, secretB), idp.KeyUseSign, keys.ES256, 9, start)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		rows []idp.KeyRecord
		err  error
		want error
	}{
		"the store is down":               {nil, idp.ErrUnavailable, idp.ErrUnavailable},
		"a row that nobody here can open": {[]idp.KeyRecord{foreign}, nil, keys.ErrWrongKEK},
	} {
		store.rows, store.err, store.on = c.rows, c.err, true
		if err := r.Reload(t.Context()); !errors.Is(err, c.want) {
			t.Errorf("%s: Reload = %v, want %v", name, err, c.want)
		}
		if after, _ := r.JWKS(); string(after) != string(before) {
			t.Errorf("%s: the ring changed", name)
		}
	}
}

// flaky answers with rows and err once it is on.
type flaky struct {
	*memory.Store
	on   bool
	rows []idp.KeyRecord
	err  error
}

func (f *flaky) Keys(ctx context.Context) ([]idp.KeyRecord, error) {
	if f.on {
		return f.rows, f.err
	}
	return f.Store.Keys(ctx)
}

func TestSigningGoesOnDuringReload(t *testing.T) {
	t.Parallel()
	r := openRing(t, memory.New(newClock().now), newClock().now)
	mac := r.MAC("test")
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 20 {
				raw, err := r.SignJWT(keys.ES256, "at+jwt", []byte(`{}`))
				if err == nil {
					_, err = r.VerifyJWT(raw, "at+jwt")
				}
				if err != nil || !mac.Verify(mac.Sum([]byte(raw)), []byte(raw)) {
					t.Errorf("a token made during Reload does not verify: %v", err)
				}
				r.JWKS()
			}
		})
	}
	wg.Go(func() {
		for range 5 {
			if err := r.Reload(t.Context()); err != nil {
				t.Error(err)
			}
		}
	})
	wg.Wait()
}

func TestJWKSHoldsPublicKeysOnly(t *testing.T) {
	t.Parallel()
	r := openRing(t, memory.New(newClock().now), newClock().now)
	body, etag := r.JWKS()
	var doc struct{ Keys []map[string]any }
	if err := json.Unmarshal(body, &doc); err != nil {
		t.Fatal(err)
	}
	if len(doc.Keys) != 2 || doc.Keys[0]["alg"] != "RS256" || doc.Keys[1]["alg"] != "ES256" {
		t.Fatalf("keys = %v, want RS256 and ES256", doc.Keys)
	}
	for _, k := range doc.Keys {
		for _, member := range []string{"d", "p", "q", "dp", "dq", "qi", "oth", "k"} {
			if _, there := k[member]; there {
				t.Errorf("%s: the private member %q is published", k["kid"], member)
			}
		}
		if k["use"] != "sig" {
			t.Errorf("use = %v, want sig", k["use"])
		}
	}
	if !strings.HasPrefix(etag, `"`) || !strings.HasSuffix(etag, `"`) || len(etag) < 20 {
		t.Errorf("etag = %s, want a strong one", etag)
	}
	for _, k := range parseJWKS(t, r).Keys {
		thumb, err := k.Thumbprint(sha256Hash)
		if err != nil || base64.RawURLEncoding.EncodeToString(thumb) != k.KeyID {
			t.Errorf("kid %s is not the RFC 7638 thumbprint that go-jose computes (%v)", k.KeyID, err)
		}
		if pub, ok := k.Key.(*rsa.PublicKey); ok && pub.N.BitLen() < 2048 {
			t.Errorf("RSA key of %d bits", pub.N.BitLen())
		}
	}
}

func TestSAMLKeyComesWithItsCertificate(t *testing.T) {
	t.Parallel()
	r := openRing(t, memory.New(newClock().now), newClock().now)
	k := r.SAMLKey()
	cert := k.Certificate
	if cert.Subject.CommonName != "cloudsso SAML signing" || cert.SignatureAlgorithm != x509.SHA256WithRSA {
		t.Errorf("certificate of %q signed with %s", cert.Subject, cert.SignatureAlgorithm)
	}
	if err := cert.CheckSignature(cert.SignatureAlgorithm, cert.RawTBSCertificate, cert.Signature); err != nil {
		t.Errorf("not self-signed: %v", err)
	}
	if cert.NotBefore.After(start) || !cert.NotAfter.Equal(start.AddDate(10, 0, 0)) {
		t.Errorf("valid from %s to %s, want ten years", cert.NotBefore, cert.NotAfter)
	}
	if cert.SerialNumber.BitLen() < 64 || cert.SerialNumber.Sign() < 0 {
		t.Errorf("serial number %s is not random", cert.SerialNumber)
	}
	if pub := cert.PublicKey.(*rsa.PublicKey); !pub.Equal(k.Signer.Public()) || pub.N.BitLen() != 2048 {
		t.Error("the certificate is of another key")
	}
	for _, i := range r.Keys() {
		sum := sha256.Sum256(cert.Raw)
		if i.Use == idp.KeyUseSAML && (i.SHA256 != hex.EncodeToString(sum[:]) || len(i.SHA1) != 40) {
			t.Errorf("fingerprints %q and %q", i.SHA1, i.SHA256)
		}
	}
}

func TestKeysListsNothingSecret(t *testing.T) {
	t.Parallel()
	store := memory.New(newClock().now)
	r := openRing(t, store, newClock().now)
	out, err := json.Marshal(r.Keys())
	if err != nil {
		t.Fatal(err)
	}
	rows, _ := store.Keys(t.Context())
	for _, row := range rows {
		if strings.Contains(string(out), base64.StdEncoding.EncodeToString(row.Sealed)) {
			t.Errorf("%s: the sealed key is listed", row.Slot)
		}
		if strings.Contains(string(row.Sealed), "PRIVATE") {
			t.Errorf("%s: not sealed", row.Slot)
		}
	}
}

func parseJWKS(t testing.TB, r *keys.Ring) *jose.JSONWebKeySet {
	t.Helper()
	body, _ := r.JWKS()
	set := new(jose.JSONWebKeySet)
	if err := json.Unmarshal(body, set); err != nil {
		t.Fatal(err)
	}
	for _, k := range set.Keys {
		if !k.Valid() || !k.IsPublic() {
			t.Errorf("key %s is not a valid public key", k.KeyID)
		}
	}
	return set
}
