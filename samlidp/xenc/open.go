package xenc

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"strings"

	"cloudsso/samlidp/wire"
)

// maxKeys is how many EncryptedKeys are tried: each costs a private-key operation.
const maxKeys = 4

// Open decrypts an element such as saml:EncryptedID, which holds one xenc:EncryptedData and
// its xenc:EncryptedKeys, with whichever of our keys fits, and parses what was inside. verified
// says that a signature over e was verified before; without one only AES-GCM is read. Errors
// are [idp.Invalid], and the same for everything that is wrong with the cipher.
func Open(e *wire.Element, keys []crypto.Decrypter, verified bool) (*wire.Element, error) {
	data := e.Child(wire.NSEnc, "EncryptedData")
	if data == nil {
		return nil, e.Errorf("there is no <EncryptedData> in it.")
	}
	b, sealed, err := parseData(data)
	if err != nil {
		return nil, err
	}
	// S16: who may alter the ciphertext and hear whether the padding was right reads it byte by byte.
	if !b.gcm && !verified {
		return nil, data.Errorf("AES in CBC mode is read only in a signed message. Encrypt with AES-GCM, or sign.")
	}
	carried, err := encryptedKeys(e, data)
	if err != nil {
		return nil, err
	}
	for _, k := range carried {
		for _, key := range keys {
			if plain, ok := k.open(key, b, sealed); ok {
				if inner, err := wire.Parse(plain); err == nil {
					return inner, nil
				}
			}
		}
	}
	// One answer for a wrong key, a wrong tag, wrong padding and broken content, and no cause: it
	// would tell the log pieces of what was secret.
	return nil, e.Errorf("it cannot be decrypted with our key. Encrypt to the certificate in our current metadata.")
}

func parseData(data *wire.Element) (block, []byte, error) {
	method := data.Child(wire.NSEnc, "EncryptionMethod")
	if method == nil {
		return block{}, nil, data.Errorf("the <EncryptionMethod> is missing.")
	}
	uri, _ := method.Attr("Algorithm")
	b, ok := blockOf(uri)
	if !ok {
		return b, nil, method.Errorf("the cipher is not accepted. Use AES-GCM.")
	}
	value, err := cipherOf(data)
	return b, value, err
}

// cipherOf takes the octets in place. A CipherReference names an address, which is never fetched,
// or a transform, which is never run (S16, S17).
func cipherOf(e *wire.Element) ([]byte, error) {
	data := e.Child(wire.NSEnc, "CipherData")
	if data == nil || len(data.Elements()) != 1 || !data.Elements()[0].Is(wire.NSEnc, "CipherValue") {
		return nil, e.Errorf("its <CipherData> must hold one <CipherValue>.")
	}
	text := strings.Join(strings.Fields(data.Elements()[0].Text()), "")
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, data.Errorf("the <CipherValue> is not valid base64.")
	}
	return raw, nil
}

// carriedKey is one EncryptedKey.
type carriedKey struct {
	transport transport
	value     []byte
}

// encryptedKeys finds the keys inside the KeyInfo and beside the data; both places are in use (Core §6.1).
func encryptedKeys(e, data *wire.Element) ([]carriedKey, error) {
	var found []*wire.Element
	for _, parent := range []*wire.Element{data.Child(wire.NSDSig, "KeyInfo"), e} {
		if parent == nil {
			continue
		}
		for _, c := range parent.Elements() {
			if c.Is(wire.NSEnc, "EncryptedKey") {
				found = append(found, c)
			}
		}
	}
	if len(found) == 0 || len(found) > maxKeys {
		return nil, e.Errorf("it must come with one to %d <EncryptedKey> elements.", maxKeys)
	}
	out := make([]carriedKey, 0, len(found))
	for _, el := range found {
		k, err := parseKey(el)
		if err != nil {
			return nil, err
		}
		out = append(out, k)
	}
	return out, nil
}

func parseKey(e *wire.Element) (k carriedKey, err error) {
	method := e.Child(wire.NSEnc, "EncryptionMethod")
	if method == nil {
		return k, e.Errorf("the <EncryptionMethod> is missing.")
	}
	uri, _ := method.Attr("Algorithm")
	var ok bool
	if k.transport, ok = transportOf(uri, parameter(method, wire.NSDSig, "DigestMethod"), parameter(method, wire.NSEnc11, "MGF")); !ok || method.Child(wire.NSEnc, "OAEPparams") != nil {
		return k, method.Errorf("the key transport is not accepted. Use RSA-OAEP (rsa-oaep-mgf1p) without parameters.")
	}
	k.value, err = cipherOf(e)
	return k, err
}

func parameter(method *wire.Element, space, local string) string {
	p := method.Child(space, local)
	if p == nil {
		return ""
	}
	uri, _ := p.Attr("Algorithm")
	return uri
}

func (k carriedKey) open(key crypto.Decrypter, b block, sealed []byte) ([]byte, bool) {
	secret, err := key.Decrypt(rand.Reader, k.value, &rsa.OAEPOptions{Hash: k.transport.digest, MGFHash: k.transport.mgf})
	if err != nil || len(secret) != b.key {
		return nil, false
	}
	plain, err := b.open(secret, sealed)
	return plain, err == nil
}
