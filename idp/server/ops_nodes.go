package server

import (
	"context"
	"strings"
	"time"

	"cloudsso/idp"
	"cloudsso/idp/metrics"
	"cloudsso/keys"
)

// How nodes agree. Clients, service providers, users, consents, grants and sessions are
// read from the stores by each request, so a change is everywhere at once. Only the
// signing keys are kept in memory: each node reads them again every pollEvery, and at
// once when another node says that they changed. So a node that reaches the store is
// never more than 10 seconds behind; one that does not reach it signs nobody in anyway.
const (
	pollEvery = 5 * time.Second
	tickEvery = time.Minute             // keys are rotated and spoken of that often
	pollPause = pollEvery - time.Second // for one reading: the next is due then

	topicKeys = "keys"
)

// messenger is what a store may offer to tell all nodes something. A message may get
// lost: what must not be missed is looked up now and then as well.
type messenger interface {
	Publish(ctx context.Context, topic, payload string) error
	// Subscribe returns once topic is heard; hear is called until ctx ends.
	Subscribe(ctx context.Context, topic string, hear func(payload string)) error
}

// messenger is the store that can carry messages, nil if none can.
func (s *Server) messenger() messenger {
	for _, store := range []any{s.options.Flows, s.options.Records} {
		if m, ok := store.(messenger); ok {
			return m
		}
	}
	return nil
}

// followKeys keeps the key ring as it is in the store, until ctx ends.
func (s *Server) followKeys(ctx context.Context) {
	told := make(chan struct{}, 1)
	hear := func(string) {
		select {
		case told <- struct{}{}:
		default: // it is about to look anyway
		}
	}
	poll, tick := time.NewTicker(pollEvery), time.NewTicker(tickEvery)
	defer poll.Stop()
	defer tick.Stop()
	hears := s.subscribe(ctx, hear)
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			s.tickKeys(ctx)
			continue
		case <-told:
		case <-poll.C:
			if !hears {
				hears = s.subscribe(ctx, hear)
			}
		}
		s.readKeys(ctx)
	}
}

// subscribe reports whether nothing is left to try.
func (s *Server) subscribe(ctx context.Context, hear func(string)) bool {
	m := s.messenger()
	if m == nil {
		return true
	}
	err := m.Subscribe(ctx, topicKeys, hear)
	s.complain(ctx, "subscribe", err)
	return err == nil
}

func (s *Server) tickKeys(ctx context.Context) {
	bounded, cancel := context.WithTimeout(ctx, tickEvery/2)
	defer cancel()
	s.complain(ctx, "rotate keys", s.ring.Tick(bounded, keys.Schedule{Events: s.events, Marks: s.options.Flows}))
	if len(s.ring.Placeholders()) > 0 && !s.done(bounded, "placeholders") {
		s.complain(ctx, "drop placeholders", s.admin.DropPlaceholders(bounded, s.events))
	}
}

func (s *Server) readKeys(ctx context.Context) {
	bounded, cancel := context.WithTimeout(ctx, pollPause)
	defer cancel()
	began := s.now()
	err := s.ring.Reload(bounded)
	s.complain(ctx, "read keys", err)
	if err == nil {
		s.metrics.KeysRead(began)
	}
}

// announcing is the audit log of a node that tells the others about keys. Who changes
// keys records the Event after the change is in the store, so whoever hears of it finds it.
type announcing struct {
	metrics.Recorder
	s *Server
}

// Record implements [metrics.Recorder].
func (a announcing) Record(ctx context.Context, e idp.Event) error {
	if err := a.Recorder.Record(ctx, e); err != nil {
		return err
	}
	if m := a.s.messenger(); m != nil && strings.HasPrefix(e.Name, "key.") {
		a.s.complain(ctx, "tell nodes", m.Publish(ctx, topicKeys, e.Name))
	}
	return nil
}
