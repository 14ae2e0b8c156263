// Package api is what an admin can do, and its HTTP form below /api/v1.
//
// The logic stands in [Admin] and knows nothing of HTTP; commands on the data folder
// use it too. Every operation is a method of [Owner], and there are two ways to get
// one: [Admin.Authenticate] turns a live admin token into an [Actor], whose role may
// make it an Owner; [Admin.Local] is for a program that holds the data folder itself.
// Code without an Owner cannot change anything, so a forgotten check does not compile.
//
// One call, as a line through the files:
//
//	handler.go   ServeMux → problem details for unknown paths and methods
//	caller.go    bearer token → Actor → Owner, before a byte of the body is read
//	huma         strict parse of path, query and body against the schema
//	clients.go … the operation: read, check If-Match, change, store, Event
//	problem.go   any error → RFC 9457 problem details with pointers to the fields
//
// The same Go structs make the schema (openapi.json), the validation and the answer.
package api
