package idp

import (
	"errors"
	"fmt"
)

// Sentinels that stores answer with. Callers compare with errors.Is.
var (
	// ErrNotFound: no such record, or it has expired by the store's clock.
	ErrNotFound = errors.New("not found")
	// ErrConflict: the record exists already, or its Version is not the one given.
	ErrConflict = errors.New("conflict")
	// ErrReused: a one-time thing (code, refresh token) was used before. The caller
	// revokes what came of the first use.
	ErrReused = errors.New("used before")
	// ErrReplayed: [Flows.SeenOnce] has recorded this mark already.
	ErrReplayed = errors.New("replayed")
	// ErrUnavailable: the backend or directory did not answer. Nothing was consumed
	// or changed as far as the caller may assume; trying again later is right.
	ErrUnavailable = errors.New("unavailable")
)

// Code classifies an [Error] for whoever must choose a status or a wording.
type Code string

// The codes. Each audience (page, JSON, redirect) maps them once, in its one writer.
const (
	Invalid      Code = "invalid"      // the input is at fault; Public says how
	Unauthorized Code = "unauthorized" // who is asking is not established
	Forbidden    Code = "forbidden"    // established, and not allowed
	NotFound     Code = "not_found"
	Conflict     Code = "conflict"
	Expired      Code = "expired"     // it existed; its time is over
	TooMany      Code = "too_many"    // slow down
	Unavailable  Code = "unavailable" // a dependency is down; try again
	Internal     Code = "internal"    // our fault; nothing more is said in public
)

// Error is the one error that crosses packages towards a person or a program:
// a class, a sentence fit for the public, and a private cause for the log.
type Error struct {
	Code   Code
	Public string // one English sentence: what, where, what to do. Never internals.
	Field  string // the parameter or JSON pointer at fault, if one is
	Cause  error  // for the log only
}

// Errorf builds an [Error] with a public sentence.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Public: fmt.Sprintf(format, args...)}
}

// On returns a copy of e that names the field at fault.
func (e *Error) On(field string) *Error { c := *e; c.Field = field; return &c }

// Because returns a copy of e with a private cause.
func (e *Error) Because(err error) *Error { c := *e; c.Cause = err; return &c }

func (e *Error) Error() string {
	s := string(e.Code) + ": " + e.Public
	if e.Field != "" {
		s += " (" + e.Field + ")"
	}
	if e.Cause != nil {
		s += ": " + e.Cause.Error()
	}
	return s
}

func (e *Error) Unwrap() error { return e.Cause }

// AsError turns any error into an [Error]. Store sentinels keep their class with a
// neutral sentence; what nobody classified is [Internal], and its text stays private.
func AsError(err error) *Error {
	var e *Error
	switch {
	case errors.As(err, &e):
		return e
	case errors.Is(err, ErrNotFound):
		return Errorf(NotFound, "There is no such thing here.").Because(err)
	case errors.Is(err, ErrConflict):
		return Errorf(Conflict, "It was changed by somebody else meanwhile, or exists already.").Because(err)
	case errors.Is(err, ErrUnavailable):
		return Errorf(Unavailable, "A service that is needed for this does not answer. Please try again in a moment.").Because(err)
	}
	return Errorf(Internal, "Something went wrong on our side.").Because(err)
}
