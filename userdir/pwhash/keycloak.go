package pwhash

import (
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"hash"
	"strings"
)

// parseKeycloak reads one credential of type password of a realm export, whose two
// halves are JSON in text.
func parseKeycloak(rest string) (Hash, error) {
	var credential struct{ Type, SecretData, CredentialData string }
	if err := json.Unmarshal([]byte("{"+rest), &credential); err != nil || credential.Type != "" && credential.Type != "password" {
		return Hash{}, ErrHash
	}
	var secret struct{ Value, Salt []byte }
	var how struct {
		HashIterations       int
		Algorithm            string
		AdditionalParameters map[string][]string
	}
	if json.Unmarshal([]byte(credential.SecretData), &secret) != nil || json.Unmarshal([]byte(credential.CredentialData), &how) != nil {
		return Hash{}, ErrHash
	}
	h, known := map[string]func() hash.Hash{"pbkdf2": newSHA1, "pbkdf2-sha256": newSHA256, "pbkdf2-sha512": func() hash.Hash { return sha512.New() }}[how.Algorithm]
	switch {
	case known:
		return derived(h, how.HashIterations, secret.Salt, secret.Value)
	case how.Algorithm == "argon2":
		return keycloakArgon2(how.HashIterations, how.AdditionalParameters, secret.Salt, secret.Value)
	}
	return Hash{}, ErrHash
}

func keycloakArgon2(passes int, more map[string][]string, salt, want []byte) (Hash, error) {
	first := func(name string) string { return strings.Join(more[name], ",") }
	if first("version") != "1.3" {
		return Hash{}, ErrHash
	}
	b64 := base64.RawStdEncoding.EncodeToString
	return parseCrypt(fmt.Sprintf("$argon2%s$v=19$m=%s,t=%d,p=%s$%s$%s", first("type"), first("memory"), passes, first("parallelism"), b64(salt), b64(want)))
}
