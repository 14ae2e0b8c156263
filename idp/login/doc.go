// Package login signs people in: it stands between a protocol's question (an
// [idp.Flow] with an Ask) and its answer (the same Flow with an Answer).
//
// # The way through
//
//	[Handler.Begin]        a protocol asks. A session that is good enough settles the flow at once,
//	                       and nothing is stored; otherwise the flow is stored, bound to the browser
//	GET  /login?flow=…     [Handler.Login] shows whatever comes next
//	POST /login            [Handler.LoginPost] checks a password: a new session
//	POST /login/select     [Handler.SelectPost] notes which account it shall be
//	POST /login/noaccess   [Handler.NoAccessPost] ends it for somebody who may not use the app
//	POST /login/consent    [Handler.ConsentPost] notes what was agreed to
//	     /login/link?key=… [Handler.Link] uses a link that an administrator made: a new session
//	[Handler.Resume]       the protocol takes the settled flow, exactly once
//
// The steps never call each other. Each notes one fact in the flow, and dispatch.go,
// the only place that decides, looks at the facts and says what comes next: another
// page, or the redirect back to the protocol. So two tabs, the back button and a
// double click all end in the same way: the stored flow is looked at again.
//
// Whatever goes wrong ends in a page with a way on (problem.go), never in a dead end.
//
// # The way out
//
//	GET, POST /logout      [Handler.Logout] asks, and ends the session of this browser
//	[Handler.SignOut]      the same for an application, without a question if it knows the session
//	[Handler.EndSession]   ends a session without its browser
//	GET /logout/progress   [Handler.LogoutProgress] visits applications in frames
//	GET /logout/end        [Handler.LogoutEnd] goes on, or says what became of it
//
// The session ends first. Then every protocol says whom to tell ([Farewells]): what goes
// from server to server goes at once, in parallel and bounded; what needs the browser goes
// through the progress page, whose state is a Ticket for 15 minutes. [Result] says of each
// app whether it was told.
//
// # Cookies
//
//   - cloudsso-browser says which browser a flow belongs to. One value serves all flows
//     of a browser, so two tabs do not disturb each other.
//   - cloudsso-session is the session's secret; it is fresh after each authentication.
//   - cloudsso-state tells the frame of session management which session there is; script
//     reads it (browser_state.go).
//   - cloudsso-device remembers which accounts have signed in on this browser before
//     (limits.go), so that strangers cannot lock anybody out.
//
// On https issuers their names start with __Host-.
package login
