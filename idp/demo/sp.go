package demo

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"github.com/crewjam/saml"
	"github.com/crewjam/saml/samlsp"
)

// serviceProvider signs people in by SAML Web SSO. It reads the provider's metadata
// from its public URL, as an admin of a service provider would.
type serviceProvider struct {
	demo    *Demo
	options samlsp.Options
	visits  *visits[spVisit]

	mu         sync.Mutex
	middleware *samlsp.Middleware
}

// spVisit is one visitor who signed in, as the page shows them.
type spVisit struct {
	NameID, Format, Session  string
	Issuer, Audience         string
	NotBefore, NotOnOrAfter  string
	Class, SignedBy, Message string
	Attributes               []spAttribute
}

type spAttribute struct{ Name, Friendly, Format, Values string }

func newServiceProvider(d *Demo, issuer *url.URL) (*serviceProvider, error) {
	// The key only signs this application's own request-tracking cookie.
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	root := *issuer
	root.Path = strings.TrimSuffix(root.Path, "/") + "/demo/sp/"
	s := &serviceProvider{demo: d, visits: newVisits[spVisit]("demo_sp", strings.TrimSuffix(root.Path, "/"))}
	s.options = samlsp.Options{
		URL: root, EntityID: SPEntityID(d.options.Issuer), Key: key, AllowIDPInitiated: true,
		DefaultRedirectURI: d.options.Issuer + "/demo/sp/", HTTPClient: d.options.HTTP, CookieSameSite: http.SameSiteLaxMode,
	}
	return s, nil
}

// document is our metadata without the key that signs nothing.
func (s *serviceProvider) document() []byte {
	sp := samlsp.DefaultServiceProvider(s.options)
	sp.AuthnNameIDFormat = saml.EmailAddressNameIDFormat
	doc, err := xml.MarshalIndent(sp.Metadata(), "", "  ")
	if err != nil {
		return nil // a struct of strings always marshals
	}
	return doc
}

func (s *serviceProvider) metadata(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/samlmetadata+xml")
	w.Write(s.document())
}

// service returns the middleware, fetching the provider's metadata at the first use.
func (s *serviceProvider) service(ctx context.Context) (*samlsp.Middleware, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.middleware != nil {
		return s.middleware, nil
	}
	address, err := url.Parse(s.demo.options.Issuer + "/saml/metadata")
	if err != nil {
		return nil, err
	}
	o := s.options
	if o.IDPMetadata, err = samlsp.FetchMetadata(ctx, s.demo.options.HTTP, *address); err != nil {
		return nil, err
	}
	m, err := samlsp.New(o)
	if err != nil {
		return nil, err
	}
	m.ServiceProvider.AuthnNameIDFormat = saml.EmailAddressNameIDFormat
	m.Session = s
	m.OnError = s.onError
	s.middleware = m
	return m, nil
}

func (s *serviceProvider) login(w http.ResponseWriter, r *http.Request) {
	m, err := s.service(r.Context())
	if err != nil {
		s.failed(w, http.StatusBadGateway, "The provider's metadata could not be read: "+err.Error())
		return
	}
	s.visits.end(w, r)
	target := r.Clone(r.Context())
	target.URL.Path = s.options.URL.Path // where the tracked request ends
	m.HandleStartAuthFlow(w, target)
}

func (s *serviceProvider) acs(w http.ResponseWriter, r *http.Request) {
	m, err := s.service(r.Context())
	if err != nil {
		s.failed(w, http.StatusBadGateway, "The provider's metadata could not be read: "+err.Error())
		return
	}
	// crewjam compares Destination with the URL of the request; behind a proxy that is not ours.
	r.URL.Path = m.ServiceProvider.AcsURL.Path
	m.ServeACS(w, r)
}

func (s *serviceProvider) show(w http.ResponseWriter, r *http.Request) {
	v := s.visits.of(r)
	if v == nil {
		http.Redirect(w, r, s.demo.options.Issuer+"/demo/sp/login", http.StatusSeeOther)
		return
	}
	s.demo.render(w, http.StatusOK, "sp.html", v)
}

func (s *serviceProvider) forget(w http.ResponseWriter, r *http.Request) {
	s.visits.end(w, r)
	http.Redirect(w, r, s.demo.options.Issuer+"/demo/", http.StatusSeeOther)
}

// CreateSession implements samlsp.SessionProvider: samlsp calls it with an assertion
// whose signature, audience, time and InResponseTo it has verified.
func (s *serviceProvider) CreateSession(w http.ResponseWriter, r *http.Request, a *saml.Assertion) error {
	response, err := base64.StdEncoding.DecodeString(r.PostForm.Get("SAMLResponse"))
	if err != nil {
		return err
	}
	s.visits.start(w, visitOf(a, response))
	return nil
}

// DeleteSession implements samlsp.SessionProvider.
func (s *serviceProvider) DeleteSession(w http.ResponseWriter, r *http.Request) error {
	s.visits.end(w, r)
	return nil
}

// GetSession implements samlsp.SessionProvider.
func (s *serviceProvider) GetSession(r *http.Request) (samlsp.Session, error) {
	if v := s.visits.of(r); v != nil {
		return v, nil
	}
	return nil, samlsp.ErrNoSession
}

func (s *serviceProvider) onError(w http.ResponseWriter, r *http.Request, err error) {
	text := err.Error()
	var invalid *saml.InvalidResponseError
	if errors.As(err, &invalid) {
		text = invalid.PrivateErr.Error() // samlsp hides the reason from the public; a demo shows it
	}
	log.Printf("demo service provider: %s", text)
	s.failed(w, http.StatusForbidden, "The answer was not accepted: "+text)
}

func (s *serviceProvider) failed(w http.ResponseWriter, status int, text string) {
	s.demo.problem(w, status, problem{App: "Demo service provider", Title: "Not signed in", Text: text, Again: "/demo/sp/login"})
}

func visitOf(a *saml.Assertion, response []byte) *spVisit {
	v := &spVisit{
		Issuer:       a.Issuer.Value,
		NotBefore:    a.Conditions.NotBefore.UTC().Format("15:04:05"),
		NotOnOrAfter: a.Conditions.NotOnOrAfter.UTC().Format("15:04:05 UTC"),
		SignedBy:     signatures(response),
		Message:      indent(response),
	}
	if a.Subject != nil && a.Subject.NameID != nil {
		v.NameID, v.Format = a.Subject.NameID.Value, a.Subject.NameID.Format
	}
	for _, r := range a.Conditions.AudienceRestrictions {
		v.Audience = r.Audience.Value
	}
	for _, s := range a.AuthnStatements {
		v.Session = s.SessionIndex
		if s.AuthnContext.AuthnContextClassRef != nil {
			v.Class = s.AuthnContext.AuthnContextClassRef.Value
		}
	}
	for _, s := range a.AttributeStatements {
		for _, attribute := range s.Attributes {
			v.Attributes = append(v.Attributes, attributeOf(attribute))
		}
	}
	return v
}

func attributeOf(a saml.Attribute) spAttribute {
	values := make([]string, 0, len(a.Values))
	for _, value := range a.Values {
		values = append(values, value.Value)
	}
	return spAttribute{Name: a.Name, Friendly: a.FriendlyName, Format: a.NameFormat, Values: strings.Join(values, ", ")}
}

// signatures says which elements carry a signature, with its algorithm.
func signatures(doc []byte) string {
	var path, found []string
	d := xml.NewDecoder(bytes.NewReader(doc))
	for {
		token, err := d.Token()
		if err != nil {
			break
		}
		switch t := token.(type) {
		case xml.StartElement:
			if t.Name.Local == "SignatureMethod" && len(path) >= 3 {
				for _, a := range t.Attr {
					if a.Name.Local == "Algorithm" {
						found = append(found, fmt.Sprintf("%s signed with %s", path[len(path)-3], a.Value[strings.LastIndex(a.Value, "#")+1:]))
					}
				}
			}
			path = append(path, t.Name.Local)
		case xml.EndElement:
			path = path[:len(path)-1]
		}
	}
	return strings.Join(found, ", ")
}

// indent writes doc with one element per line, for reading; the signature is over
// the bytes as received.
func indent(doc []byte) string {
	var b strings.Builder
	depth := 0
	rest := string(doc)
	for rest != "" {
		end := strings.IndexByte(rest, '>')
		if end < 0 {
			break
		}
		start := strings.IndexByte(rest, '<')
		if start < 0 || start > end {
			break
		}
		text, tag := rest[:start], rest[start:end+1]
		b.WriteString(text)
		closing := strings.HasPrefix(tag, "</")
		if closing {
			depth--
		}
		if text == "" && b.Len() > 0 {
			b.WriteString("\n" + strings.Repeat("  ", max(depth, 0)))
		}
		b.WriteString(tag)
		if !closing && !strings.HasSuffix(tag, "/>") && !strings.HasPrefix(tag, "<?") {
			depth++
		}
		rest = rest[end+1:]
	}
	b.WriteString(rest)
	return b.String()
}
