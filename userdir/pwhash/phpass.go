package pwhash

import (
	"slices"
	"strings"
)

// itoa64 is the alphabet of phpass, lowest bits first.
const itoa64 = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// parsePHPass reads what follows $P$: one letter for the rounds, 8 of salt, 22 of hash.
func parsePHPass(rest string) (Hash, error) {
	if len(rest) != 31 {
		return Hash{}, ErrHash
	}
	log := strings.IndexByte(itoa64, rest[0])
	if log < 7 || log > mostPHPass {
		return Hash{}, ErrHash
	}
	salt, want := []byte(rest[1:9]), []byte(rest[9:])
	return Hash{1, func(password []byte) bool {
		sum := md5Sum(slices.Concat(salt, password))
		for range 1 << log {
			sum = md5Sum(slices.Concat(sum, password))
		}
		return same(want, encode64(sum))
	}}, nil
}

func encode64(in []byte) (out []byte) {
	for i := 0; i < len(in); i += 3 {
		var v uint
		n := min(3, len(in)-i)
		for j := range n {
			v |= uint(in[i+j]) << (8 * j)
		}
		for range n + 1 {
			out = append(out, itoa64[v&63])
			v >>= 6
		}
	}
	return out
}
