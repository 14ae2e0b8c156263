package samlidp

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"cloudsso/idp"
)

// Certificate serves the certificate that signs for an application, as its administrators
// want it: certificate.pem, .der, or .txt for base64 in one line.
func (p *Provider) Certificate(w http.ResponseWriter, r *http.Request) {
	sp, err := p.appOf(r)
	if err != nil {
		p.pages.Error(w, r, err)
		return
	}
	key, err := p.ring.SAMLKeyOf(r.Context(), p.events, wearer(sp))
	if err == nil && key.Certificate == nil {
		err = errors.New("the key ring has no SAML signing key")
	}
	if err != nil {
		p.pages.Error(w, r, err)
		return
	}
	body, kind := rendered(key.Certificate.Raw, r.PathValue("file"))
	if body == nil {
		p.pages.Error(w, r, nowhere)
		return
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Cache-Control", "public, max-age=300")
	_, _ = w.Write(body) // a reader that went away needs no answer
}

func rendered(der []byte, file string) (body []byte, kind string) {
	switch file {
	case "certificate.pem":
		return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), "application/x-pem-file"
	case "certificate.der":
		return der, "application/pkix-cert"
	case "certificate.txt":
		return []byte(base64.StdEncoding.EncodeToString(der)), "text/plain; charset=us-ascii"
	}
	return nil, ""
}

// fetchNoted is how often at most one application's reading is noted, and fetchKept how
// long it is known.
const (
	fetchNoted = 10 * time.Minute
	fetchKept  = 400 * 24 * time.Hour
)

// noteFetch notes that somebody has read an application's metadata, and which certificates
// they saw, for admins who wonder whether an old one is still needed. Losing a note does no harm.
func (p *Provider) noteFetch(ctx context.Context, app string, certificates []*x509.Certificate) {
	fetch := idp.MetadataFetch{At: p.now().UTC()}
	for _, c := range certificates {
		sum := sha256.Sum256(c.Raw)
		fetch.Certificates = append(fetch.Certificates, hex.EncodeToString(sum[:]))
	}
	if err := p.keepFetch(ctx, app, fetch); err != nil {
		idp.Note(ctx, slog.String("metadata_fetch", err.Error()))
	}
}

func (p *Provider) keepFetch(ctx context.Context, app string, fetch idp.MetadataFetch) error {
	data, err := json.Marshal(fetch)
	if err != nil {
		return err
	}
	t := idp.Ticket{Kind: idp.TicketMetadataFetch, ID: app, Data: data, CreatedAt: fetch.At, ExpiresAt: fetch.At.Add(fetchKept)}
	old, err := p.flows.Ticket(ctx, t.Kind, t.ID)
	if errors.Is(err, idp.ErrNotFound) {
		return p.flows.CreateTicket(ctx, t)
	}
	if err != nil {
		return err
	}
	var last idp.MetadataFetch
	if json.Unmarshal(old.Data, &last) == nil && fetch.At.Sub(last.At) < fetchNoted && slices.Equal(last.Certificates, fetch.Certificates) {
		return nil
	}
	t.Version = old.Version
	return p.flows.UpdateTicket(ctx, t)
}
