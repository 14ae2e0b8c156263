package samlidp

import (
	"context"
	"crypto/x509"

	"cloudsso/idp"
	"cloudsso/samlidp/dsig"
	"cloudsso/samlidp/wire"
	"cloudsso/samlidp/xenc"
)

// sealer encrypts to the application's first usable key. Errors are [idp.Invalid].
func sealer(sp idp.ServiceProvider) (*xenc.Sealer, error) {
	methods := make([]xenc.Method, len(sp.EncryptionMethods))
	for i, m := range sp.EncryptionMethods {
		methods[i] = xenc.Method(m)
	}
	err := error(idp.Errorf(idp.Invalid, "There is no encryption certificate of the application. Import its metadata again with one."))
	for _, der := range sp.EncryptionCerts {
		key, keyErr := dsig.PublicKey(der)
		if keyErr != nil {
			err = keyErr
			continue
		}
		var s *xenc.Sealer
		if s, err = xenc.NewSealer(key, certificateOnly(der), methods, cipherURI(sp.EncryptionAlgorithm)); err == nil {
			return s, nil
		}
	}
	return nil, err
}

// certificateOnly: KeyInfo names a certificate; metadata may hold a bare key.
func certificateOnly(der []byte) []byte {
	if _, err := x509.ParseCertificate(der); err != nil {
		return nil
	}
	return der
}

// cipherURI translates the policy's word.
func cipherURI(name string) string {
	switch name {
	case "aes128-gcm":
		return xenc.AES128GCM
	case "aes192-gcm":
		return xenc.AES192GCM
	case "aes256-gcm":
		return xenc.AES256GCM
	case "aes128-cbc":
		return xenc.AES128CBC
	case "aes192-cbc":
		return xenc.AES192CBC
	case "aes256-cbc":
		return xenc.AES256CBC
	}
	return name
}

// checkEncryption sees to it before anybody is asked for a password that what must be
// encrypted can be.
func (p *Provider) checkEncryption(_ context.Context, q *request) error {
	whole := q.sp.Encrypt == "optional" || q.sp.Encrypt == "required"
	if !whole && !q.encryptID {
		return nil
	}
	s, err := sealer(q.sp)
	switch {
	case err == nil && whole:
		q.sealer = s
	case err != nil && q.sp.Encrypt == "required":
		return responder(subRequestUnsupported, "Answers to this application must be encrypted, and that is not possible: %s", idp.AsError(err).Public).because(err)
	}
	switch {
	case err == nil && q.encryptID:
		q.idSealer = s
	case q.encryptID:
		return requester(subInvalidNameIDPolicy, "The NameID must be encrypted, and that is not possible: %s", idp.AsError(err).Public).because(err)
	}
	return nil
}

// writeSealed writes element inside a wrapper such as saml:EncryptedAssertion.
func writeSealed(w *wire.Writer, wrapper string, s *xenc.Sealer, element func(*wire.Writer) error) error {
	inner := wire.NewWriter()
	if err := element(inner); err != nil {
		return err
	}
	plain, err := inner.Bytes()
	if err != nil {
		return err
	}
	w.Start(wrapper)
	if err := s.Write(w, plain); err != nil {
		return err
	}
	w.End()
	return nil
}
