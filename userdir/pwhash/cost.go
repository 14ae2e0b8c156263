package pwhash

import (
	"strconv"
	"strings"
)

// The caps. Each is about a second of one processor, and above what the systems that
// people come from use.
const (
	mostMemory  = 256 << 10 // KiB
	mostWork    = 1 << 20   // KiB of memory passed over (argon2, scrypt)
	mostPasses  = 64        // argon2's t, scrypt's p
	mostBcrypt  = 14        // 2^14 rounds
	mostPBKDF2  = 2_000_000 // iterations of one block
	mostOutput  = 128       // bytes that are derived
	mostCrypt   = 1_000_000 // rounds of $5$, $6$, $1$, $sha1$
	mostPHPass  = 18        // 2^18 rounds
	mostThreads = 16
)

// argon2Cost: memory in KiB, passes, lanes (RFC 9106 §3.1).
func argon2Cost(m, t, p int) bool {
	return p >= 1 && p <= mostThreads && t >= 1 && t <= mostPasses && m >= 8*p && m <= mostMemory && m*t <= mostWork
}

// scryptMemory is what scrypt takes, in KiB; ok says that it is affordable (RFC 7914 §2).
func scryptMemory(logN, r, p int) (kib uint32, ok bool) {
	if logN < 1 || logN > 24 || r < 1 || r > 64 || p < 1 || p > mostPasses {
		return 0, false
	}
	bytes := 128 * r << logN
	return uint32(bytes>>10) + 1, bytes>>10 <= mostMemory && (bytes>>10)*p <= mostWork
}

func pbkdf2Cost(iterations, output int) bool {
	return iterations >= 1 && iterations <= mostPBKDF2 && output >= 1 && output <= mostOutput
}

// number reads a plain decimal number; -1 for anything else.
func number(s string) int {
	if s == "" || len(s) > 9 || strings.Trim(s, "0123456789") != "" {
		return -1
	}
	n, err := strconv.Atoi(s)
	if err != nil {
		return -1
	}
	return n
}

// parameters reads "m=65536,t=3,p=4". A name twice is refused: two readers could take
// different ones.
func parameters(s string) (map[string]string, bool) {
	out := make(map[string]string)
	for part := range strings.SplitSeq(s, ",") {
		name, value, ok := strings.Cut(part, "=")
		if _, twice := out[name]; !ok || twice {
			return nil, false
		}
		out[name] = value
	}
	return out, true
}
