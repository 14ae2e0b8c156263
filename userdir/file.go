package userdir

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"cloudsso/idp"
)

const checkEvery = time.Second

// Recorder takes the Events of a directory; audit.Log is one.
type Recorder interface {
	Record(ctx context.Context, e idp.Event) error
}

// File is a directory in one YAML or CSV file. It is read again after a change, at the next
// use. Replace the file by renaming a complete one over it.
type File struct {
	id, path  string
	events    Recorder
	now       func() time.Time
	passwords *Passwords

	people atomic.Pointer[people]

	mu      sync.Mutex // held by whoever looks for a change
	checked time.Time
	seen    stamp  // of the version that was read last, good or bad
	fault   string // what is wrong with it; "" if nothing
}

// OpenFile reads the file at path, CSV if its name ends in .csv and else YAML, and makes the directory with this id. The error
// for a bad file is an *idp.Error that names its line and field. Later bad versions are
// reported to events, once each, while the last good one stays in force.
func OpenFile(id, path string, events Recorder, now func() time.Time, passwords *Passwords) (*File, error) {
	f := &File{id: id, path: path, events: events, now: now, passwords: orProcess(passwords), checked: now()}
	p, s, err := readPeople(path)
	if err != nil {
		return nil, err
	}
	f.seen = s
	f.people.Store(p)
	return f, nil
}

// Info implements [Directory].
func (f *File) Info() Info { return Info{ID: f.id, Kind: "file"} }

// Authenticate implements [Directory].
func (f *File) Authenticate(ctx context.Context, c Credentials) (User, error) {
	if err := ctx.Err(); err != nil {
		return User{}, err
	}
	p, ambiguous := f.current(ctx).byLogin(c.Login)
	if p == nil && !ambiguous {
		return User{}, ErrNotFound
	}
	hash := ""
	if p != nil {
		hash = p.hash
	}
	if _, err := f.passwords.check(ctx, hash, c.Password.Reveal()); err != nil {
		return User{}, err
	}
	u := p.user()
	if err := statusError(u.Status); err != nil {
		return User{}, err
	}
	return u, nil
}

// Lookup implements [Directory].
func (f *File) Lookup(ctx context.Context, ref Ref) (User, error) {
	if err := ctx.Err(); err != nil {
		return User{}, err
	}
	people := f.current(ctx)
	p := people.byID[ref.ID]
	if ref.ID == "" {
		p, _ = people.byLogin(ref.Login)
	}
	if p == nil {
		return User{}, ErrNotFound
	}
	return p.user(), nil
}

// current returns the people of the file as it is now, or as it was when it was last
// right. Only one request at a time looks for a change; the others do not wait for it.
func (f *File) current(ctx context.Context) *people {
	if f.mu.TryLock() {
		if now := f.now(); now.Sub(f.checked) >= checkEvery || now.Before(f.checked) {
			f.checked = now
			f.reload(context.WithoutCancel(ctx)) // the Event outlives a browser that goes away
		}
		f.mu.Unlock()
	}
	return f.people.Load()
}

func (f *File) reload(ctx context.Context) {
	if f.fault == "" && f.seen.fresh() { // a faulty one may be mended by chmod, which changes no stamp
		return
	}
	p, s, err := readPeople(f.path)
	if err != nil {
		f.fail(ctx, s, err)
		return
	}
	f.people.Store(p)
	f.seen, f.fault = s, ""
	f.record(ctx, idp.EventDirectoryReload, map[string]string{"users": fmt.Sprint(len(p.byID))})
}

// fail reports a fault when it is new: it is found again at every look until the file is mended.
func (f *File) fail(ctx context.Context, s stamp, err error) {
	var e *idp.Error
	sentence := "The file cannot be read."
	if errors.As(err, &e) {
		sentence = e.Public
	}
	if sentence == f.fault && s.same(f.seen) {
		return
	}
	f.seen, f.fault = s, sentence
	f.record(ctx, idp.EventDirectoryFault, map[string]string{"fault": sentence})
}

func (f *File) record(ctx context.Context, name string, detail map[string]string) {
	detail["directory"] = f.id
	if err := f.events.Record(ctx, idp.Event{Name: name, Detail: detail}); err != nil {
		idp.Note(ctx, slog.String("directory_event_error", err.Error()))
	}
}
