package idp

import "time"

// FlowTTL is how long a person may take from the protocol's question to its answer.
const FlowTTL = 30 * time.Minute

// Protocols that a [Flow] can belong to.
const (
	ProtocolOIDC  = "oidc"
	ProtocolSAML  = "saml"
	ProtocolToken = "token" // signed-token apps
	// ProtocolVerify is a test sign-in to an app of whatever protocol: the answer goes to the
	// admin who began it, and never to the app.
	ProtocolVerify = "verify"
)

// Flow is one login in progress. The protocol that started it stores the request as
// received and runs its checks again when the person comes back; nothing that was
// checked once travels through the browser as if it were still true.
type Flow struct {
	ID       string // NewSecret; stands in the URL
	Protocol string // one of Protocol…, or console
	App      string // client_id or slug
	Return   string // path of the protocol's continue endpoint; the login adds ?flow=<id>
	Request  string // the protocol's request, as received; opaque to everybody else
	Browser  string // HashSecret of the browser cookie that may go on with this flow
	Support  string // support code of the request that began it: its trace goes on in later ones

	Ask    Ask
	Answer Answer

	Version   int64 // compare-and-swap counter, owned by the store
	CreatedAt time.Time
	ExpiresAt time.Time
}

// Ask is what the protocol needs of the login.
type Ask struct {
	// Passive: answer without showing any page (prompt=none, IsPassive).
	Passive bool
	// Login: the person must authenticate again, a session does not do (prompt=login,
	// ForceAuthn). An authentication after Flow.CreatedAt satisfies it.
	Login bool
	// MaxAge: an authentication older than this does not do. nil: any age. Zero means
	// that every session is too old, as Login does.
	MaxAge *time.Duration
	// Consent: the person must be asked even if they agreed before (prompt=consent).
	Consent bool
	// Create: the person wants an account that does not exist yet (prompt=create).
	Create bool
	// SelectAccount: show who is signed in and offer another account.
	SelectAccount bool
	// LoginHint pre-fills the user name; it proves nothing.
	LoginHint string
	// Subject, if set, is the only person whose login settles the flow (id_token_hint,
	// SAML Subject).
	Subject string
	// Scopes the client asks for, in request order; what consent is about. Empty for
	// SAML, which asks for no consent.
	Scopes []string
}

// Outcome says how a [Flow] ended.
type Outcome string

// The outcomes.
const (
	Pending         Outcome = ""                 // the person is not through yet
	SignedIn        Outcome = "signed_in"        // Answer.Session and the fields beside it hold
	Denied          Outcome = "denied"           // the person said no, or cancelled
	LoginRequired   Outcome = "login_required"   // Ask.Passive, and somebody would have to sign in
	ConsentRequired Outcome = "consent_required" // Ask.Passive, and somebody would have to agree
	NotAssigned     Outcome = "not_assigned"     // whoever signed in may not use the app
)

// Answer is what the login found.
type Answer struct {
	Outcome  Outcome
	Session  string    // Session.ID
	SID      string    // Session.SID
	Subject  string    // who signed in
	AuthTime time.Time // when they last proved it
	AMR      []string  // RFC 8176 values: "pwd", "otp", …
	Scopes   []string  // agreed to; a subset of Ask.Scopes
}
