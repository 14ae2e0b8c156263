package idp

import "time"

// Session is one browser, signed in once for all apps. The browser holds the secret;
// the store holds its hash.
type Session struct {
	ID        string // HashSecret of the cookie value
	SID       string // public name: the "sid" claim; NewID
	Subject   string
	AuthTime  time.Time // last time the person proved who they are
	AMR       []string  // RFC 8176
	CreatedAt time.Time
	SeenAt    time.Time    // last use, coarse (minutes)
	ExpiresAt time.Time    // absolute end; the idle end is the login's business
	IP        string       // of the sign-in
	UserAgent string       // of the sign-in, at most 256 bytes
	Apps      []SessionApp // SAML only
	Version   int64        // compare-and-swap counter, owned by the store
}

// SessionApp is one app that was told about this session, with what it was told;
// logout needs it to name the session to that app. OpenID Connect clients are not listed:
// the [Grant] of each carries SessionID and SID.
type SessionApp struct {
	Protocol        string // one of the Protocol… constants
	App             string // client_id or slug
	NameID          string // SAML: as sent, like the fields below
	NameIDFormat    string
	NameQualifier   string
	SPNameQualifier string
	SessionIndex    string
	At              time.Time
}
