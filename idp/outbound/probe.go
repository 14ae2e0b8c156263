package outbound

import (
	"context"
	"net/http"
	"time"

	"cloudsso/idp"
)

// Seen is what an address answered to [Client.Probe].
type Seen struct {
	Status   int
	Date     time.Time // zero if the header is missing or no date
	NotAfter time.Time // end of the TLS certificate; zero over plain http
}

// Probe asks an address by GET, follows it nowhere and reads no body. The gates are those
// of Fetch, and so are the errors.
func (c *Client) Probe(ctx context.Context, rawURL string) (Seen, error) {
	u, err := c.parse(rawURL)
	if err != nil {
		return Seen{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return Seen{}, idp.Errorf(idp.Invalid, "This is not a complete https address.").Because(err)
	}
	req.Header.Set("User-Agent", "cloudsso")
	resp, err := c.http.Transport.RoundTrip(req)
	if err != nil {
		return Seen{}, unreachable(err, u.Host)
	}
	resp.Body.Close()
	seen := Seen{Status: resp.StatusCode}
	seen.Date, _ = http.ParseTime(resp.Header.Get("Date"))
	if resp.TLS != nil && len(resp.TLS.PeerCertificates) > 0 {
		seen.NotAfter = resp.TLS.PeerCertificates[0].NotAfter
	}
	return seen, nil
}
