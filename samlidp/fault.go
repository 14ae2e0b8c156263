package samlidp

import "fmt"

// fault is a refusal that the application gets as a SAML Response with a status. Only
// accept.go, after the answer's address is established, and issue.go make one.
type fault struct {
	status, sub string
	message     string // one sentence for the application's administrator; nothing of the person beyond names of attributes
	cause       error  // for the log
}

func (f *fault) Error() string { return f.message }

func (f *fault) Unwrap() error { return f.cause }

// requester: the request is at fault.
func requester(sub, format string, args ...any) *fault {
	return &fault{status: statusRequester, sub: sub, message: fmt.Sprintf(format, args...)}
}

// responder: the request is fine, and we cannot or will not do it.
func responder(sub, format string, args ...any) *fault {
	return &fault{status: statusResponder, sub: sub, message: fmt.Sprintf(format, args...)}
}

func (f *fault) because(err error) *fault { c := *f; c.cause = err; return &c }
