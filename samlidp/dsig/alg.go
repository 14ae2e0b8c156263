package dsig

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	_ "crypto/sha1"
	_ "crypto/sha256" // the hashes below
	_ "crypto/sha512"

	"cloudsso/idp"
)

// Signature algorithms (RFC 9231). MD5, HMAC and DSA are not among them, and SHA-1 only for
// whoever asks for it by name: an attacker may not choose the weakest lock (S14).
const (
	RSASHA256   = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
	RSASHA384   = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384"
	RSASHA512   = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512"
	ECDSASHA256 = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"
	ECDSASHA384 = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384"
	ECDSASHA512 = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512"

	// RSASHA1 is broken. [Options.SHA1] signs with it, [Rules.SHA1] accepts it.
	RSASHA1 = "http://www.w3.org/2000/09/xmldsig#rsa-sha1"
)

const (
	digestSHA1   = "http://www.w3.org/2000/09/xmldsig#sha1"
	digestSHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
	digestSHA384 = "http://www.w3.org/2001/04/xmldsig-more#sha384"
	digestSHA512 = "http://www.w3.org/2001/04/xmlenc#sha512"

	excC14N   = "http://www.w3.org/2001/10/xml-exc-c14n#"
	c14n10    = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
	c14n11    = "http://www.w3.org/2006/12/xml-c14n11"
	enveloped = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
)

// Accepted returns what signatures are accepted with without further ado, the best choice
// first: signature algorithms and digests.
func Accepted() (signatures, digests []string) {
	return []string{RSASHA256, RSASHA384, RSASHA512, ECDSASHA256, ECDSASHA384, ECDSASHA512}, []string{digestSHA256, digestSHA384, digestSHA512}
}

// algorithm is one entry of the allow-list.
type algorithm struct {
	uri   string
	hash  crypto.Hash
	ecdsa bool
}

func algorithmOf(uri string, sha1 bool) (algorithm, bool) {
	switch uri {
	case RSASHA1:
		return algorithm{uri, crypto.SHA1, false}, sha1
	case RSASHA256:
		return algorithm{uri, crypto.SHA256, false}, true
	case RSASHA384:
		return algorithm{uri, crypto.SHA384, false}, true
	case RSASHA512:
		return algorithm{uri, crypto.SHA512, false}, true
	case ECDSASHA256:
		return algorithm{uri, crypto.SHA256, true}, true
	case ECDSASHA384:
		return algorithm{uri, crypto.SHA384, true}, true
	case ECDSASHA512:
		return algorithm{uri, crypto.SHA512, true}, true
	}
	return algorithm{}, false
}

func digestOf(uri string, sha1 bool) (crypto.Hash, bool) {
	switch uri {
	case digestSHA1:
		return crypto.SHA1, sha1
	case digestSHA256:
		return crypto.SHA256, true
	case digestSHA384:
		return crypto.SHA384, true
	case digestSHA512:
		return crypto.SHA512, true
	}
	return 0, false
}

// digestURI is the digest that goes with a's hash.
func (a algorithm) digestURI() string {
	switch a.hash {
	case crypto.SHA1:
		return digestSHA1
	case crypto.SHA384:
		return digestSHA384
	case crypto.SHA512:
		return digestSHA512
	}
	return digestSHA256
}

// fits reports whether a key is of the algorithm's kind. An RSA key never serves an
// ECDSA algorithm or the other way round, whatever a message says (S14).
func (a algorithm) fits(key crypto.PublicKey) bool {
	switch key.(type) {
	case *rsa.PublicKey:
		return !a.ecdsa
	case *ecdsa.PublicKey:
		return a.ecdsa
	}
	return false
}

// strong refuses keys that are too weak to trust, or too large to be worth the work.
func strong(key crypto.PublicKey) error {
	switch key := key.(type) {
	case *rsa.PublicKey:
		if bits := key.N.BitLen(); bits < 2048 || bits > 8192 {
			return idp.Errorf(idp.Invalid, "The RSA key has %d bits; 2048 to 8192 are accepted. Use another key.", bits)
		}
		return nil
	case *ecdsa.PublicKey:
		if name := key.Curve.Params().Name; name != "P-256" && name != "P-384" && name != "P-521" {
			return idp.Errorf(idp.Invalid, "The curve %s is not accepted. Use P-256, P-384 or P-521.", name)
		}
		return nil
	}
	return idp.Errorf(idp.Invalid, "The key is of a kind that is not accepted. Use RSA or ECDSA.")
}
