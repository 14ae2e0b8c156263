package memory

import (
	"slices"

	"cloudsso/idp"
)

// table is what all versioned records share.
type table[T any] struct {
	rows    map[string]T
	version func(*T) *int64
}

func newTable[T any](version func(*T) *int64) table[T] {
	return table[T]{rows: map[string]T{}, version: version}
}

func (t table[T]) create(key string, v T) error {
	if _, taken := t.rows[key]; taken {
		return idp.ErrConflict
	}
	*t.version(&v) = 1
	t.rows[key] = clone(v)
	return nil
}

func (t table[T]) read(key string) (T, error) {
	v, ok := t.rows[key]
	if !ok {
		return v, idp.ErrNotFound
	}
	return clone(v), nil
}

func (t table[T]) update(key string, v T) error {
	if err := t.current(key, *t.version(&v)); err != nil {
		return err
	}
	*t.version(&v)++
	t.rows[key] = clone(v)
	return nil
}

// remove deletes the row if version is its, or 0.
func (t table[T]) remove(key string, version int64) error {
	err := t.current(key, version)
	if err == idp.ErrConflict && version == 0 {
		err = nil
	}
	if err == nil {
		delete(t.rows, key)
	}
	return err
}

func (t table[T]) current(key string, version int64) error {
	old, ok := t.rows[key]
	switch {
	case !ok:
		return idp.ErrNotFound
	case *t.version(&old) != version:
		return idp.ErrConflict
	}
	return nil
}

func (t table[T]) list(p idp.Page) ([]T, error) {
	if err := p.Check(); err != nil {
		return nil, err
	}
	return t.filter(p.Limit, func(key string, _ *T) bool { return key > p.After }), nil
}

// filter returns the first rows that fit, by their keys.
func (t table[T]) filter(limit int, fits func(key string, v *T) bool) (list []T) {
	var keys []string
	for k, v := range t.rows {
		if fits(k, &v) {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	for _, k := range keys[:min(len(keys), limit)] {
		list = append(list, clone(t.rows[k]))
	}
	return list
}

// find returns the row that fits. Linear: this store is for tests.
func (t table[T]) find(fits func(*T) bool) (T, error) {
	for _, v := range t.rows {
		if fits(&v) {
			return clone(v), nil
		}
	}
	var none T
	return none, idp.ErrNotFound
}
