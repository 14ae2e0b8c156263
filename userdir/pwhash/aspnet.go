package pwhash

import (
	"crypto/sha512"
	"encoding/base64"
	"encoding/binary"
	"hash"
)

// parseASPNET reads the base64 of ASP.NET Identity: its first byte is the version.
func parseASPNET(text string) (Hash, error) {
	raw, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil || len(raw) == 0 {
		return Hash{}, ErrHash
	}
	switch raw[0] {
	case 0: // v2: 16 bytes of salt, 32 of key
		if len(raw) != 49 {
			return Hash{}, ErrHash
		}
		return derived(newSHA1, 1000, raw[1:17], raw[17:])
	case 1:
		return parseASPNETv3(raw[1:])
	}
	return Hash{}, ErrHash
}

// parseASPNETv3: three big-endian numbers (function, iterations, size of the salt), then
// salt and key.
func parseASPNETv3(raw []byte) (Hash, error) {
	if len(raw) < 12 {
		return Hash{}, ErrHash
	}
	function, iterations, size := binary.BigEndian.Uint32(raw), binary.BigEndian.Uint32(raw[4:]), binary.BigEndian.Uint32(raw[8:])
	functions := []func() hash.Hash{newSHA1, newSHA256, func() hash.Hash { return sha512.New() }}
	rest := raw[12:]
	// Of fewer than 128 bits in either the system itself takes none.
	if int(function) >= len(functions) || iterations > mostPBKDF2 || size < 16 || int64(size) > int64(len(rest))-16 {
		return Hash{}, ErrHash
	}
	return derived(functions[function], int(iterations), rest[:size], rest[size:])
}
