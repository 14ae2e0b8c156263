// Package api is what an admin can do, and its HTTP form below /api/v1.
//
// The logic stands in [Admin] and knows nothing of HTTP; commands on the data folder
// use it too. Every operation is a method of the handle that names the right it needs
// (handles.go: [AppsReader], [PeopleHelper] …, and [Owner], which is all of them). Handles
// come from an [Actor], and only from one whose role has the right (role.go, the one table
// of who may do what): [Admin.Authenticate] makes an Actor of a live admin token,
// [Admin.Person] of a signed-in person who is an admin, [Admin.Local] an Owner for a
// program that holds the data folder itself. Code without the handle cannot do the thing,
// so a forgotten check does not compile. What of the apps an app admin may see goes with
// the handle too (own.go).
//
// One call, as a line through the files:
//
//	handler.go   ServeMux → problem details for unknown paths and methods
//	idempotency.go  a POST that was carried out before → its first answer
//	caller.go    bearer token → Actor → handle, before a byte of the body is read
//	huma         strict parse of path, query and body against the schema
//	clients.go … the operation: read, check If-Match, change, store, Event
//	problem.go   any error → RFC 9457 problem details with pointers to the fields
//
// The same Go structs make the schema (openapi.json), the validation and the answer.
package api
