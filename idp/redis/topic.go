package redis

import (
	"context"
	"net"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

const pause = 250 * time.Millisecond // between attempts to subscribe again

// Publish tells all who have subscribed to topic at this moment, this node included.
// Nobody keeps it for those who have not: what must not be missed is looked up as well.
func (s *Store) Publish(ctx context.Context, topic, payload string) error {
	return s.read(ctx, func(ctx context.Context) error {
		return s.client.Publish(ctx, s.channel(topic), payload).Err()
	})
}

// Subscribe returns once this node hears topic, or with [idp.ErrUnavailable]. Then hear
// is called with one payload after the other, until ctx is over or the store is closed. A
// lost connection is noticed within twice the time-out and found again by itself; as
// nobody knows what was missed meanwhile, hear is then called with "": look for yourself.
func (s *Store) Subscribe(ctx context.Context, topic string, hear func(payload string)) error {
	sub, err := s.subscribe(ctx, topic)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	context.AfterFunc(s.closed, cancel)
	go func() {
		defer cancel()
		for sub != nil {
			s.listen(ctx, sub, hear)
			if sub = s.again(ctx, topic); sub != nil {
				hear("")
			}
		}
	}()
	return nil
}

// subscribe returns once the server has confirmed.
func (s *Store) subscribe(ctx context.Context, topic string) (sub *goredis.PubSub, err error) {
	err = s.read(ctx, func(ctx context.Context) error {
		sub = s.client.Subscribe(ctx)
		if err := sub.Subscribe(ctx, s.channel(topic)); err != nil {
			return err
		}
		_, err := sub.ReceiveTimeout(ctx, s.timeout)
		return err
	})
	if err != nil && sub != nil {
		_ = sub.Close()
	}
	return sub, err
}

// again subscribes until it succeeds; nil when ctx is over.
func (s *Store) again(ctx context.Context, topic string) *goredis.PubSub {
	for ctx.Err() == nil {
		if sub, err := s.subscribe(ctx, topic); err == nil {
			return sub
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
	}
	return nil
}

// listen returns when the connection is lost or ctx is over. A server that is silent is
// asked for a sign of life: one that went away without a word says nothing either.
func (s *Store) listen(ctx context.Context, sub *goredis.PubSub, hear func(string)) {
	defer sub.Close()
	defer context.AfterFunc(ctx, func() { _ = sub.Close() })()
	asked := false
	for {
		message, err := sub.ReceiveTimeout(ctx, s.timeout)
		if silent, ok := err.(net.Error); ok && silent.Timeout() && !asked {
			asked, err = true, sub.Ping(ctx)
		} else {
			asked = false
		}
		if err != nil || ctx.Err() != nil {
			return
		}
		if m, ok := message.(*goredis.Message); ok {
			hear(m.Payload)
		}
	}
}

func (s *Store) channel(topic string) string { return s.namespace + ":topic:" + topic }
