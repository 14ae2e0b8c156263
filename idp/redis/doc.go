// Package redis keeps Flows on Redis 7 (or later) or Valkey: one server, a group under
// Sentinels, or a Redis Cluster.
//
// [Open] reads the URL, connects, and refuses a server that will not do with a sentence
// that says what to change. A verb makes its keys ([Store].key), sends one script
// ([Store].run) or one read, and turns the answer into the port's words; whatever else
// server or network say becomes idp.ErrUnavailable with its cause ([Store].fault).
//
// # Keys
//
// <ns> is the namespace, <h> the SHA-256 of the id as base64url, <n> the shard of the
// session's id (0 to 15). Every key has a TTL.
//
//	<ns>:flow:<h>               "<version> <expiry> <JSON>"
//	<ns>:session:{<ns>.<n>}:<h> the same
//	<ns>:subject:{<ns>.<n>}:<h> sorted set: ids of the subject's sessions, by expiry
//	<ns>:ticket:<h>             "<version> <expiry> <created> <data>"; <h> is that of kind and id
//	<ns>:mark:<h>               "1 <expiry> "
//	<ns>:count:<h>              "<count> <expiry> "
//	<ns>:topic:<name>           a channel, not a key; channels know no databases
//
// Expiry is judged by the clock of the node that asks; the TTL is what is left by that
// clock when it is written, and a minute more, and only clears away. So the clocks of
// nodes may differ by seconds, and the servers' by anything.
//
// A session and its place in the index of its subject must change together, or a person
// who is locked out keeps a session that nobody finds. On a cluster one script reaches
// one slot only, and whoever asks for a session knows its id and not its subject. So the
// id chooses one of 16 shards, which is the hash tag of both keys; a subject's index has
// up to 16 parts, all asked in one round trip by the one verb that wants them, SessionsOf.
// The index never misses a live session. It may name one that is deleted or has another
// subject now; SessionsOf looks at the sessions themselves, and the entry goes at its expiry.
//
// # Faults
//
// A verb answers within Options.Timeout. A change is sent at most once: it is one script
// that happens whole or not at all, and is repeated by nobody (a script that the server
// does not know, after a restart, has not happened, and is sent with its text).
//
//	verb                      slow, gone, answer lost       restarted empty          replica      memory full
//	Flow, Session, Ticket     unavailable                   not found: sign in       read         read
//	SessionsOf, Counted       unavailable                   none, 0                  read         read
//	CreateFlow, CreateSession unavailable; if it happened,  works                    unavailable  unavailable
//	                          nobody knows the id
//	CreateTicket              unavailable; if it happened,  works                    unavailable  unavailable
//	                          the next try is a conflict
//	UpdateFlow, UpdateSession unavailable; if it happened,  not found                unavailable  unavailable
//	and UpdateTicket          the next try is a conflict
//	TakeFlow, DeleteSession   unavailable; if it happened,  not found                unavailable  works
//	and TakeTicket            the next try is not found
//	SeenOnce                  unavailable; if it happened,  MARKS ARE FORGOTTEN      unavailable  unavailable
//	                          the next try is replayed
//	Count                     unavailable; if it happened,  starts again at 1        unavailable  unavailable
//	                          it is counted
//	ClearCount                unavailable                   works                    unavailable  works
//	Publish, Subscribe        unavailable; a subscription   found back, and told "": works        works
//	                          finds back by itself          look for yourself
//
// Unavailable never says "not found" or "replayed": a lost answer is not taken for
// somebody else's success, and the next try fails closed. After a server came back, a
// store needs up to a second more before it dials again. With TLS, the first use of each
// connection that ended meanwhile is unavailable.
//
// A server that restarts empty, or a fail-over to a replica that lags, forgets marks: an
// assertion could be accepted twice within its life. Where that matters, keep what Redis
// acknowledges (appendonly yes, appendfsync always; min-replicas-to-write 1 under
// Sentinels). Evicting marks would do the same, so only maxmemory-policy noeviction is
// accepted.
package redis
