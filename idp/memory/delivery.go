package memory

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"cloudsso/idp"
)

// CreateDeliveries is [idp.Deliveries]'s.
func (s *Store) CreateDeliveries(ctx context.Context, ds []idp.Delivery) error {
	unlock, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	all := slices.Clone(s.deliveries)
	for _, d := range ds {
		if deliveryAt(all, d.ID) >= 0 {
			return idp.ErrConflict
		}
		all = append(all, clone(d))
	}
	s.deliveries = all
	return nil
}

// ClaimDeliveries is [idp.Deliveries]'s.
func (s *Store) ClaimDeliveries(ctx context.Context, now, lease time.Time, limit int) ([]idp.Delivery, error) {
	if err := (idp.Page{Limit: limit}).Check(); err != nil {
		return nil, err
	}
	if !lease.After(now) {
		return nil, errors.New("claim deliveries: the lease is over before it begins")
	}
	unlock, err := s.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	var due []*idp.Delivery
	for i := range s.deliveries {
		if d := &s.deliveries[i]; d.DoneAt.IsZero() && !d.NextAt.After(stored(now)) && !over(d.ExpiresAt, stored(now)) {
			due = append(due, d)
		}
	}
	slices.SortStableFunc(due, func(a, b *idp.Delivery) int { return a.NextAt.Compare(b.NextAt) })
	due = due[:min(limit, len(due))]
	slices.SortFunc(due, func(a, b *idp.Delivery) int {
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.ID, b.ID))
	})
	var claimed []idp.Delivery
	for _, d := range due {
		d.NextAt = stored(lease)
		d.Attempts++
		claimed = append(claimed, *d)
	}
	return claimed, nil
}

// SettleDelivery is [idp.Deliveries]'s.
func (s *Store) SettleDelivery(ctx context.Context, d idp.Delivery) error {
	unlock, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	i := deliveryAt(s.deliveries, d.ID)
	switch {
	case i < 0:
		return idp.ErrNotFound
	case s.deliveries[i].Attempts != d.Attempts || !s.deliveries[i].DoneAt.IsZero():
		return idp.ErrConflict
	}
	row := &s.deliveries[i]
	row.NextAt, row.DoneAt, row.Result = stored(d.NextAt), stored(d.DoneAt), d.Result
	return nil
}

// Deliveries is [idp.Deliveries]'s.
func (s *Store) Deliveries(ctx context.Context, app string, p idp.Page) (list []idp.Delivery, err error) {
	if err := p.Check(); err != nil {
		return nil, err
	}
	unlock, err := s.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	end := len(s.deliveries)
	if p.After != "" {
		if end = deliveryAt(s.deliveries, p.After); end < 0 {
			return nil, idp.ErrNotFound
		}
	}
	for _, d := range slices.Backward(s.deliveries[:end]) {
		if fits(app, d.App) && len(list) < p.Limit {
			list = append(list, d)
		}
	}
	return list, nil
}

func deliveryAt(list []idp.Delivery, id string) int {
	return slices.IndexFunc(list, func(d idp.Delivery) bool { return d.ID == id })
}
