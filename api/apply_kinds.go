package api

import (
	"context"
	"encoding/json"
	"log/slog"
	"slices"

	"cloudsso/idp"
)

// kind is one kind of documents.
type kind struct {
	name string
	body any    // what schemas show
	key  string // the member that names the object
	// secrets are members whose value stands elsewhere, with the pattern of that.
	secrets map[string]string
	plan    func(a *applying, ctx context.Context, d ApplyDocument) (*step, error)
	// held lists the records of this kind.
	held func(o acting, ctx context.Context) ([]held, error)
}

// held is a record that is there.
type held struct {
	space, name string // as of applying.once
	title       string
	managed     idp.Managed
	export      any // nil: not a file's business
	remove      func(ctx context.Context) error
	release     func(ctx context.Context) error
}

const elsewhere = `^env:[A-Za-z_][A-Za-z0-9_]*$|^file:.+$`

// kinds are in the order in which they are made: what others name comes first.
func kinds() []kind {
	return []kind{
		{"Group", NewGroup{}, "name", nil, (*applying).group, acting.heldGroups},
		{"User", NewUser{}, "username", map[string]string{"password": elsewhere, "password_hash": elsewhere}, (*applying).user, acting.heldUsers},
		{"Client", NewClient{}, "client_id", map[string]string{"client_secret": elsewhere + "|^generate$"}, (*applying).client, acting.heldClients},
		{"ServiceProvider", NewServiceProvider{}, "app", nil, (*applying).serviceProvider, acting.heldServiceProviders},
		{"TokenApp", NewTokenApp{}, "app", map[string]string{"shared_key": elsewhere + "|^generate$"}, (*applying).tokenApp, acting.heldTokenApps},
	}
}

// DocumentKinds names the kinds of documents, in the order in which they are applied.
func DocumentKinds() (names []string) {
	for _, k := range kinds() {
		names = append(names, k.name)
	}
	return names
}

// unlisted are the objects of this source that are in none of its files any more, the last
// kind first.
func (a *applying) unlisted(ctx context.Context) (out []*step, err error) {
	for _, k := range slices.Backward(kinds()) {
		list, err := k.held(a.acting, ctx)
		if err != nil {
			return nil, err
		}
		for _, h := range list {
			if h.managed.Source != a.Source || a.seen[h.space+"\x00"+h.name] {
				continue
			}
			s := &step{ObjectChange: ObjectChange{Kind: k.name, Name: h.title, File: h.managed.File, Action: ActionUnlisted}}
			switch {
			case a.Prune:
				s.Action, s.run = ActionDelete, func(ctx context.Context, _ *ObjectChange) error { return h.remove(ctx) }
			case a.Release:
				s.Action, s.run = ActionRelease, func(ctx context.Context, _ *ObjectChange) error { return h.release(ctx) }
			}
			out = append(out, s)
		}
	}
	return out, nil
}

// ExportedDocument is an object as a file has it. There are no secrets in it.
type ExportedDocument struct {
	Kind string          `json:"kind"`
	Body json.RawMessage `json:"body"`
}

// Export writes every object as files have it, without secrets, passwords and what
// registered itself. The order is always the same.
func (o *Owner) Export(ctx context.Context) (List[ExportedDocument], error) {
	out := List[ExportedDocument]{Items: []ExportedDocument{}}
	for _, k := range kinds() {
		list, err := k.held(o.acting, ctx)
		if err != nil {
			return out, err
		}
		for _, h := range list {
			if h.export == nil {
				continue
			}
			b, err := json.Marshal(h.export)
			if err != nil {
				return out, err
			}
			out.Items = append(out.Items, ExportedDocument{k.name, b})
		}
	}
	return out, nil
}

// every reads a list of the store to its end.
func every[T any](ctx context.Context, list func(context.Context, idp.Page) ([]T, error), key func(T) string) (all []T, err error) {
	page := idp.Page{Limit: 500}
	for {
		rows, err := list(ctx, page)
		if err != nil {
			return nil, err
		}
		all = append(all, rows...)
		if len(rows) < page.Limit {
			return all, nil
		}
		page.After = key(rows[len(rows)-1])
	}
}

// note is for causes of what the answer only words.
func note(ctx context.Context, err error) { idp.Note(ctx, slog.String("cause", err.Error())) }
