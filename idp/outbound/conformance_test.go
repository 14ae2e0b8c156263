package outbound_test

import (
	"crypto/tls"
	"net/http"
	"testing"

	"cloudsso/idp/outbound"
)

// What goes to an application's back channel goes by TLS 1.3, or by 1.2 with a cipher
// suite of forward secrecy and authenticated encryption, and by nothing older.
func TestConformance_Q03_ModernTLS(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		min, max uint16
		suites   []uint16
		ok       bool
	}{
		"TLS 1.3":                   {tls.VersionTLS12, tls.VersionTLS13, nil, true},
		"TLS 1.2":                   {tls.VersionTLS12, tls.VersionTLS12, []uint16{tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256}, true},
		"TLS 1.1":                   {tls.VersionTLS10, tls.VersionTLS11, nil, false},
		"TLS 1.2 by RSA encryption": {tls.VersionTLS12, tls.VersionTLS12, []uint16{tls.TLS_RSA_WITH_AES_128_GCM_SHA256}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			seen := make(chan uint16, 1)
			s := newSite(t, func(w http.ResponseWriter, r *http.Request) { seen <- r.TLS.Version })
			// A server reads these when a connection arrives, and none has.
			s.TLS.MinVersion, s.TLS.MaxVersion, s.TLS.CipherSuites = c.min, c.max, c.suites
			_, _, err := s.client(t, outbound.Options{}).Post(t.Context(), s.url("/back"), "application/x-www-form-urlencoded", nil, 100)
			switch {
			case (err == nil) != c.ok:
				t.Errorf("got %v", err)
			case c.ok && <-seen != c.max:
				t.Error("an older version was agreed on than both can")
			}
		})
	}
}
