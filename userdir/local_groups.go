package userdir

import (
	"context"
	"errors"
	"fmt"

	"cloudsso/idp"
)

const maxGroups = 1000 // of one person, those above theirs included

// groups adds to somebody's groups those that they are in, and so on up, each once: the
// person's own first, then the nearest. Groups that are in each other end where they began.
// A group without a record is in no other.
func (l *Local) groups(ctx context.Context, direct []string) ([]string, error) {
	var all []string
	seen := make(map[string]bool)
	add := func(names []string) {
		for _, name := range names {
			if key := idp.FoldUsername(name); !seen[key] && len(all) < maxGroups {
				seen[key] = true
				all = append(all, name)
			}
		}
	}
	add(direct)
	for i := 0; i < len(all); i++ {
		g, err := l.store.Group(ctx, all[i])
		if errors.Is(err, idp.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("group: %w", err)
		}
		all[i] = g.Name // as it is written in its record
		add(g.Parents)
	}
	return all, nil
}
