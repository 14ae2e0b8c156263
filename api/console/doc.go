// Package console is the admin console: HTML pages below /admin, over the operations of
// package api. It decides nothing itself. Who is signed in comes from the login, what they
// may do from their [api.Actor]: a page takes the handle that it needs from the actor and
// has nothing else to work with.
//
// One request, as a line through the files:
//
//	routes.go  the one list of pages → visit
//	visit.go   who is signed in → actor; a form's token; how long ago they proved it is them
//	admins.go, events.go …  one file for each page: handle → operation → what to show
//	app.go     what stands below one app: the one list of its tabs
//	render.go  layout, headers, templates; problem.go any error → a page
//	kit.go     tables, forms and facts that the templates know how to write
//
// Every change is a POST that ends in a redirect (but what is shown once: a secret is in
// the answer itself). No page needs JavaScript.
package console
