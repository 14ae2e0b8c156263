package oauth

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"time"

	"cloudsso/keys"
)

// Prefixes let secret scanners and people see what has leaked. They are part of the MAC
// purpose too, so that no kind passes for another.
const (
	codePrefix    = "cac_"
	accessPrefix  = "cat_"
	refreshPrefix = "crt_"

	formatV1     = 1
	formatV2     = 2 // an access token for some of the grant's audience only
	grantIDBytes = 16
	accessFixed  = 1 + grantIDBytes + 4 + 4 + 8 // version, grant, issued, expires, random
	accessMAC    = 16
	refreshBody  = 1 + grantIDBytes + 8 // version, grant, sequence number
	refreshMAC   = 32
	maxToken     = 512 // characters; ours are far shorter
)

var (
	errForged  = errors.New("not one of ours")
	grantNames = base32.StdEncoding.WithPadding(base32.NoPadding)
	encoding   = base64.RawURLEncoding.Strict()
)

// tokens makes and reads access and refresh tokens.
type tokens struct {
	access, refresh *keys.MAC
}

func newTokens(ring *keys.Ring) *tokens {
	return &tokens{access: ring.MAC("oauth access token"), refresh: ring.MAC("oauth refresh token")}
}

// newCode returns a code for the grant: its id, to find the row, and 256 random bits.
func newCode(grantID string) (string, error) {
	id, err := packGrant(grantID)
	if err != nil {
		return "", err
	}
	random := make([]byte, 32)
	rand.Read(random)
	return codePrefix + encoding.EncodeToString(append(id, random...)), nil
}

// codeGrant returns the id of the grant that a code names. Whether the code is right,
// its hash in the row decides.
func codeGrant(code string) (string, error) {
	b, err := decode(codePrefix, code)
	if err != nil || len(b) != grantIDBytes+32 {
		return "", errForged
	}
	return unpackGrant(b[:grantIDBytes]), nil
}

// accessToken is what an access token says about itself.
type accessToken struct {
	grantID string
	issued  time.Time
	expires time.Time
	scopes  []byte // bit n: the grant's scope n; empty: all
	aud     []byte // bit n: item n of the grant's whole audience; empty: all
}

func (t *tokens) newAccess(grantID string, issued, expires time.Time, scopes, aud []byte) (string, error) {
	id, err := packGrant(grantID)
	if err != nil {
		return "", err
	}
	version := byte(formatV1)
	if len(aud) > 0 {
		version = formatV2
		scopes = slices.Concat([]byte{byte(len(scopes))}, scopes, aud)
	}
	b := append([]byte{version}, id...)
	b = binary.BigEndian.AppendUint32(b, uint32(issued.Unix()))
	b = binary.BigEndian.AppendUint32(b, uint32(expires.Unix()))
	b = b[:accessFixed]
	rand.Read(b[accessFixed-8:])
	b = append(b, scopes...)
	return accessPrefix + encoding.EncodeToString(append(b, t.access.Sum(b)[:accessMAC]...)), nil
}

// readAccess checks the MAC, so that a forged token costs no read of the store. Times
// are the caller's to check.
func (t *tokens) readAccess(token string) (accessToken, error) {
	b, err := decode(accessPrefix, token)
	if err != nil || len(b) < accessFixed+accessMAC || b[0] != formatV1 && b[0] != formatV2 {
		return accessToken{}, errForged
	}
	body, mac := b[:len(b)-accessMAC], b[len(b)-accessMAC:]
	if !t.access.Verify(mac, body) {
		return accessToken{}, errForged
	}
	scopes, aud := body[accessFixed:], []byte(nil)
	if body[0] == formatV2 {
		n := int(scopes[0])
		scopes, aud = scopes[1:1+n], scopes[1+n:]
	}
	seconds := func(at int) time.Time { return time.Unix(int64(binary.BigEndian.Uint32(body[at:])), 0).UTC() }
	return accessToken{
		grantID: unpackGrant(body[1 : 1+grantIDBytes]),
		issued:  seconds(1 + grantIDBytes),
		expires: seconds(1 + grantIDBytes + 4),
		scopes:  scopes,
		aud:     aud,
	}, nil
}

// newRefresh derives the refresh token of a grant with a sequence number: the same again
// whenever it is asked.
func (t *tokens) newRefresh(grantID string, seq int64) (string, error) {
	id, err := packGrant(grantID)
	if err != nil {
		return "", err
	}
	b := binary.BigEndian.AppendUint64(append([]byte{formatV1}, id...), uint64(seq))
	return refreshPrefix + encoding.EncodeToString(append(b, t.refresh.Sum(b)...)), nil
}

func (t *tokens) readRefresh(token string) (grantID string, seq int64, err error) {
	b, err := decode(refreshPrefix, token)
	if err != nil || len(b) != refreshBody+refreshMAC || b[0] != formatV1 || !t.refresh.Verify(b[refreshBody:], b[:refreshBody]) {
		return "", 0, errForged
	}
	return unpackGrant(b[1 : 1+grantIDBytes]), int64(binary.BigEndian.Uint64(b[1+grantIDBytes:])), nil
}

func decode(prefix, token string) ([]byte, error) {
	rest, ok := strings.CutPrefix(token, prefix)
	// Go's decoder skips line breaks; one token has one spelling.
	if !ok || len(token) > maxToken || strings.ContainsAny(rest, "\r\n") {
		return nil, errForged
	}
	return encoding.DecodeString(rest)
}

func packGrant(id string) ([]byte, error) {
	b, err := grantNames.DecodeString(strings.ToUpper(id))
	if err != nil || len(b) != grantIDBytes {
		return nil, errors.New("the grant's id is not one that NewID made")
	}
	return b, nil
}

func unpackGrant(b []byte) string { return strings.ToLower(grantNames.EncodeToString(b)) }

// selectScopes writes down which of the grant's scopes an access token has.
func selectScopes(all, chosen []string) []byte {
	bits := make([]byte, (len(all)+7)/8)
	complete := true
	for i, scope := range all {
		if slices.Contains(chosen, scope) {
			bits[i/8] |= 1 << (i % 8)
		} else {
			complete = false
		}
	}
	if complete {
		return nil
	}
	return bits
}

func selectedScopes(all []string, bits []byte) []string {
	if len(bits) == 0 {
		return all
	}
	var chosen []string
	for i, scope := range all {
		if i/8 < len(bits) && bits[i/8]&(1<<(i%8)) != 0 {
			chosen = append(chosen, scope)
		}
	}
	return chosen
}
