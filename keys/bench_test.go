package keys_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"hash"
	"testing"
	"time"

	"cloudsso/idp"
	"cloudsso/idp/memory"
	"cloudsso/keys"
)

var claims = []byte(`{"iss":"https://id.example.com","sub":"6q3n2pb7c5d4e3f2a1z0y9x8wv","aud":"app","exp":1795262400,"iat":1795258800,"auth_time":1795258800,"nonce":"n-0S6_WzA2Mj","sid":"abcdefghijklmnopqrstuvwxyz"}`)

// rawSignatures are what the standard library needs for the one signature in a JWT.
func rawSignatures() map[string]func() error {
	var claimsHash = map[crypto.Hash][]byte{}
	for _, h := range []crypto.Hash{crypto.SHA256, crypto.SHA384, crypto.SHA512} {
		d := h.New()
		d.Write(claims)
		claimsHash[h] = d.Sum(nil)
	}
	out := map[string]func() error{}
	for bits, hash := range map[int]crypto.Hash{2048: crypto.SHA256, 3072: crypto.SHA384, 4096: crypto.SHA512} {
		key, _ := rsa.GenerateKey(rand.Reader, bits)
		name := map[int]string{2048: "256", 3072: "384", 4096: "512"}[bits]
		out["RS"+name] = func() error { _, err := rsa.SignPKCS1v15(nil, key, hash, claimsHash[hash]); return err }
		out["PS"+name] = func() error { _, err := rsa.SignPSS(rand.Reader, key, hash, claimsHash[hash], nil); return err }
	}
	for alg, curve := range map[string]elliptic.Curve{"ES256": elliptic.P256(), "ES384": elliptic.P384(), "ES512": elliptic.P521()} {
		key, _ := ecdsa.GenerateKey(curve, rand.Reader)
		out[alg] = func() error { _, _, err := ecdsa.Sign(rand.Reader, key, claimsHash[crypto.SHA256]); return err }
	}
	_, ed, _ := ed25519.GenerateKey(rand.Reader)
	out["EdDSA"] = func() error { ed25519.Sign(ed, claims); return nil }
	return out
}

// BenchmarkSignJWT has the raw signature beside each algorithm: of-raw is how much of its
// rate is left.
func BenchmarkSignJWT(b *testing.B) {
	r := openRing(b, memory.New(time.Now), time.Now)
	if err := r.Ensure(b.Context(), &log{}, idp.AsymmetricAlgs()...); err != nil {
		b.Fatal(err)
	}
	raw := rawSignatures()
	for _, alg := range idp.AsymmetricAlgs() {
		b.Run(alg, func(b *testing.B) {
			alone := timeOf(b, raw[alg])
			b.ReportAllocs()
			for b.Loop() {
				if _, err := r.SignJWT(alg, "", claims); err != nil {
					b.Fatal(err)
				}
			}
			ratio(b, alone)
		})
	}
	key := []byte(idp.NewSharedKey())
	for alg, hash := range map[string]func() hash.Hash{"HS256": sha256.New, "HS512": sha512.New} {
		b.Run(alg, func(b *testing.B) {
			alone := timeOf(b, func() error { m := hmac.New(hash, key); m.Write(claims); m.Sum(nil); return nil })
			b.ReportAllocs()
			for b.Loop() {
				if _, err := keys.SignMAC(alg, "JWT", key, claims); err != nil {
					b.Fatal(err)
				}
			}
			ratio(b, alone)
		})
	}
}

// timeOf measures something for a fifth of a second.
func timeOf(b *testing.B, f func() error) time.Duration {
	n, began := 0, time.Now()
	for ; time.Since(began) < 200*time.Millisecond; n++ {
		if err := f(); err != nil {
			b.Fatal(err)
		}
	}
	return time.Since(began) / time.Duration(n)
}

func ratio(b *testing.B, alone time.Duration) {
	b.ReportMetric(float64(alone)*float64(b.N)/float64(b.Elapsed()), "of-raw")
}

func BenchmarkJWKS(b *testing.B) {
	r := openRing(b, memory.New(time.Now), time.Now)
	if err := r.Ensure(b.Context(), &log{}, "EdDSA", "ES384", "HS512"); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		r.JWKS()
	}
}

func BenchmarkMAC(b *testing.B) {
	m := openRing(b, memory.New(time.Now), time.Now).MAC("bench")
	part := []byte("6q3n2pb7c5d4e3f2a1z0y9x8wv")
	b.ReportAllocs()
	for b.Loop() {
		m.Verify(m.Sum(part), part)
	}
}

// BenchmarkFirstOpen is what the very first start of an installation waits for.
func BenchmarkFirstOpen(b *testing.B) {
	for b.Loop() {
		openRing(b, memory.New(time.Now), time.Now)
	}
}
