package idp

import (
	"slices"
	"strings"
	"time"
)

// Uses of a [ClientSecret].
const (
	SecretAuthenticates = ""        // the client_secret; HS* tokens may be signed with it too
	SecretSigns         = "signing" // signs HS* tokens only (hs_key dedicated)
)

// ClientSecret is one secret of a client.
type ClientSecret struct {
	ID        string // NewID
	Use       string // Secret…
	Hash      string // HashSecret for generated ones ("s256:" prefix), argon2id PHC string for imported ones; empty for SecretSigns
	Sealed    []byte // the secret itself, if it must be recoverable, sealed for [ClientSecret.Purpose]
	CreatedAt time.Time
	ExpiresAt time.Time // zero: never
}

// Live reports whether the secret may be used.
func (s ClientSecret) Live(now time.Time) bool {
	return s.ExpiresAt.IsZero() || now.Before(s.ExpiresAt)
}

// Purpose binds the sealed secret to its place: moved to another client, it does not open.
func (s ClientSecret) Purpose(clientID string) string {
	return strings.Join([]string{"client secret", clientID, s.ID, s.Use}, "\x00")
}

// LiveSecrets returns the secrets of one use, the oldest first.
func (c *Client) LiveSecrets(use string, now time.Time) []ClientSecret {
	return slices.DeleteFunc(slices.Clone(c.Secrets), func(s ClientSecret) bool { return s.Use != use || !s.Live(now) })
}
