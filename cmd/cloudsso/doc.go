// Command cloudsso is the identity provider and the tools of its operator.
//
//	main.go, root.go   the process: arguments in, exit code out
//	settings.go        flags → idp/config
//	serve.go, demo.go  the server, with or without the demo applications
//	data.go            the stores: chosen here, and opened for a command without a server
//	token.go …         one file per group of commands
//
// Exit codes: 0 done, 1 failed, 2 wrong use. What a command was asked for goes to
// standard output, as text or with --json; everything else goes to standard error.
// This is the only package that links the stores' drivers.
package main
