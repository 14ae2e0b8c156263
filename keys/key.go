package keys

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"cloudsso/idp"
)

// State of a key, by the clock.
type State string

// The states, in the order that a key goes through them.
const (
	Next     State = "next"     // published, does not sign yet
	Active   State = "active"   // may sign; the one that became active last does
	Retiring State = "retiring" // published and verifies, does not sign while another can
	Retired  State = "retired"  // not published, verifies nothing
)

// key is one unsealed row.
type key struct {
	idp.KeyRecord
	method  algorithm         // nil without a key pair
	signer  crypto.Signer     // nil without a key pair
	secret  []byte            // KeyUseToken only
	cert    *x509.Certificate // of SAML keys only
	jwk     jwk
	headers map[string]string // JOSE header, base64url, per typ
}

func (k *key) kind() kind { return kind{k.Use, k.Alg} }

func (k *key) state(now time.Time) State {
	switch {
	case !k.ExpireAt.IsZero() && !now.Before(k.ExpireAt):
		return Retired
	case k.ActivateAt.IsZero() || now.Before(k.ActivateAt):
		return Next
	case !k.RetireAt.IsZero() && !now.Before(k.RetireAt):
		return Retiring
	}
	return Active
}

// unseal opens a row and checks that its halves belong together: the sealed key is
// authentic, but the columns beside it are whatever the store says.
func unseal(kek *KEK, r idp.KeyRecord) (*key, error) {
	plain, err := kek.Open(purposeOf(r), r.Sealed)
	if err != nil {
		return nil, err
	}
	k := &key{KeyRecord: r}
	switch {
	case r.Use == idp.KeyUseToken:
		k.secret = plain
		return k, nil
	case r.Use == idp.KeyUseShared && len(plain) == 0:
		return k, nil
	}
	if err := k.parse(plain); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrTampered, err)
	}
	return k, nil
}

func (k *key) parse(pkcs8 []byte) error {
	var ok bool
	if k.method, ok = algorithmOf(k.Alg); !ok {
		return fmt.Errorf("unknown algorithm %q", k.Alg)
	}
	private, err := x509.ParsePKCS8PrivateKey(pkcs8)
	if err != nil {
		return err
	}
	if k.signer, ok = private.(crypto.Signer); !ok || !k.method.fits(k.signer.Public()) {
		return fmt.Errorf("not a key for %s", k.Alg)
	}
	kid, err := Thumbprint(k.signer.Public())
	if err != nil {
		return err
	}
	if kid != k.ID {
		return errors.New("the id is not the thumbprint of the key")
	}
	switch {
	case k.Use == idp.KeyUseSign:
		return k.prepareJOSE()
	case isSAML(k.Use):
		return k.parseCertificate()
	}
	return fmt.Errorf("unknown use %q", k.Use)
}

func (k *key) prepareJOSE() (err error) {
	if k.jwk, err = publicJWK(k.signer.Public()); err != nil {
		return err
	}
	k.jwk.Use, k.jwk.Alg, k.jwk.Kid = "sig", k.Alg, k.ID
	k.headers = make(map[string]string)
	for _, typ := range []string{"JWT", "at+jwt", "logout+jwt"} {
		if k.headers[typ], err = k.makeHeader(typ); err != nil {
			return err
		}
	}
	return nil
}

func (k *key) makeHeader(typ string) (string, error) {
	h, err := json.Marshal(joseHeader{Alg: k.Alg, Kid: k.ID, Typ: typ})
	return b64(h), err
}

func (k *key) header(typ string) (string, error) {
	if h, ok := k.headers[typ]; ok {
		return h, nil
	}
	return k.makeHeader(typ)
}

func (k *key) parseCertificate() (err error) {
	if k.cert, err = x509.ParseCertificate(k.Certificate); err != nil {
		return err
	}
	// A certificate of somebody else's key, put into our row, would be published in
	// metadata and trusted by every service provider.
	own, err := x509.MarshalPKIXPublicKey(k.signer.Public())
	if err == nil && !bytes.Equal(own, k.cert.RawSubjectPublicKeyInfo) {
		err = errors.New("the certificate is of another key")
	}
	return err
}
