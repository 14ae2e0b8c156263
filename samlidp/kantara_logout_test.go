package samlidp_test

import (
	"crypto"
	"testing"

	"cloudsso/samlidp"
)

// turned is a ring after a rotation: what was encrypted to the key before still comes.
type turned struct {
	fakeRing
	before crypto.Signer
}

func (r turned) SAMLDecrypters() []crypto.Decrypter {
	return append(r.fakeRing.SAMLDecrypters(), r.before.(crypto.Decrypter))
}

// A name that is encrypted to either of our keys is read; to somebody else's, it is not.
func TestIIP_IDP19_EveryDecryptionKeyIsTried(t *testing.T) {
	t.Parallel()
	const plain = `<saml:NameID xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">` + email + `</saml:NameID>`
	for key, ok := range map[string]bool{"idp": true, "other": true, "sp": false} {
		t.Run(key, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, func(o *samlidp.Options) { o.Ring = turned{newRing(t), privateKey(t, "other")} })
			h.two()
			h.logoutByRedirect(logoutRequest(`<saml:NameID Format="urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress">`+email+`</saml:NameID>`, sealedID(t, key, plain, "")))
			if h.alive("session") == ok {
				t.Errorf("the session lives: %v", !ok)
			}
		})
	}
}

// Where logout goes is what the metadata says: requests to Location, answers to ResponseLocation.
func TestIIP_IDP20_LogoutAddressesOfMetadata(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.imports(wikiMetadata("", keyFor("signing", certificate(t, "sp").Raw)+
		`<md:SingleLogoutService Binding="`+soapBinding+`" Location="https://wiki.example/soap"/>`+
		`<md:SingleLogoutService Binding="`+redirectBinding+`" Location="`+spSLO+`" ResponseLocation="`+spSLODone+`"/>`+
		`<md:NameIDFormat>`+samlidp.FormatEmail+`</md:NameIDFormat>`))
	h.signOn("session", "sid-1", authnRequest())
	h.logout.browser = "session"
	inRedirect(t, h.farewell("one", "wiki", "").Visit, spSLO, "SAMLRequest")
	answered(t, h.follow(h.logoutByRedirect(logoutRequest())), spSLODone).is(t, success, "")
}
