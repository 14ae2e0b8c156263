package keys_test

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"strings"
	"testing"
	"time"

	"cloudsso/idp"
	"cloudsso/idp/memory"
	"cloudsso/keys"
)

// The whole rollover of an application's own certificate, and each step back.
func TestAnOwnCertificateIsRolledOverInStepsThatCanBeTakenBack(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 1)
	r, ctx, crm := c.nodes[0], t.Context(), keys.SAMLApp{App: "crm", Alg: keys.RS256}
	shared := r.SAMLKey().Certificate
	signs := func(want []byte, published ...[]byte) {
		t.Helper()
		k, err := r.SAMLKeyOf(ctx, c.log, crm)
		if err != nil || !bytes.Equal(k.Certificate.Raw, want) {
			t.Fatalf("another key signs: %v", err)
		}
		certs := r.SAMLCertificatesOf(crm)
		if len(certs) != len(published) {
			t.Fatalf("%d certificates are published, want %d", len(certs), len(published))
		}
		for i := range certs {
			if !bytes.Equal(certs[i].Raw, published[i]) {
				t.Fatalf("certificate %d is another", i)
			}
		}
	}
	signs(shared.Raw, shared.Raw)
	own := c.must(r.Rotate(ctx, c.log, keys.Plan{Use: keys.SAMLUse("crm")}))
	if own.App != "crm" || own.State != keys.Next || own.Slot != "saml:crm/RS256/1" {
		t.Fatalf("%+v", own)
	}
	signs(shared.Raw, shared.Raw, own.Certificate)
	if other := r.SAMLCertificatesOf(keys.SAMLApp{App: "hr", Alg: keys.RS256}); len(other) != 1 || len(r.SAMLCertificates()) != 1 {
		t.Error("another application is shown it")
	}
	if _, err := r.Activate(ctx, c.log, own.KID, false); err == nil || !strings.Contains(err.Error(), "is not published long enough") {
		t.Errorf("at once: %v", err)
	}
	c.advance(25 * time.Hour)
	c.must(r.Activate(ctx, c.log, own.Slot, false))
	signs(own.Certificate, own.Certificate, shared.Raw)
	c.must(r.Deactivate(ctx, c.log, own.Slot)) // back
	signs(shared.Raw, shared.Raw, own.Certificate)
	c.must(r.Activate(ctx, c.log, own.Slot, false))
	c.advance(31 * 24 * time.Hour)
	signs(own.Certificate, own.Certificate)

	next := c.must(r.Rotate(ctx, c.log, keys.Plan{Use: keys.SAMLUse("crm")}))
	c.must(r.Retire(ctx, c.log, next.KID, false)) // called off
	c.must(r.Publish(ctx, c.log, next.KID))       // and that taken back
	signs(own.Certificate, own.Certificate, next.Certificate)
	c.advance(25 * time.Hour)
	c.must(r.Activate(ctx, c.log, next.KID, false))
	c.advance(time.Hour)
	c.must(r.Retire(ctx, c.log, own.KID, false))
	c.must(r.Publish(ctx, c.log, own.KID))
	if k := c.slot(own.Slot); k.State != keys.Retiring || k.Signing {
		t.Errorf("published again: %+v", k)
	}
	if _, err := r.Retire(ctx, c.log, next.KID, true); err == nil || !strings.Contains(err.Error(), "is the one that signs") {
		t.Errorf("the signing key is retired: %v", err)
	}
	if _, err := r.Deactivate(ctx, c.log, "saml/RS256/1"); err == nil || !strings.Contains(err.Error(), "Only an application's own key") {
		t.Errorf("the shared one: %v", err)
	}
	if _, err := r.Publish(ctx, c.log, own.KID); err == nil || !strings.Contains(err.Error(), "is published") {
		t.Errorf("twice: %v", err)
	}
}

// An application stays with the key that it is pinned to, through every rollover.
func TestAPinHoldsUntilItsKeyIsRetired(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 1)
	r, ctx := c.nodes[0], t.Context()
	old := r.SAMLKey().Certificate
	pinned := keys.SAMLApp{App: "crm", Key: "saml/RS256/1", Alg: keys.RS256}
	c.must(r.Rotate(ctx, c.log, keys.Plan{Use: idp.KeyUseSAML, Now: true}))
	if r.SAMLKey().Certificate.Equal(old) || r.SAMLKeyID(pinned) != c.slot("saml/RS256/1").KID || !r.SAMLCertificatesOf(pinned)[0].Equal(old) {
		t.Error("the pin does not hold")
	}
	foreign := c.must(r.Rotate(ctx, c.log, keys.Plan{Use: keys.SAMLUse("hr")}))
	for name, a := range map[string]keys.SAMLApp{
		"another application's key": {App: "crm", Key: foreign.KID, Alg: keys.RS256},
		"a key of another kind":     {App: "crm", Key: "sig/RS256/1", Alg: keys.RS256},
		"no key":                    {App: "crm", Key: "nothing", Alg: keys.RS256},
	} {
		if err := r.CheckSAMLPin(a); err == nil || !strings.Contains(err.Error(), "There is no published SAML key") {
			t.Errorf("%s: %v", name, err)
		}
		if k, err := r.SAMLKeyOf(ctx, nil, a); err != nil || !k.Certificate.Equal(r.SAMLKey().Certificate) {
			t.Errorf("%s: signs all the same: %v", name, err)
		}
	}
	if err := r.CheckSAMLPin(pinned); err != nil {
		t.Error(err)
	}
	c.must(r.Retire(ctx, c.log, "saml/RS256/1", true))
	if k, err := r.SAMLKeyOf(ctx, nil, pinned); err != nil || k.Certificate.Equal(old) {
		t.Errorf("a retired key signs: %v", err)
	}
}

func TestAKeyMadeElsewhereIsSealedAndPublished(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 1)
	r, ctx := c.nodes[0], t.Context()
	made := r.SAMLKey()
	der, err := x509.MarshalPKCS8PrivateKey(made.Signer)
	if err != nil {
		t.Fatal(err)
	}
	text := func(kind string, der []byte) []byte { return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}) }
	other := newCluster(t, 1)
	good := keys.Import{App: "crm", Key: text("PRIVATE KEY", der), Certificate: text("CERTIFICATE", made.Certificate.Raw)}
	c.must(r.Rotate(ctx, c.log, keys.Plan{Use: idp.KeyUseSAML, Now: true}))
	if _, err := r.ImportSAML(ctx, c.log, good); err == nil || !strings.Contains(err.Error(), "in the ring already") {
		t.Errorf("twice: %v", err)
	}
	fresh := openRing(t, memory.New(c.now), c.now)
	for name, row := range map[string]struct {
		in   keys.Import
		want string
	}{
		"no key":                     {keys.Import{Key: []byte("x"), Certificate: good.Certificate}, "Expected one private key"},
		"no certificate":             {keys.Import{Key: good.Key}, "Expected one X.509 certificate"},
		"a certificate of another":   {keys.Import{Key: good.Key, Certificate: text("CERTIFICATE", fresh.SAMLKey().Certificate.Raw)}, "of another key"},
		"a key as a certificate":     {keys.Import{Key: good.Key, Certificate: good.Key}, "Expected one X.509 certificate"},
		"a certificate that is none": {keys.Import{Key: good.Key, Certificate: text("CERTIFICATE", []byte("x"))}, "cannot be read"},
	} {
		if _, err := fresh.ImportSAML(ctx, c.log, row.in); err == nil || !strings.Contains(err.Error(), row.want) || strings.Contains(err.Error(), string(good.Key[40:80])) {
			t.Errorf("%s: %v", name, err)
		}
	}
	k, err := fresh.ImportSAML(ctx, other.log, good)
	if err != nil || k.App != "crm" || k.State != keys.Next {
		t.Fatalf("%+v %v", k, err)
	}
	if _, err := fresh.Activate(ctx, other.log, k.KID, true); err != nil {
		t.Fatal(err)
	}
	if got, err := fresh.SAMLKeyOf(ctx, nil, keys.SAMLApp{App: "crm", Alg: keys.RS256}); err != nil || !got.Certificate.Equal(made.Certificate) {
		t.Errorf("it does not sign: %v", err)
	}
}

// Every certificate is spoken of, once on all nodes, with the application whose it is.
func TestTheEndOfAnOwnCertificateIsSpokenOf(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 2)
	own := c.must(c.nodes[0].Rotate(t.Context(), c.log, keys.Plan{Use: keys.SAMLUse("crm")}))
	c.log.names()
	c.set(own.NotAfter.Add(-30 * 24 * time.Hour))
	c.tick(-1)
	n := 0
	for _, e := range c.log.events {
		if e.Name == idp.EventKeyExpiring && e.App == "crm" && e.Detail["days_left"] == "30" {
			n++
		}
	}
	if n != 1 {
		t.Errorf("%d Events, want 1: %+v", n, c.log.events)
	}
}
