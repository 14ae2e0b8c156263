package oauth

import (
	"crypto/rand"
	"encoding/binary"
	"strings"
	"time"
)

const (
	devicePrefix = "cdc_"
	// userCodeLetters make no words and are hard to confuse (RFC 8628 §6.1): 20^8 codes.
	userCodeLetters = "BCDFGHJKLMNPQRSTVWXZ"
	userCodeLength  = 8
	userCodeIDBytes = 16
)

// newUserCode is what a person types, without its dash.
func newUserCode() string {
	var code strings.Builder
	for code.Len() < userCodeLength {
		var b [1]byte
		rand.Read(b[:])
		if n := int(b[0]); n < 240 { // the rest would make the first letters likelier
			code.WriteByte(userCodeLetters[n%len(userCodeLetters)])
		}
	}
	return code.String()
}

// readUserCode takes a code as people type it: in any case, with or without the dash.
func readUserCode(typed string) (code string, ok bool) {
	code = strings.Map(func(r rune) rune {
		switch {
		case strings.ContainsRune("-\u2010\u2013 \u00a0", r):
			return -1
		case r >= 'a' && r <= 'z':
			return r - 'a' + 'A'
		}
		return r
	}, typed)
	ok = len(code) == userCodeLength && strings.Trim(code, userCodeLetters) == ""
	return code, ok
}

func dashed(code string) string { return code[:userCodeLength/2] + "-" + code[userCodeLength/2:] }

// userCodeID is what the store knows a code by. A hash alone of so few letters would give
// the code away.
func (p *Provider) userCodeID(code string) string {
	return encoding.EncodeToString(p.userCodes.Sum([]byte(code))[:userCodeIDBytes])
}

// newDeviceCode is what the device polls with: where its ticket is, when that ends, and
// 256 random bits.
func newDeviceCode(id string, expires time.Time) (string, error) {
	at, err := encoding.DecodeString(id)
	if err != nil {
		return "", err
	}
	b := binary.BigEndian.AppendUint32([]byte{formatV1}, uint32(expires.Unix()))
	b = append(b, at...)
	random := make([]byte, 32)
	rand.Read(random)
	return devicePrefix + encoding.EncodeToString(append(b, random...)), nil
}

// readDeviceCode says where the ticket of a code is. Whether the code is right, its hash
// in the ticket decides; its time only chooses the words when there is no ticket.
func readDeviceCode(code string) (id string, expires time.Time, err error) {
	b, err := decode(devicePrefix, code)
	if err != nil || len(b) != 1+4+userCodeIDBytes+32 || b[0] != formatV1 {
		return "", time.Time{}, errForged
	}
	expires = time.Unix(int64(binary.BigEndian.Uint32(b[1:])), 0).UTC()
	return encoding.EncodeToString(b[5 : 5+userCodeIDBytes]), expires, nil
}
