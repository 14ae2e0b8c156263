package oauth_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"cloudsso/idp"
	"cloudsso/oauth"
)

// handle calls a handler without a network between.
func handle(b *testing.B, handler http.HandlerFunc, form url.Values) string {
	r, err := http.NewRequest(http.MethodPost, "/", strings.NewReader(form.Encode()))
	if err != nil {
		b.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := &kept{h: http.Header{}}
	handler(w, r)
	return w.h.Get("Location") + w.body.String()
}

type kept struct {
	h    http.Header
	body strings.Builder
}

func (k *kept) Header() http.Header         { return k.h }
func (k *kept) Write(b []byte) (int, error) { return k.body.Write(b) }
func (k *kept) WriteHeader(int)             {}

// BenchmarkSignIn measures the two halves of a sign-in beside the one signature in it.
func BenchmarkSignIn(b *testing.B) {
	for _, alg := range []string{"RS256", "ES256", "EdDSA"} {
		h := openHouse(b, sharedRing())
		h.client("wiki", func(c *idp.Client) {
			c.IDTokenSignedResponseAlg, c.TokenEndpointAuthMethod = alg, "client_secret_post"
		})
		p := h.provider(b)
		b.Run(alg+"/authorize", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				codeFrom(b, p, "openid")
			}
		})
		b.Run(alg+"/exchange", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				b.StopTimer()
				form := exchangeForm(codeFrom(b, p, "openid"), "client_id", "wiki", "client_secret", secretOf("wiki"))
				b.StartTimer()
				if body := handle(b, p.Token, form); !strings.Contains(body, "id_token") {
					b.Fatal(body)
				}
			}
		})
		b.Run(alg+"/refresh", func(b *testing.B) {
			form := exchangeForm(codeFrom(b, p, "openid offline_access"), "client_id", "wiki", "client_secret", secretOf("wiki"))
			refresh := refreshFrom(b, handle(b, p.Token, form))
			b.ReportAllocs()
			for b.Loop() {
				body := handle(b, p.Token, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refresh}, "client_id": {"wiki"}, "client_secret": {secretOf("wiki")}})
				refresh = refreshFrom(b, body)
			}
		})
		b.Run(alg+"/signature alone", func(b *testing.B) {
			claims := make([]byte, 300)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := h.ring.SignJWT(alg, "JWT", claims); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkDocuments: both are made beforehand; a client that has one already gets no body.
func BenchmarkDocuments(b *testing.B) {
	p := openHouse(b, sharedRing()).provider(b)
	for name, handler := range map[string]http.HandlerFunc{"discovery": p.Discovery, "JWKS": p.JWKS} {
		w := &kept{h: http.Header{}}
		r, err := http.NewRequest(http.MethodGet, "/", nil)
		if err != nil {
			b.Fatal(err)
		}
		handler(w, r)
		for kind, tag := range map[string]string{"whole": "", "unchanged": w.h.Get("ETag")} {
			b.Run(name+"/"+kind, func(b *testing.B) {
				r.Header.Set("If-None-Match", tag)
				b.ReportAllocs()
				for b.Loop() {
					handler(&kept{h: http.Header{}}, r)
				}
			})
		}
	}
}

// BenchmarkMachines measures what programs do among themselves.
func BenchmarkMachines(b *testing.B) {
	h := openHouse(b, sharedRing())
	post := func(c *idp.Client) { c.TokenEndpointAuthMethod = "client_secret_post" }
	h.client("wiki", post)
	h.client("bot", func(c *idp.Client) { machine(c); post(c) })
	p := h.provider(b)
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {"bot"}, "client_secret": {secretOf("bot")}}
	b.Run("client credentials by private_key_jwt", func(b *testing.B) {
		h.client("keyed", keyed)
		b.ReportAllocs()
		for b.Loop() {
			b.StopTimer()
			raw := h.asserts("keyed", "ES256", keyFor("ES256"), nil, nil)
			b.StartTimer()
			if body := handle(b, p.Token, assertionForm(raw, "grant_type", "client_credentials")); !strings.Contains(body, "access_token") {
				b.Fatal(body)
			}
		}
	})
	b.Run("client credentials", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if body := handle(b, p.Token, form); !strings.Contains(body, "access_token") {
				b.Fatal(body)
			}
		}
	})
	body := handle(b, p.Token, exchangeForm(codeFrom(b, p, "openid offline_access"), "client_id", "wiki", "client_secret", secretOf("wiki")))
	token := url.Values{"token": {refreshFrom(b, body)}, "client_id": {"wiki"}, "client_secret": {secretOf("wiki")}}
	b.Run("introspect", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if body := handle(b, p.Introspect, token); !strings.Contains(body, `"active":true`) {
				b.Fatal(body)
			}
		}
	})
}

func codeFrom(b *testing.B, p *oauth.Provider, scope string) string {
	u, err := url.Parse(handle(b, p.Authorize, request("wiki", "scope", scope)))
	if err != nil || u.Query().Get("code") == "" {
		b.Fatal(u, err)
	}
	return u.Query().Get("code")
}

func refreshFrom(b *testing.B, body string) string {
	_, rest, _ := strings.Cut(body, `"refresh_token":"`)
	token, _, ok := strings.Cut(rest, `"`)
	if !ok {
		b.Fatal(body)
	}
	return token
}
