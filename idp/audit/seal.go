package audit

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"cloudsso/idp"
)

// SealEvery is how often a seal is due. Until then Events can be changed unseen.
const SealEvery = 10 * time.Minute

const sealPage = 500

// A seal is an Event over the Events before it. Seals follow each other: each holds the
// hash of the one before, so that whoever changes, removes or adds an Event afterwards
// would have to make every later seal anew. They could, with the database in their hands:
// then only a hash that was kept elsewhere (in the shipped log, on paper) tells.
//
// A seal covers what is older than the Event that was the newest when the seal before was
// made: with several nodes, an Event may become visible a moment after a younger one, but
// not minutes.
type seal struct {
	event idp.Event
	prev  string // hash of the seal before, "" for the first
	below string // covers Events older than this one …
	next  string // newest Event of now, where the next seal begins
	count int
	hash  string
}

func readSeal(e idp.Event) (seal, error) {
	n, err := strconv.Atoi(e.Detail["count"])
	return seal{e, e.Detail["prev"], e.Detail["below"], e.Detail["next"], n, e.Detail["hash"]}, err
}

func (s seal) detail() map[string]string {
	return map[string]string{"prev": s.prev, "below": s.below, "next": s.next, "count": strconv.Itoa(s.count), "hash": s.hash}
}

// sum is the hash of a seal: over all that it says, and over the Events that it covers.
func (s seal) sum(covered []byte) string {
	h := sha256.Sum256([]byte(strings.Join([]string{"cloudsso audit seal 1", s.prev, s.below, s.next, strconv.Itoa(s.count), hex.EncodeToString(covered)}, "\n")))
	return hex.EncodeToString(h[:])
}

// Seal makes the next seal if one is due. Of several nodes that try, one does it.
func (l *Log) Seal(ctx context.Context) error {
	last, err := l.newest(ctx)
	if err != nil {
		return err
	}
	due, err := l.due(ctx, last)
	if err != nil || !due {
		return err
	}
	top, err := l.events.Events(ctx, idp.EventFilter{}, idp.Page{Limit: 1})
	if err != nil {
		return err
	}
	s := seal{prev: last.hash, below: last.next, next: top[0].ID}
	covered := emptyCover()
	if s.below != "" {
		if covered, s.count, err = cover(ctx, l.events, s.below, last.below); err != nil {
			return err
		}
	}
	s.hash = s.sum(covered)
	e := l.Complete(ctx, idp.Event{Name: idp.EventAuditSeal, Actor: "server", Detail: s.detail()})
	e.ID = sealID(last.event.ID)
	if err := l.events.AppendEvent(ctx, e); errors.Is(err, idp.ErrConflict) {
		return nil // another node was faster
	} else if err != nil {
		return err
	}
	l.Logged(ctx, e)
	return nil
}

// sealID follows from the seal before: a second seal after the same one is a conflict.
func sealID(prev string) string {
	h := sha256.Sum256([]byte("seal after " + prev))
	return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(h[:16]))
}

// newest is the seal that was made last, the zero seal if there is none.
func (l *Log) newest(ctx context.Context) (seal, error) {
	rows, err := l.events.Events(ctx, idp.EventFilter{Name: idp.EventAuditSeal}, idp.Page{Limit: 1})
	if err != nil || len(rows) == 0 {
		return seal{}, err
	}
	return readSeal(rows[0])
}

// due: there is something other than seals that no seal covers yet.
func (l *Log) due(ctx context.Context, last seal) (due bool, err error) {
	if l.now().Sub(last.event.Time) < SealEvery/2 {
		return false, nil
	}
	err = walk(ctx, l.events, "", func(e idp.Event) bool {
		due = e.Name != idp.EventAuditSeal
		return !due && e.ID != last.below
	})
	return due, err
}

// cover hashes the Events older than below, down to and with until ("": to the first).
func cover(ctx context.Context, events reader, below, until string) (hash []byte, count int, err error) {
	h := sha256.New()
	reached := until == ""
	err = walk(ctx, events, below, func(e idp.Event) bool {
		text, fault := json.Marshal(e)
		if fault != nil {
			err = fault
			return false
		}
		one := sha256.Sum256(text)
		h.Write(one[:])
		count++
		reached = reached || e.ID == until
		return e.ID != until
	})
	if err == nil && !reached {
		err = fmt.Errorf("event %s: %w", until, idp.ErrNotFound)
	}
	return h.Sum(nil), count, err
}

// emptyCover is the hash of no Event at all.
func emptyCover() []byte { return sha256.New().Sum(nil) }

type reader interface {
	Events(ctx context.Context, f idp.EventFilter, p idp.Page) ([]idp.Event, error)
}

// walk goes from the newest Event, or from the one before after, to older ones, for as
// long as visit says so.
func walk(ctx context.Context, events reader, after string, visit func(idp.Event) bool) error {
	for {
		rows, err := events.Events(ctx, idp.EventFilter{}, idp.Page{After: after, Limit: sealPage})
		if err != nil || len(rows) == 0 {
			return err
		}
		for _, e := range rows {
			if !visit(e) {
				return nil
			}
		}
		after = rows[len(rows)-1].ID
	}
}
