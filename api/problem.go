package api

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"cloudsso/idp"
)

// Problem is every error answer: RFC 9457 problem details.
type Problem struct {
	Type    string  `json:"type" doc:"about:blank: the status says which kind of problem it is."`
	Title   string  `json:"title"`
	Status  int     `json:"status"`
	Detail  string  `json:"detail" doc:"What is wrong and what to do."`
	Support string  `json:"support_code,omitempty" doc:"Finds the log line and the Events of this request."`
	Errors  []Fault `json:"errors,omitempty" doc:"Every fault of the request, with its place."`
}

// Fault is one fault of a request and its place: in the body, the query or a header.
type Fault struct {
	Detail    string `json:"detail"`
	Pointer   string `json:"pointer,omitempty" doc:"JSON pointer into the body, as a URI fragment."`
	Parameter string `json:"parameter,omitempty" doc:"Query or path parameter."`
	Header    string `json:"header,omitempty"`
}

func (p *Problem) Error() string             { return p.Detail }
func (p *Problem) GetStatus() int            { return p.Status }
func (p *Problem) ContentType(string) string { return "application/problem+json" }

// statuses is the one place where a class becomes a status.
var statuses = map[idp.Code]int{
	idp.Invalid: http.StatusUnprocessableEntity, idp.Unauthorized: http.StatusUnauthorized, idp.Forbidden: http.StatusForbidden,
	idp.NotFound: http.StatusNotFound, idp.Conflict: http.StatusConflict, idp.Expired: http.StatusGone, stale: http.StatusPreconditionFailed,
	idp.TooMany: http.StatusTooManyRequests, idp.Unavailable: http.StatusServiceUnavailable,
}

// problemOf words an error. Causes go to the log line, never into the answer.
func problemOf(ctx context.Context, err error) *Problem {
	faults := collect(err)
	worst := faults[0]
	for _, f := range faults {
		if f.Code != idp.Invalid { // a fault of ours or of the state outranks faults of the input
			worst = f
			break
		}
	}
	status, ok := statuses[worst.Code]
	if !ok {
		status = http.StatusInternalServerError
	}
	p := newProblem(ctx, status, worst.Public)
	for _, f := range faults {
		if f.Cause != nil {
			idp.Note(ctx, slog.String("cause", f.Cause.Error()))
		}
		if f.Code == worst.Code && f.Field != "" {
			p.Errors = append(p.Errors, place(f.Public, f.Field))
		}
	}
	p.count()
	return p
}

func newProblem(ctx context.Context, status int, detail string) *Problem {
	return &Problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Detail: detail, Support: idp.RequestOf(ctx).Support}
}

// count lets the one sentence speak for several faults.
func (p *Problem) count() {
	if len(p.Errors) > 1 {
		p.Detail = fmt.Sprintf("The request has %d faults; errors names each.", len(p.Errors))
	}
}

// collect takes joined errors apart. What nobody classified is one internal error.
func collect(err error) []*idp.Error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var out []*idp.Error
		for _, e := range joined.Unwrap() {
			out = append(out, collect(e)...)
		}
		return out
	}
	return []*idp.Error{idp.AsError(err)}
}

// place puts a field's name into the form of its part of the request. Names come as
// "?limit", "header.If-Match", "body.a[0].b" (huma's), "a[0].b" or "a/0/b".
func place(detail, field string) Fault {
	if name, ok := strings.CutPrefix(field, "?"); ok {
		return Fault{Detail: detail, Parameter: name}
	}
	part, name, _ := strings.Cut(field, ".")
	switch part {
	case "query", "path":
		return Fault{Detail: detail, Parameter: name}
	case "header":
		return Fault{Detail: detail, Header: name}
	case "body":
		field = name
	}
	return Fault{Detail: detail, Pointer: "#" + pointerOf(field)}
}

// pointerOf is a field as a JSON pointer.
func pointerOf(field string) string {
	pointer := strings.TrimPrefix(field, "/")
	if !strings.Contains(pointer, "/") {
		pointer = strings.NewReplacer(".", "/", "[", "/", "]", "").Replace(pointer)
	}
	if pointer == "" {
		return ""
	}
	return "/" + pointer
}

// writeProblemTo answers outside the operations.
func writeProblemTo(w http.ResponseWriter, p *Problem) {
	w.Header().Set("Content-Type", p.ContentType(""))
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(p.Status)
	marshal(w, p)
}

// Faults takes an error of this package apart, for whoever shows it otherwise than as a
// [Problem]: at least one, each with its sentence and the field it is about.
func Faults(err error) []*idp.Error { return collect(err) }

// Typed reports whether an error is about what somebody typed: they can mend it. A name
// that is taken is.
func Typed(err error) bool {
	if err == nil {
		return false
	}
	for _, f := range collect(err) {
		if f.Code != idp.Invalid && (f.Code != idp.Conflict || f.Field == "") {
			return false
		}
	}
	return true
}

// Stale reports whether a class is that of a write to what has changed meanwhile.
func Stale(code idp.Code) bool { return code == stale }

// faultOf words a finding of huma's validation.
func faultOf(err error) *idp.Error {
	var d huma.ErrorDetailer
	if !errors.As(err, &d) {
		return idp.Errorf(idp.Invalid, "%s", sentence(err.Error()))
	}
	detail := d.ErrorDetail()
	msg := detail.Message
	if msg == "unexpected property" {
		msg = "there is no member of this name; check its spelling"
	}
	return idp.Errorf(idp.Invalid, "%s", sentence(msg)).On(detail.Location)
}

// reword turns huma's own error answers into ours. Values are never echoed: one of
// them may be a password.
func reword(ctx huma.Context, _ string, v any) (any, error) {
	m, ok := v.(*huma.ErrorModel)
	if !ok {
		return v, nil
	}
	p := newProblem(ctx.Context(), m.Status, sentence(m.Detail))
	if m.Status >= http.StatusInternalServerError {
		p.Detail = idp.AsError(errors.New(m.Detail)).Public
	}
	for _, d := range m.Errors {
		f := faultOf(d)
		p.Errors = append(p.Errors, place(f.Public, f.Field))
	}
	if len(p.Errors) == 1 {
		p.Detail = p.Errors[0].Detail
	}
	p.count()
	return p, nil
}

// sentence makes a sentence of a terse message.
func sentence(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	s = string(unicode.ToUpper(r)) + s[n:]
	if !strings.HasSuffix(s, ".") {
		s += "."
	}
	return s
}

// missing words the store's sentinels for one record.
func missing(err error, what, id string) error {
	switch {
	case errors.Is(err, idp.ErrNotFound):
		return idp.Errorf(idp.NotFound, "There is no %s %q.", what, id)
	case errors.Is(err, idp.ErrConflict):
		return idp.Errorf(idp.Conflict, "The %s was changed by somebody else meanwhile. Read it again, then repeat the change.", what)
	}
	return err
}

// within puts the place of a list before the fields of its faults.
func within(member string, err error) error {
	if err == nil {
		return nil
	}
	var out []error
	for _, f := range collect(err) {
		if f.Field != member && !strings.HasPrefix(f.Field, member+"[") && !strings.HasPrefix(f.Field, member+"/") {
			f = f.On(member + f.Field)
		}
		out = append(out, f)
	}
	return errors.Join(out...)
}
