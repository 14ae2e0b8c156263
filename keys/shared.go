package keys

import (
	"crypto/hmac"
	"fmt"
)

// SignMAC returns claims, a JSON object, as a compact JWS with an HMAC under a key that
// is shared with one client. alg is one of idp.SymmetricAlgs. A key shorter than the hash is
// refused (RFC 7518 §3.2). The header has no kid: there is one key.
func SignMAC(alg, typ string, key, claims []byte) (string, error) {
	sum, err := macOf(alg, key)
	if err != nil {
		return "", err
	}
	signed := b64([]byte(`{"alg":"`+alg+`","typ":"`+typ+`"}`)) + "." + b64(claims)
	return signed + "." + b64(sum([]byte(signed))), nil
}

// macOf returns the HMAC of an algorithm under a key.
func macOf(alg string, key []byte) (func([]byte) []byte, error) {
	hash, ok := macHash(alg)
	switch {
	case !ok:
		return nil, fmt.Errorf("%q is not an algorithm with a shared key", alg)
	case len(key) < hash.Size():
		return nil, fmt.Errorf("the shared key is shorter than %s needs", alg)
	}
	return func(data []byte) []byte {
		mac := hmac.New(hash.New, key)
		mac.Write(data)
		return mac.Sum(nil)
	}, nil
}
