package idp

import "time"

// Event is one audit record. Events are appended, never changed.
type Event struct {
	ID      string            `json:"id"` // NewID
	Time    time.Time         `json:"time"`
	Name    string            `json:"name"` // one of the Event… constants
	Subject string            `json:"subject,omitempty"`
	App     string            `json:"app,omitempty"`
	Actor   string            `json:"actor,omitempty"` // admin token or subject that caused it
	IP      string            `json:"ip,omitempty"`
	Support string            `json:"support_code,omitempty"` // the request that caused it
	Detail  map[string]string `json:"detail,omitempty"`       // never a secret
}

// EventFilter selects events. Fields that are set must all match; the empty filter selects all.
type EventFilter struct {
	Name    string
	Subject string
	App     string
	Support string
	Since   time.Time // Time is not before
	Until   time.Time // Time is before
}

// Event names: stable, operators alert on them.
const (
	EventLoginSuccess    = "login.success"
	EventLoginFailure    = "login.failure"
	EventLoginBlocked    = "login.blocked"
	EventLogout          = "logout"
	EventLogoutDelivered = "logout.delivered"
	EventLogoutFailed    = "logout.failed"
	EventConsentGiven    = "consent.given"
	EventConsentDenied   = "consent.denied"
	EventAccessDenied    = "access.denied"
	EventGrantCreated    = "grant.created"
	EventGrantRevoked    = "grant.revoked"
	EventCodeReused      = "token.code.reused"
	EventRefreshReused   = "token.refresh.reused"
	EventRefreshDenied   = "token.refresh.denied"
	EventSAMLIssued      = "saml.assertion.issued"
	EventSAMLRefused     = "saml.request.refused"
	EventClientCreated   = "client.created"
	EventClientUpdated   = "client.updated"
	EventClientDeleted   = "client.deleted"
	EventSecretCreated   = "client.secret.created"
	EventSecretDeleted   = "client.secret.deleted"
	EventSPCreated       = "sp.created"
	EventSPUpdated       = "sp.updated"
	EventSPDeleted       = "sp.deleted"
	EventTokenAppIssued  = "token_app.token.issued"
	EventTokenAppRefused = "token_app.request.refused"
	EventTokenAppCreated = "token_app.created"
	EventTokenAppUpdated = "token_app.updated"
	EventTokenAppDeleted = "token_app.deleted"
	EventTokenAppKey     = "token_app.key.created"
	EventSPRefreshed     = "sp.metadata.refreshed"
	EventSPStale         = "sp.metadata.stale"
	EventUserCreated     = "user.created"
	EventUserUpdated     = "user.updated"
	EventUserDeleted     = "user.deleted"
	EventUserMigrated    = "user.migrated"
	EventGroupCreated    = "group.created"
	EventGroupUpdated    = "group.updated"
	EventGroupDeleted    = "group.deleted"
	EventPersonMerged    = "person.merged"
	EventPersonMoved     = "person.moved"
	EventTokenCreated    = "admin_token.created"
	EventTokenRevoked    = "admin_token.revoked"
	EventAdminCreated    = "admin.created"
	EventAdminUpdated    = "admin.updated"
	EventAdminDeleted    = "admin.deleted"
	EventAdminSetup      = "admin.setup"
	EventPersonUnlocked  = "person.unlocked"
	EventSignInLink      = "person.sign_in_link"
	EventAuditSeal       = "audit.seal"
	EventKeyCreated      = "key.created"
	EventKeyActivated    = "key.activated"
	EventKeyRetired      = "key.retired"
	EventKeyDeactivated  = "key.deactivated"
	EventKeyPublished    = "key.published"
	EventKeyExpiring     = "key.expiring"
	EventDirectoryFault  = "directory.fault"
	EventDirectoryReload = "directory.reloaded"
	EventDirectoryTried  = "directory.tried"
	EventDirectoryDown   = "directory.down"
	EventDirectoryUp     = "directory.up"
	EventAppPreviewed    = "app.previewed"
	EventAppProbed       = "app.probed"
	EventAppVerified     = "app.verified"
	EventAppVerifyFailed = "app.verify.failed"
	EventHandoverShared  = "app.handover.shared"
	EventHandoverEnded   = "app.handover.links_ended"
	EventSecretLinked    = "client.secret.linked"
	EventSecretShown     = "client.secret.shown"
	EventSecretLinkLost  = "client.secret.link_lost"
)
