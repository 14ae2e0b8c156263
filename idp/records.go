package idp

import (
	"context"
	"time"
)

// Records is the port for what must survive: losing it loses something that a person
// cannot simply redo. Every method is one atomic step and safe for concurrent use.
// Every error is a sentinel of this package (ErrNotFound, ErrConflict, ErrReused) or
// wraps ErrUnavailable when the backend did not answer. Values handed in and out are
// the caller's own: no backend shares memory with a caller. Times come back in UTC,
// to the microsecond. Strings compare byte by byte unless a comment says otherwise.
// A backend that cannot keep a string as it is (NUL, bytes that are not UTF-8) refuses
// the write with an [Error] of code Invalid; it never stores another string instead.
//
// Consumers declare the few methods that they need in their own words; this is the
// whole, which only backends and idp/server see.
type Records interface {
	Clients
	ServiceProviders
	TokenApps
	Users
	Groups
	Subjects
	Grants
	Consents
	Keys
	Admins
	AdminTokens
	Deliveries
	Events

	// Ping reports whether the backend answers.
	Ping(ctx context.Context) error
	// Sweep deletes up to limit rows whose time is over and reports how many it deleted.
	Sweep(ctx context.Context, now time.Time, limit int) (int, error)
	// Close releases the backend. Nothing may be called after it.
	Close() error
}

// Page selects part of a list: at most Limit rows whose key sorts after After.
type Page struct {
	After string // key of the last row seen, "" to start
	Limit int    // 1 to 1000
}

// Check refuses a page whose Limit is out of range: a backend would take 0 or -1 for
// "everything".
func (p Page) Check() error {
	if p.Limit < 1 || p.Limit > 1000 {
		return Errorf(Invalid, "The limit of a list must be between 1 and 1000.").On("limit")
	}
	return nil
}

// Clients keeps [Client] records. Lists sort by ID.
type Clients interface {
	// CreateClient stores c with Version 1. ErrConflict if the ID is taken: by a client, or
	// as the slug of another app, since all apps share one namespace.
	CreateClient(ctx context.Context, c Client) error
	Client(ctx context.Context, id string) (Client, error)
	// UpdateClient replaces the record whose Version is c.Version, and counts it up.
	// ErrNotFound if the ID is unknown, ErrConflict if the Version is not current.
	UpdateClient(ctx context.Context, c Client) error
	// DeleteClient deletes the record and every grant and consent of the client.
	// version 0 means any.
	DeleteClient(ctx context.Context, id string, version int64) error
	Clients(ctx context.Context, p Page) ([]Client, error)
}

// ServiceProviders keeps [ServiceProvider] records. Lists sort by App.
type ServiceProviders interface {
	// CreateServiceProvider stores sp with Version 1. ErrConflict if App is taken, as for
	// CreateClient, or EntityID.
	CreateServiceProvider(ctx context.Context, sp ServiceProvider) error
	ServiceProvider(ctx context.Context, app string) (ServiceProvider, error)
	ServiceProviderByEntityID(ctx context.Context, entityID string) (ServiceProvider, error)
	// UpdateServiceProvider is as UpdateClient; ErrConflict too if the new EntityID belongs to another.
	UpdateServiceProvider(ctx context.Context, sp ServiceProvider) error
	// DeleteServiceProvider keeps persistent NameIDs: they must never be given to somebody else.
	DeleteServiceProvider(ctx context.Context, app string, version int64) error
	ServiceProviders(ctx context.Context, p Page) ([]ServiceProvider, error)

	// PersistentID returns the pairwise id of (app, subject); if there is none yet, it
	// stores candidate and returns that. All concurrent callers get the same.
	PersistentID(ctx context.Context, candidate PersistentID) (PersistentID, error)
	// PersistentIDOf returns the pairwise id of (app, subject). ErrNotFound if none was given out.
	PersistentIDOf(ctx context.Context, app, subject string) (PersistentID, error)
}

// TokenApps keeps [TokenApp] records. Lists sort by App.
type TokenApps interface {
	// CreateTokenApp stores a with Version 1. ErrConflict if App is taken, as for CreateClient.
	CreateTokenApp(ctx context.Context, a TokenApp) error
	TokenApp(ctx context.Context, app string) (TokenApp, error)
	// UpdateTokenApp is as UpdateClient.
	UpdateTokenApp(ctx context.Context, a TokenApp) error
	// DeleteTokenApp deletes the record. version 0 means any.
	DeleteTokenApp(ctx context.Context, app string, version int64) error
	TokenApps(ctx context.Context, p Page) ([]TokenApp, error)
}

// Users keeps the built-in directory. Lists sort by ID.
type Users interface {
	// CreateUser stores u with Version 1. ErrConflict if the ID or, ignoring case, the Username is taken.
	CreateUser(ctx context.Context, u User) error
	User(ctx context.Context, id string) (User, error)
	// UserByUsername ignores case (Unicode simple folding of the lower-cased form).
	UserByUsername(ctx context.Context, username string) (User, error)
	// UsersByEmail returns the users whose Email is the same after [FoldUsername], sorted
	// by ID, at most two: enough to see that an address is not one person's. Nobody has
	// the empty address.
	UsersByEmail(ctx context.Context, email string) ([]User, error)
	// SearchUsers returns up to limit users, by ID, whose Username or Email contains part,
	// compared after [FoldUsername]. Nobody contains nothing, or more than 256 bytes.
	SearchUsers(ctx context.Context, part string, limit int) ([]User, error)
	UpdateUser(ctx context.Context, u User) error
	DeleteUser(ctx context.Context, id string, version int64) error
	Users(ctx context.Context, p Page) ([]User, error)
}

// Groups keeps the groups of the built-in directory. Names are one without case; lists sort
// by the folded name.
type Groups interface {
	// CreateGroup stores g with Version 1. ErrConflict if, ignoring case, the Name is taken.
	CreateGroup(ctx context.Context, g Group) error
	Group(ctx context.Context, name string) (Group, error)
	// UpdateGroup is as UpdateClient. The Name may change in its case only.
	UpdateGroup(ctx context.Context, g Group) error
	// DeleteGroup deletes the record. version 0 means any. Users and groups that name it
	// still do.
	DeleteGroup(ctx context.Context, name string, version int64) error
	Groups(ctx context.Context, p Page) ([]Group, error)
}

// Subjects binds people of directories to our stable ids.
type Subjects interface {
	// Subject returns the subject of (directory, directoryID); if there is none yet, it
	// stores candidate and returns that. All concurrent callers get the same.
	Subject(ctx context.Context, directory, directoryID, candidate string) (string, error)
	// SubjectOwner is the way back: the newest of SubjectLinks. ErrNotFound if the subject
	// was never given out, or whoever it was of is somebody else by now.
	SubjectOwner(ctx context.Context, subject string) (directory, directoryID string, err error)
	// SubjectLinks returns all people of directories that are the subject, the one that was
	// bound last first; none if there is nobody.
	SubjectLinks(ctx context.Context, subject string) ([]SubjectLink, error)
	// MoveSubject makes (directory, directoryID), known or not, the same person as a subject
	// that was given out before, and is undone by moving them back. ErrNotFound if the
	// subject never was. What belonged to their former subject stays with that.
	MoveSubject(ctx context.Context, directory, directoryID, subject string) error
}

// SubjectLink is one person of a directory.
type SubjectLink struct{ Directory, DirectoryID string }

// Grants keeps [Grant] rows. Exchange and refresh are one compare-and-swap each.
type Grants interface {
	// CreateGrant stores g and appends e, the Event that tells of it: both or neither. A
	// zero Event (no Name) appends nothing. ErrConflict if the ID of either is taken.
	CreateGrant(ctx context.Context, g Grant, e Event) error
	// Grant returns revoked grants too, for as long as the row is there.
	Grant(ctx context.Context, id string) (Grant, error)
	// Holding returns the client and the grant of these IDs, either of which may be empty,
	// and what else decides whether the grant may be used, in one read. What is not there
	// is no error.
	Holding(ctx context.Context, clientID, grantID string) (Holding, error)
	// RedeemCode marks the code used. Exactly one caller wins. Everybody later, and
	// whoever comes after a revocation, gets ErrReused; an unknown grant, another hash or
	// a code that was never used and has expired by now is ErrNotFound and changes nothing.
	RedeemCode(ctx context.Context, r Redemption, now time.Time) error
	// RotateRefresh moves the family from Seq to Seq+1. Exactly one caller wins; the
	// others, and whoever comes after a revocation, get ErrReused. ErrNotFound if there
	// is no such grant.
	RotateRefresh(ctx context.Context, r Rotation) error
	// RevokeGrant revokes once; a grant that is revoked already stays as it is. It
	// reports whether this call did it; for an unknown grant it reports false.
	RevokeGrant(ctx context.Context, id, reason string, now time.Time) (bool, error)
	// RevokeGrants revokes every live grant that matches and reports how many. A filter
	// that selects everything is an error.
	RevokeGrants(ctx context.Context, f GrantFilter, reason string, now time.Time) (int, error)
	// Grants returns the grants that match, sorted by ID, without those that are revoked or
	// over by the store's clock. An empty filter matches all.
	Grants(ctx context.Context, f GrantFilter, p Page) ([]Grant, error)
}

// Consents keeps [Consent] records.
type Consents interface {
	// GiveConsent adds the scopes to what the subject agreed to before.
	GiveConsent(ctx context.Context, c Consent) error
	Consent(ctx context.Context, subject, clientID string) (Consent, error)
	// Consents returns all consents of a subject, sorted by ClientID.
	Consents(ctx context.Context, subject string) ([]Consent, error)
	// RevokeConsent forgets the consent; revoking the grants is the caller's step.
	RevokeConsent(ctx context.Context, subject, clientID string) error
}

// Keys keeps [KeyRecord] rows.
type Keys interface {
	// CreateKey stores k. ErrConflict if the ID or the Slot is taken: another node was faster.
	CreateKey(ctx context.Context, k KeyRecord) error
	// RotateKeys does one step of a rotation, all of it or nothing: it stores made, unless
	// that is nil, and makes the moves, each of another key. ErrNotFound if there is no such
	// key, ErrConflict if one has other times by now or made's ID or Slot is taken.
	RotateKeys(ctx context.Context, made *KeyRecord, moves []KeyMove) error
	// Keys returns all keys, sorted by Slot.
	Keys(ctx context.Context) ([]KeyRecord, error)
}

// Admins keeps [Admin] records. Lists sort by Subject.
type Admins interface {
	// CreateAdmin stores a with Version 1. ErrConflict if the Subject is an admin already.
	CreateAdmin(ctx context.Context, a Admin) error
	Admin(ctx context.Context, subject string) (Admin, error)
	// UpdateAdmin is as UpdateClient.
	UpdateAdmin(ctx context.Context, a Admin) error
	// DeleteAdmin deletes the record. version 0 means any.
	DeleteAdmin(ctx context.Context, subject string, version int64) error
	Admins(ctx context.Context, p Page) ([]Admin, error)
}

// AdminToken authenticates a caller of the admin API.
type AdminToken struct {
	ID         string   // NewID; public name of the token
	Hash       string   // HashSecret
	Role       string   // as of an [Admin]
	Name       string   // what it is for, in its maker's words
	Apps       []string // client_ids and slugs, for a role that is confined to its own apps
	CreatedBy  string   // the actor who made it
	CreatedAt  time.Time
	LastUsedAt time.Time // zero: never
	ExpiresAt  time.Time
}

// AdminTokens keeps [AdminToken] records.
type AdminTokens interface {
	CreateAdminToken(ctx context.Context, t AdminToken) error
	// AdminToken finds a token by its hash. ErrNotFound also once it has expired.
	AdminToken(ctx context.Context, hash string) (AdminToken, error)
	// AdminTokens returns those that have not expired, sorted by ID.
	AdminTokens(ctx context.Context, p Page) ([]AdminToken, error)
	// TouchAdminToken moves LastUsedAt forward to now, never back. ErrNotFound as AdminToken.
	TouchAdminToken(ctx context.Context, id string, now time.Time) error
	// RevokeAdminToken deletes the token. Exactly one caller gets nil, the others ErrNotFound.
	RevokeAdminToken(ctx context.Context, id string) error
}

// Deliveries keeps [Delivery] rows.
type Deliveries interface {
	// CreateDeliveries stores all of them, or none and answers ErrConflict: an ID is taken.
	CreateDeliveries(ctx context.Context, ds []Delivery) error
	// ClaimDeliveries hands out up to limit (1 to 1000) deliveries that are due at now and
	// neither done nor over: their NextAt is the end of the lease, which must lie after now,
	// and Attempts is counted up. Exactly one caller gets each, oldest first.
	ClaimDeliveries(ctx context.Context, now, lease time.Time, limit int) ([]Delivery, error)
	// SettleDelivery stores NextAt, DoneAt and Result of a delivery that was claimed.
	// ErrConflict if Attempts is not current (somebody else has claimed it since) or it is
	// done already, ErrNotFound if it is gone.
	SettleDelivery(ctx context.Context, d Delivery) error
	// Deliveries returns those of an app, or with "" all, the newest first; p.After is the
	// ID of the last one seen, and ErrNotFound says that there is no such delivery.
	Deliveries(ctx context.Context, app string, p Page) ([]Delivery, error)
}

// Events is the audit log: append only.
type Events interface {
	AppendEvent(ctx context.Context, e Event) error
	// Events returns those that match, the newest first; p.After is the ID of the last one
	// seen (which need not match), and ErrNotFound says that there is no such event.
	Events(ctx context.Context, f EventFilter, p Page) ([]Event, error)
	// LastEvents returns the newest Event of each of the apps and names, in no order; a
	// pair that has none is not there. It reads no others, however many there are.
	LastEvents(ctx context.Context, apps, names []string) ([]Event, error)
}
