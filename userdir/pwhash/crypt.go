package pwhash

import (
	"strings"

	"github.com/go-crypt/crypt/algorithm"
	"github.com/go-crypt/crypt/algorithm/argon2"
	"github.com/go-crypt/crypt/algorithm/bcrypt"
	"github.com/go-crypt/crypt/algorithm/md5crypt"
	"github.com/go-crypt/crypt/algorithm/pbkdf2"
	"github.com/go-crypt/crypt/algorithm/scrypt"
	"github.com/go-crypt/crypt/algorithm/sha1crypt"
	"github.com/go-crypt/crypt/algorithm/shacrypt"
	"github.com/go-crypt/x/yescrypt"
)

// schemes are the forms of crypt(3) and of the Password Hashing Competition, by the name
// between the first two dollars. cost reads what follows it.
var schemes = map[string]struct {
	decode algorithm.DecodeFunc
	cost   func(parts []string) (kib uint32, ok bool)
}{
	"argon2id": {argon2.Decode, argon2Parts}, "argon2i": {argon2.Decode, argon2Parts}, "argon2d": {argon2.Decode, argon2Parts},
	"2a": {bcrypt.Decode, bcryptParts}, "2b": {bcrypt.Decode, bcryptParts}, "2y": {bcrypt.Decode, bcryptParts},
	"bcrypt-sha256": {bcrypt.Decode, bcryptSHA256Parts},
	"pbkdf2":        {pbkdf2.Decode, pbkdf2Parts}, "pbkdf2-sha1": {pbkdf2.Decode, pbkdf2Parts}, "pbkdf2-sha224": {pbkdf2.Decode, pbkdf2Parts},
	"pbkdf2-sha256": {pbkdf2.Decode, pbkdf2Parts}, "pbkdf2-sha384": {pbkdf2.Decode, pbkdf2Parts}, "pbkdf2-sha512": {pbkdf2.Decode, pbkdf2Parts},
	"scrypt": {scrypt.Decode, scryptParts}, "y": {scrypt.Decode, yescryptParts},
	"5": {shacrypt.Decode, shacryptParts}, "6": {shacrypt.Decode, shacryptParts},
	"1": {md5crypt.Decode, md5cryptParts}, "sha1": {sha1crypt.Decode, sha1cryptParts},
}

func parseCrypt(text string) (Hash, error) {
	parts := strings.Split(text, "$")
	if len(parts) < 3 || parts[0] != "" {
		return Hash{}, ErrHash
	}
	s, known := schemes[parts[1]]
	if !known {
		return Hash{}, ErrHash
	}
	kib, ok := s.cost(parts[2:])
	if !ok {
		return Hash{}, ErrHash
	}
	digest, err := s.decode(text)
	if err != nil || len(digest.Key()) > mostOutput {
		return Hash{}, ErrHash
	}
	return Hash{kib, digest.MatchBytes}, nil
}

// argon2Parts: v=19, m=…,t=…,p=…, salt, hash. Parameters that are left out would get
// the library's defaults, so all must be there.
func argon2Parts(parts []string) (uint32, bool) {
	if len(parts) != 4 || parts[0] != "v=19" {
		return 0, false
	}
	p, ok := parameters(parts[1])
	if !ok || len(p) != 3 {
		return 0, false
	}
	m, t, lanes := number(p["m"]), number(p["t"]), number(p["p"])
	return uint32(max(m, 0)), argon2Cost(m, t, lanes)
}

func bcryptParts(parts []string) (uint32, bool) {
	cost := number(parts[0])
	return 5, len(parts) == 2 && cost >= 4 && cost <= mostBcrypt
}

// bcryptSHA256Parts: v=2,t=2b,r=12, salt, hash.
func bcryptSHA256Parts(parts []string) (uint32, bool) {
	p, ok := parameters(parts[0])
	r := number(p["r"])
	return 5, ok && len(parts) == 3 && p["v"] == "2" && r >= 4 && r <= mostBcrypt
}

func pbkdf2Parts(parts []string) (uint32, bool) {
	return 1, len(parts) == 3 && pbkdf2Cost(number(parts[0]), 1)
}

// scryptParts: ln=…,r=…,p=…, salt, hash.
func scryptParts(parts []string) (uint32, bool) {
	p, ok := parameters(parts[0])
	if !ok || len(parts) != 3 || len(p) != 3 {
		return 0, false
	}
	return scryptMemory(number(p["ln"]), number(p["r"]), number(p["p"]))
}

// yescryptParts: the settings are three numbers in an encoding of their own.
func yescryptParts(parts []string) (uint32, bool) {
	if len(parts) != 3 || len(parts[0]) < 3 {
		return 0, false
	}
	_, logN, r, err := yescrypt.DecodeSetting([]byte(parts[0]))
	if err != nil {
		return 0, false
	}
	return scryptMemory(logN, r, 1)
}

// shacryptParts: rounds=…, salt, hash; without rounds they are 5000.
func shacryptParts(parts []string) (uint32, bool) {
	if len(parts) == 2 {
		return 1, true
	}
	rounds, named := strings.CutPrefix(parts[0], "rounds=")
	n := number(rounds)
	return 1, named && len(parts) == 3 && n >= 1000 && n <= mostCrypt
}

// md5cryptParts: salt, hash. The form has no rounds; Sun's, which has some, is another.
func md5cryptParts(parts []string) (uint32, bool) { return 1, len(parts) == 2 }

func sha1cryptParts(parts []string) (uint32, bool) {
	n := number(parts[0])
	return 1, len(parts) == 3 && n >= 1 && n <= mostCrypt
}
