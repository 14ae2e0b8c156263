package keys_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"testing"
	"time"

	"cloudsso/idp/memory"
	"cloudsso/keys"
)

var claims = []byte(`{"iss":"https://id.example.com","sub":"6q3n2pb7c5d4e3f2a1z0y9x8wv","aud":"app","exp":1795262400,"iat":1795258800,"auth_time":1795258800,"nonce":"n-0S6_WzA2Mj","sid":"abcdefghijklmnopqrstuvwxyz"}`)

func BenchmarkSignJWT(b *testing.B) {
	r := openRing(b, memory.New(time.Now), time.Now)
	digest := sha256.Sum256(claims)
	rsaKey, _ := rsa.GenerateKey(rand.Reader, 2048)
	ecKey, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	for name, f := range map[string]func() error{
		"RS256":    func() error { _, err := r.SignJWT(keys.RS256, "", claims); return err },
		"RS256raw": func() error { _, err := rsa.SignPKCS1v15(nil, rsaKey, crypto.SHA256, digest[:]); return err },
		"ES256":    func() error { _, err := r.SignJWT(keys.ES256, "", claims); return err },
		"ES256raw": func() error { _, _, err := ecdsa.Sign(rand.Reader, ecKey, digest[:]); return err },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := f(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkJWKS(b *testing.B) {
	r := openRing(b, memory.New(time.Now), time.Now)
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
