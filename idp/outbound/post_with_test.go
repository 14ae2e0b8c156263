package outbound_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"cloudsso/idp/outbound"
)

func TestPostWithSendsTheHeader(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.WriteHeader(http.StatusAccepted)
		_, _ = io.WriteString(w, r.Method+" "+r.Header.Get("SOAPAction")+" "+r.Header.Get("Content-Type")+" "+r.UserAgent()+" "+string(body))
	}))
	t.Cleanup(server.Close)
	c, err := outbound.New(outbound.Options{Dev: true})
	if err != nil {
		t.Fatal(err)
	}
	header := http.Header{"Content-Type": {"text/xml"}, "Soapaction": {`"urn:a"`}, "User-Agent": {"somebody else"}}
	status, answer, err := c.PostWith(t.Context(), server.URL, header, []byte("<x/>"), 1000)
	if want := `POST "urn:a" text/xml cloudsso <x/>`; err != nil || status != http.StatusAccepted || string(answer) != want {
		t.Errorf("%d %q, %v; want %q", status, answer, err, want)
	}
}
