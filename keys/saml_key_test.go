package keys_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"sync"
	"testing"

	"cloudsso/idp"
	"cloudsso/idp/memory"
	"cloudsso/keys"
)

func TestTheECKeyOfSAMLIsMadeOnce(t *testing.T) {
	t.Parallel()
	c, events := newClock(), new(log)
	store := memory.New(c.now)
	rings := []*keys.Ring{openRing(t, store, c.now), openRing(t, store, c.now), openRing(t, store, c.now)}
	if n := len(rings[0].SAMLCertificates()); n != 1 {
		t.Fatalf("%d certificates before anybody asked", n)
	}
	got := make([]keys.SAMLKey, len(rings))
	var wg sync.WaitGroup
	for i, r := range rings {
		wg.Go(func() {
			var err error
			if got[i], err = r.SAMLKeyFor(t.Context(), events, keys.ES256); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for i, k := range got {
		if k.Certificate == nil || !k.Certificate.Equal(got[0].Certificate) {
			t.Fatalf("node %d has another key", i)
		}
		if _, ok := k.Signer.Public().(*ecdsa.PublicKey); !ok || k.Certificate.CheckSignature(k.Certificate.SignatureAlgorithm, k.Certificate.RawTBSCertificate, k.Certificate.Signature) != nil {
			t.Errorf("node %d: %T", i, k.Signer.Public())
		}
		certs := rings[i].SAMLCertificates()
		if len(certs) != 2 || !certs[0].Equal(rings[i].SAMLKey().Certificate) || !certs[1].Equal(k.Certificate) {
			t.Errorf("node %d publishes %d certificates", i, len(certs))
		}
	}
	if len(events.events) != 1 || events.events[0].Name != idp.EventKeyCreated {
		t.Errorf("events %+v", events.events)
	}
	again, err := openRing(t, store, c.now).SAMLKeyFor(t.Context(), events, keys.ES256)
	if err != nil || !again.Certificate.Equal(got[0].Certificate) {
		t.Errorf("after a restart: %v", err)
	}
	if _, err := rings[0].SAMLKeyFor(t.Context(), events, "HS256"); err == nil {
		t.Error("a SAML key of a symmetric kind")
	}
	rsaKey, err := rings[0].SAMLKeyFor(t.Context(), events, keys.RS256)
	if err != nil || !rsaKey.Certificate.Equal(rings[0].SAMLKey().Certificate) {
		t.Errorf("RS256: %v", err)
	}
}

func TestWhatIsEncryptedToAPublishedCertificateCanBeOpened(t *testing.T) {
	t.Parallel()
	c, events := newClock(), new(log)
	r := openRing(t, memory.New(c.now), c.now)
	if _, err := r.SAMLKeyFor(t.Context(), events, keys.ES256); err != nil {
		t.Fatal(err)
	}
	keyring := r.SAMLDecrypters()
	if len(keyring) != 1 {
		t.Fatalf("%d keys", len(keyring))
	}
	cert := r.SAMLKey().Certificate
	if cert.KeyUsage&x509.KeyUsageKeyEncipherment == 0 {
		t.Error("the certificate forbids what the metadata offers")
	}
	secret, err := rsa.EncryptOAEP(sha256.New(), rand.Reader, cert.PublicKey.(*rsa.PublicKey), []byte("x"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if plain, err := keyring[0].Decrypt(rand.Reader, secret, &rsa.OAEPOptions{Hash: crypto.SHA256}); err != nil || string(plain) != "x" {
		t.Errorf("%q, %v", plain, err)
	}
}

// The elliptic key is rolled over in steps, as the other one is.
func TestTheECKeyOfSAMLIsRolledOver(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 1)
	r := c.nodes[0]
	signing := func() keys.SAMLKey {
		k, err := r.SAMLKeyFor(t.Context(), c.log, keys.ES256)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	first := signing()
	next := c.must(r.Rotate(t.Context(), c.log, keys.Plan{Use: idp.KeyUseSAML, Alg: keys.ES256}))
	if !signing().Certificate.Equal(first.Certificate) || len(r.SAMLCertificates()) != 3 {
		t.Errorf("the next key signs before it is activated, or is not published: %d certificates", len(r.SAMLCertificates()))
	}
	c.advance(keys.SAMLLead)
	c.must(r.Activate(t.Context(), c.log, next.KID, false))
	if signing().Certificate.Equal(first.Certificate) {
		t.Error("the old key still signs")
	}
	if r.SAMLKey().Certificate.PublicKeyAlgorithm.String() != "RSA" {
		t.Error("the RSA key changed")
	}
}
