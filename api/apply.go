package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"cloudsso/idp"
)

// Actions of an [ObjectChange].
const (
	ActionCreate   = "create"
	ActionChange   = "change"
	ActionDelete   = "delete"
	ActionRelease  = "release"  // people keep it from now on
	ActionUnlisted = "unlisted" // kept by the source, and in none of its files any more
)

// ApplyDocument is one object of a file.
type ApplyDocument struct {
	Kind string          `json:"kind" enum:"Group,User,Client,ServiceProvider,TokenApp"`
	File string          `json:"file" minLength:"1" maxLength:"1024" doc:"Where it comes from, for people."`
	Body json.RawMessage `json:"body" doc:"As for the POST that makes such an object, with its name: client_id, app, username, name."`
}

// ApplyRequest is the body of POST /apply: what the files of one source say.
type ApplyRequest struct {
	Source    string          `json:"source" minLength:"1" maxLength:"200" doc:"Name of the set of files. Only what came from it is ever deleted or released."`
	Documents []ApplyDocument `json:"documents" maxItems:"5000" nullable:"false"`
	DryRun    bool            `json:"dry_run,omitempty" doc:"Say what would change, and change nothing."`
	Prune     bool            `json:"prune,omitempty" doc:"Delete what came from this source and is in none of its files any more."`
	Release   bool            `json:"release,omitempty" doc:"Let people keep that instead."`
	TakeOver  bool            `json:"take_over,omitempty" doc:"Take objects over that came from another source. Without it they are refused."`
}

// Applied is what an apply did, or would do.
type Applied struct {
	Changes   []ObjectChange `json:"changes" nullable:"false" doc:"In the order in which they are carried out."`
	Unchanged int            `json:"unchanged"`
	Fault     string         `json:"fault,omitempty" doc:"Why it stopped in the middle. What is done stays; applying again does the rest."`
}

// ObjectChange is one object that is not as the files say.
type ObjectChange struct {
	Kind             string        `json:"kind"`
	Name             string        `json:"name"`
	File             string        `json:"file,omitempty"`
	Action           string        `json:"action" enum:"create,change,delete,release,unlisted"`
	Fields           []FieldChange `json:"fields,omitempty"`
	Warnings         []string      `json:"warnings,omitempty"`
	Done             bool          `json:"done,omitempty"`
	ClientSecret     string        `json:"client_secret,omitempty" doc:"If one was made. Shown once."`
	SharedSigningKey string        `json:"shared_signing_key,omitempty" doc:"If one was made. Shown once."`
	SharedKey        string        `json:"shared_key,omitempty" doc:"Of a signed-token app, if one was made. Shown once."`
}

// step is an ObjectChange, and how it is carried out; nil: not at all.
type step struct {
	ObjectChange
	run func(ctx context.Context, done *ObjectChange) error
}

// applying is one apply.
type applying struct {
	acting
	ApplyRequest
	seen   map[string]bool
	groups map[string]idp.Group // those of the documents, by folded name
}

// Apply makes the objects of files what the files say. Everything is checked before
// anything is written; every fault is on /documents/N/body/….
func (o *Owner) Apply(ctx context.Context, req ApplyRequest) (Applied, error) {
	if req.Prune && req.Release {
		return Applied{}, idp.Errorf(idp.Invalid, "Either delete what is in no file any more (prune), or let people keep it (release).").On("release")
	}
	if !req.DryRun {
		c, unlock, err := o.lockApply(ctx)
		if err != nil {
			return Applied{}, err
		}
		defer unlock()
		ctx = c
	}
	a := &applying{acting: o.acting, ApplyRequest: req, seen: map[string]bool{}, groups: map[string]idp.Group{}}
	steps, out, err := a.plan(ctx)
	if err != nil {
		return Applied{}, err
	}
	for _, s := range steps {
		if !req.DryRun && s.run != nil {
			if err := s.run(ctx, &s.ObjectChange); err != nil {
				out.Changes = append(out.Changes, s.ObjectChange) // a secret may have been made
				f := idp.AsError(err)
				note(ctx, f)
				out.Fault = fmt.Sprintf("%s %s: %s", s.Kind, s.Name, f.Public)
				return out, nil
			}
			s.Done = true
		}
		out.Changes = append(out.Changes, s.ObjectChange)
	}
	return out, nil
}

const (
	ticketApply = "apply"
	applyLease  = 15 * time.Minute
)

// lockApply lets one apply in at a time. The work ends before the lock is over by itself.
func (o acting) lockApply(ctx context.Context) (context.Context, func(), error) {
	data, err := json.Marshal(map[string]any{"actor": o.actor})
	if err != nil {
		return nil, nil, err
	}
	t := idp.Ticket{Kind: ticketApply, ID: ticketApply, Data: data, Version: 1, CreatedAt: o.now(), ExpiresAt: o.now().Add(applyLease)}
	switch err := o.Tickets.CreateTicket(ctx, t); {
	case errors.Is(err, idp.ErrConflict):
		return nil, nil, idp.Errorf(idp.Conflict, "Another apply is at work. Nothing was changed by this one; try again when that is done, within %d minutes if it was cut off.", applyLease/time.Minute)
	case err != nil:
		return nil, nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, applyLease-time.Minute)
	return ctx, func() {
		cancel()
		if _, err := o.Tickets.TakeTicket(context.WithoutCancel(ctx), t.Kind, t.ID); err != nil {
			note(ctx, err)
		}
	}, nil
}

// plan says what is to be done, or everything that is wrong.
func (a *applying) plan(ctx context.Context) (steps []*step, out Applied, err error) {
	out.Changes = []ObjectChange{}
	for _, d := range a.Documents {
		a.overlay(d)
	}
	var faults []error
	for _, k := range kinds() {
		for i, d := range a.Documents {
			if d.Kind != k.name {
				continue
			}
			s, err := k.plan(a, ctx, d)
			switch {
			case err != nil:
				faults = append(faults, inDocument(i, err)...)
			case s == nil:
				out.Unchanged++
			default:
				steps = append(steps, s)
			}
		}
	}
	if len(faults) > 0 {
		return nil, out, errors.Join(faults...)
	}
	unlisted, err := a.unlisted(ctx)
	return append(steps, unlisted...), out, err
}

// inDocument puts the place of a document before the fields of its faults.
func inDocument(i int, err error) (out []error) {
	for _, f := range collect(err) {
		field := f.Field
		if field == "body" { // huma's word for the whole
			field = ""
		}
		out = append(out, f.On(fmt.Sprintf("/documents/%d/body%s", i, pointerOf(field))))
	}
	return out
}

// once refuses two documents about the same thing.
func (a *applying) once(space, name, field string) error {
	key := space + "\x00" + name
	if a.seen[key] {
		return idp.Errorf(idp.Invalid, "There are two documents about %s. Keep one of them.", name).On(field)
	}
	a.seen[key] = true
	return nil
}

// freeName refuses a new app with the name of another one.
func (a *applying) freeName(ctx context.Context, name, field string) error {
	_, err := a.findApp(ctx, name)
	switch {
	case err == nil:
		return idp.Errorf(idp.Conflict, "There is another app called %s already.", name).On(field)
	case idp.AsError(err).Code == idp.NotFound:
		return nil
	}
	return err
}

// keep is who keeps an object from now on.
func (a *applying) keep(was idp.Managed, file string, secret bool) (idp.Managed, error) {
	if was.Source != "" && was.Source != a.Source && !a.TakeOver {
		return was, idp.Errorf(idp.Conflict, "It is kept by other files, %s of the source %s. Take it out of there, or take it over (--take-over).", was.File, was.Source)
	}
	return idp.Managed{Source: a.Source, File: file, Secret: secret}, nil
}

// kept is the field change of a new keeper.
func kept(was, is idp.Managed) []FieldChange {
	switch {
	case was == is:
		return nil
	case was == (idp.Managed{}):
		return []FieldChange{{Field: "managed_by", New: is.File}}
	case was.Source != is.Source:
		return []FieldChange{{Field: "managed_by", Old: was.Source + ": " + was.File, New: is.Source + ": " + is.File}}
	case was.File != is.File:
		return []FieldChange{{Field: "managed_by", Old: was.File, New: is.File}}
	}
	return []FieldChange{{Field: "secret", Secret: true}} // in the file from now on, or no more
}

// bodyOf reads a body as strictly as the operation that makes such an object.
func bodyOf[T any](a *applying, d ApplyDocument) (T, error) {
	var v any
	if err := unmarshalExact(d.Body, &v); err != nil {
		var zero T
		return zero, idp.Errorf(idp.Invalid, "The document is not JSON: %s.", err)
	}
	return decoded[T](a.schemas, v)
}
