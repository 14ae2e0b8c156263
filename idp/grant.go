package idp

import "time"

// Grant is what one person (or, without a Subject, one client) allowed a client.
// It is one row: it owns the authorization code, the refresh-token family and every
// access token, which all resolve through it and die with it.
type Grant struct {
	ID        string // NewID; also inside each token
	ClientID  string
	Subject   string // empty for client credentials
	SID       string // Session.SID at authorization, may be empty
	SessionID string // Session.ID at authorization, may be empty
	GrantType string // the grant type that made it

	Scopes      []string
	RedirectURI string // as sent in the authorization request; compared at exchange (RFC 6749 §4.1.3)
	Nonce       string
	Challenge   string // PKCE S256 code_challenge; empty if none was sent
	AuthTime    time.Time
	ACR         string
	AMR         []string
	Request     map[string]string // other request parameters that the tokens depend on (max_age, claims …)

	CodeHash      string    // HashSecret of the code
	CodeExpiresAt time.Time // at most 60 s after CreatedAt (RFC 9700 §4.2.2)
	CodeUsedAt    time.Time // zero until redeemed

	// Refresh tokens are derived from (grant, sequence number) and a key, so a spent
	// one needs no row: the token with RefreshSeq is the current one, and RefreshSeq-1
	// may come back until RefreshGraceUntil for the answer it already got.
	RefreshSeq        int64 // 0: no refresh token was issued
	RefreshExpiresAt  time.Time
	RefreshGraceUntil time.Time

	CreatedAt time.Time
	ExpiresAt time.Time // the row may be swept after this; never before the last token is dead
	RevokedAt time.Time // zero while alive
	Revoked   string    // why: "code_reuse", "refresh_reuse", "user_disabled", …
}

// GrantFilter selects grants. Fields that are set must all match.
type GrantFilter struct {
	Subject   string
	ClientID  string
	SessionID string
	SID       string
}

// Redemption is the one write of a code exchange.
type Redemption struct {
	GrantID          string
	CodeHash         string    // must be the grant's, unused
	RefreshSeq       int64     // 1 to start a refresh family, 0 for none
	RefreshExpiresAt time.Time // zero without a family
	ExpiresAt        time.Time // new Grant.ExpiresAt
}

// Rotation is the one write of a refresh.
type Rotation struct {
	GrantID          string
	Seq              int64 // must be the grant's RefreshSeq; becomes Seq+1
	GraceUntil       time.Time
	RefreshExpiresAt time.Time
	ExpiresAt        time.Time // new Grant.ExpiresAt
}

// Consent is what a person agreed to let a client have.
type Consent struct {
	Subject  string
	ClientID string
	Scopes   []string
	At       time.Time
}

// Holding is what decides about a request that names a client and a grant, as it was at
// one moment. What is not there is nil or zero. The clients are shared with other
// readers: whoever wants to change one makes a copy.
type Holding struct {
	Client  *Client // the one that was asked for
	Grant   Grant
	Owner   *Client // of the grant
	Consent Consent // of the grant's subject to its owner
}
