// Package ldap is a directory of people in an LDAP server or Active Directory.
//
// # The main path
//
//	Directory.Authenticate  find the person, then bind as them on a connection of its own
//	find                    escaped filter → entries → the one that is meant
//	pool, servers           connections of the service account; the next server when one is dead
//	verify, verdict         a bind and its answer: RFC 4511 codes, AD sub-codes, the ppolicy control
//	user, status, groups    an entry → userdir.User
//
// # Decisions
//
// A password never goes over an unprotected connection: ldaps:// or StartTLS, with the
// certificate verified, except to this machine. A connection that was bound as a person
// is closed after its one use, so that nothing is ever searched with a person's rights by
// mistake. Referrals are not followed: they would take passwords to servers that nobody
// configured. Whatever a server answers to a search that is not an answer about the
// person is ErrUnavailable, never ErrNotFound: a wrong base DN must not sign everybody out.
//
// One try costs one local password hash, in parallel with the bind, because an unknown
// login costs one as well (see userdir): the clock tells no difference as long as the bind is
// faster than the hash.
package ldap
