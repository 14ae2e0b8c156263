package verify

import (
	"bytes"
	"compress/flate"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/beevik/etree"
	"github.com/crewjam/saml"

	"cloudsso/idp"
)

// ServiceProvider is one service provider of ours, played by us. All fields are needed.
type ServiceProvider struct {
	Issuer    string
	App       idp.ServiceProvider // as it is stored
	Person    idp.Person          // who signs in
	Missing   error               // a required row of the mapping that has no value for the person
	Endpoints http.Handler
	Encrypts  bool            // what must be encrypted can be, here to a key of ours
	Key       *rsa.PrivateKey // signs requests
	// Open decrypts an EncryptedAssertion or EncryptedID.
	Open func(doc []byte) ([]byte, error)
	Now  func() time.Time
}

const (
	bindingPost     = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
	bindingRedirect = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
	statusSuccess   = "urn:oasis:names:tc:SAML:2.0:status:Success"
	sigRSASHA256    = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
)

// samlVisit is one sign-in of a service provider.
type samlVisit struct {
	*ServiceProvider
	sheet
	http         endpoints
	sso          string
	entityID     string // the provider's
	certificates []*x509.Certificate
	request      string // ID
	relayState   string
	message      message
}

// NewKeyPair makes the key pair that stands in for the application's for one test.
func NewKeyPair(now time.Time) (key *rsa.PrivateKey, certificate []byte, err error) {
	if key, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
		return nil, nil, err
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour)}
	certificate, err = x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	return key, certificate, err
}

// message is an answer that travels through the browser.
type message struct {
	to, response, relayState string
	doc                      *etree.Document
	query                    string // of a redirect: what the signature is over
}

// SignIn is [RelyingParty.SignIn] in SAML.
func (sp *ServiceProvider) SignIn(ctx context.Context) (Report, error) {
	start := sp.Now()
	v := &samlVisit{
		ServiceProvider: sp, sheet: sheet{Report{Protocol: idp.ProtocolSAML}}, http: endpoints{sp.Issuer, sp.Endpoints},
		sso: sp.Issuer + "/saml/sso", request: "_" + idp.NewID(), relayState: idp.NewID(),
	}
	err := v.run(ctx)
	v.Milliseconds = sp.Now().Sub(start).Milliseconds()
	return v.done(), err
}

func (v *samlVisit) run(ctx context.Context) error {
	must := v.refusals(v.App.Disabled, v.App.Assigned, v.Person, v.Missing)
	must = !v.checkKeys() || must
	if !v.App.Disabled && !v.readMetadata(ctx) {
		return nil
	}
	query, err := v.query()
	if err != nil {
		return err
	}
	got, err := v.http.get(ctx, v.sso+"?"+query, nil)
	if err != nil {
		return err
	}
	readErr := v.read(got)
	status, told := v.status(got)
	if must {
		v.refused(status != statusSuccess, told)
		return nil
	}
	if v.check(readErr == nil && status == statusSuccess, "Status", statusSuccess, told, "Read what the provider says: the application would be told the same, or the person would see it on a page.") {
		v.checkResponse()
	}
	return nil
}

// checkKeys looks at what the test has to replace: nobody but the application has its private
// keys. Where answers cannot be encrypted and must be, there may be none.
func (v *samlVisit) checkKeys() (may bool) {
	if v.App.SignsRequests || v.App.WantAuthnRequestsSigned {
		v.check(len(v.App.SigningCerts) > 0, "Key of the application", "a certificate to verify its requests with", fmt.Sprintf("%d certificates", len(v.App.SigningCerts)),
			"Import the metadata of the application again, with its signing certificate: its requests must be signed and could not be verified.")
	}
	if v.App.Encrypt != "optional" && v.App.Encrypt != "required" && !v.App.NameID.Encrypt {
		v.skip("Encryption certificate", "Nothing is encrypted for this application.")
		return true
	}
	received := fmt.Sprintf("%d certificates, none that can be used", len(v.App.EncryptionCerts))
	if v.Encrypts {
		received = "encrypted in a real sign-in for " + describe(v.App.EncryptionCerts) + "; here for a key of the test"
	}
	if v.App.Encrypt == "optional" && !v.App.NameID.Encrypt && !v.Encrypts {
		v.skip("Encryption certificate", "There is none that can be used, so assertions go in the clear (encrypt optional).")
		return true
	}
	return v.check(v.Encrypts, "Encryption certificate", "one that can be used", received, "Import the metadata of the application again, with an RSA encryption certificate.")
}

// describe names the first certificate by its fingerprint.
func describe(ders [][]byte) string {
	for _, der := range ders {
		if c, err := x509.ParseCertificate(der); err == nil {
			return fmt.Sprintf("the certificate with SHA-256 %x, valid until %s", sha256.Sum256(der), stamp(c.NotAfter))
		}
	}
	return "a key without a certificate"
}

// readMetadata reads what a service provider is configured by.
func (v *samlVisit) readMetadata(ctx context.Context) bool {
	advice := "Metadata is the provider's own. Report this, with the support code."
	got, err := v.http.get(ctx, v.Issuer+"/saml/metadata/"+url.PathEscape(v.App.App), nil)
	var about saml.EntityDescriptor
	if err == nil && got.status != http.StatusOK {
		err = fmt.Errorf("status %d", got.status)
	}
	if err == nil {
		err = xml.Unmarshal(got.body, &about)
	}
	if err == nil {
		err = v.take(about)
	}
	if !v.check(err == nil, "Metadata", "what the hand-over sheet links to", textOf(err, "read with crewjam/saml"), advice) {
		return false
	}
	now, valid := v.Now(), 0
	for _, c := range v.certificates {
		if !now.Before(c.NotBefore) && now.Before(c.NotAfter) {
			valid++
		}
	}
	return v.check(valid > 0, "Signing certificate", "one that is valid now", fmt.Sprintf("%d of %d", valid, len(v.certificates)), "Roll the SAML signing key over: strict applications refuse a certificate that has expired.")
}

func (v *samlVisit) take(about saml.EntityDescriptor) error {
	v.entityID = about.EntityID
	for _, d := range about.IDPSSODescriptors {
		for _, e := range d.SingleSignOnServices {
			if e.Binding == bindingRedirect {
				v.sso = e.Location
			}
		}
		for _, k := range d.KeyDescriptors {
			for _, data := range k.KeyInfo.X509Data.X509Certificates {
				der, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(data.Data), ""))
				if err != nil {
					return err
				}
				c, err := x509.ParseCertificate(der)
				if err != nil {
					return err
				}
				v.certificates = append(v.certificates, c)
			}
		}
	}
	if len(v.certificates) == 0 {
		return errors.New("there is no signing certificate in it")
	}
	return nil
}

// query is an AuthnRequest by HTTP-Redirect, signed if it has to be (Bindings §3.4.4).
func (v *samlVisit) query() (string, error) {
	doc := etree.NewDocument()
	root := doc.CreateElement("samlp:AuthnRequest")
	for name, value := range map[string]string{
		"xmlns:samlp": "urn:oasis:names:tc:SAML:2.0:protocol", "xmlns:saml": "urn:oasis:names:tc:SAML:2.0:assertion",
		"ID": v.request, "Version": "2.0", "IssueInstant": stamp(v.Now()), "Destination": v.sso,
	} {
		root.CreateAttr(name, value)
	}
	root.CreateElement("saml:Issuer").SetText(v.App.EntityID)
	plain, err := doc.WriteToBytes()
	if err != nil {
		return "", err
	}
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.DefaultCompression)
	if err == nil {
		_, err = w.Write(plain)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		return "", err
	}
	query := "SAMLRequest=" + url.QueryEscape(base64.StdEncoding.EncodeToString(b.Bytes())) + "&RelayState=" + url.QueryEscape(v.relayState)
	if !v.App.SignsRequests && !v.App.WantAuthnRequestsSigned {
		return query, nil
	}
	query += "&SigAlg=" + url.QueryEscape(sigRSASHA256)
	sum := sha256.Sum256([]byte(query))
	signature, err := rsa.SignPKCS1v15(rand.Reader, v.Key, crypto.SHA256, sum[:])
	return query + "&Signature=" + url.QueryEscape(base64.StdEncoding.EncodeToString(signature)), err
}

var errNoMessage = errors.New("there is no SAMLResponse in the answer")

// read takes the message out of the page or the address that the browser would get.
func (v *samlVisit) read(got said) (err error) {
	v.message.doc = etree.NewDocument()
	var raw []byte
	if to := got.header.Get("Location"); to != "" {
		raw, err = v.message.fromRedirect(to)
	} else {
		raw, err = v.message.fromPage(got.body)
	}
	if err == nil {
		err = v.message.doc.ReadFromBytes(raw)
	}
	if err == nil && v.message.doc.Root() == nil {
		err = errNoMessage
	}
	return err
}

func (m *message) fromRedirect(to string) ([]byte, error) {
	u, err := url.Parse(to)
	if err != nil {
		return nil, err
	}
	q := u.Query()
	m.response, m.relayState, m.query = q.Get("SAMLResponse"), q.Get("RelayState"), u.RawQuery
	if m.response == "" {
		return nil, errNoMessage
	}
	m.to, _, _ = strings.Cut(to, "?")
	packed, err := base64.StdEncoding.DecodeString(m.response)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(packed)), maxAnswer))
}

func (m *message) fromPage(page []byte) ([]byte, error) {
	f, err := readForm(page)
	if err != nil {
		return nil, err
	}
	m.to, m.response, m.relayState = f.action, f.fields.Get("SAMLResponse"), f.fields.Get("RelayState")
	if m.response == "" {
		return nil, errNoMessage
	}
	return base64.StdEncoding.DecodeString(m.response)
}

// status is what the answer says of itself; "" for a page of the provider.
func (v *samlVisit) status(got said) (code, told string) {
	root := v.message.doc.Root()
	if root == nil {
		return "", got.reason(fmt.Sprintf("a page with status %d", got.status))
	}
	code = attr(root.FindElement("./Status/StatusCode"), "Value")
	if code == statusSuccess {
		return code, code
	}
	told = code + " " + attr(root.FindElement("./Status/StatusCode/StatusCode"), "Value")
	if m := root.FindElement("./Status/StatusMessage"); m != nil {
		told += ": " + m.Text()
	}
	return code, got.reason(told)
}
