// Package outbound fetches documents from addresses that other people's data names:
// the metadata of a service provider, the key set of a client.
//
// Whoever may write such an address can aim this server at its own network (SSRF).
// So [Client.Fetch] lets a request out only after these gates, in this order:
//
//	url.go    https, no user name, a host that has one meaning
//	dial.go   the name is resolved once, every address is judged, and exactly these
//	          addresses are dialled: a second DNS answer (rebinding) has no effect
//	addr.go   the judgement: only addresses of the public internet
//	fetch.go  at most three redirects through the same gates; no cookies, no
//	          credentials, no proxy; caps on size (after decompression) and time
//
// A host:port in Options.AllowHosts is let through whatever its address is: that is
// how an operator reaches applications on the intranet.
package outbound
