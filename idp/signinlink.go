package idp

// TicketSignInLink is the kind of a ticket that signs a person in once: an admin made it,
// the login takes it. Its ID is the HashSecret of the link's key, its Data a [SignInLink].
const TicketSignInLink = "sign_in_link"

// SignInLink is what such a ticket says.
type SignInLink struct {
	Subject string `json:"subject"`
	By      string `json:"by"` // the actor who made it
}
