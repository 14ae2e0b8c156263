package api

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"slices"

	"cloudsso/idp"
	"cloudsso/userdir"
)

// overlay notes the groups of the documents: a group may be below one that comes later.
func (a *applying) overlay(d ApplyDocument) {
	var in NewGroup
	if d.Kind == "Group" && json.Unmarshal(d.Body, &in) == nil {
		a.groups[idp.FoldUsername(in.Name)] = idp.Group{Name: in.Name, Parents: in.Parents}
	}
}

func (a *applying) findGroup(ctx context.Context) func(string) (idp.Group, error) {
	return func(name string) (idp.Group, error) {
		if g, ok := a.groups[idp.FoldUsername(name)]; ok {
			return g, nil
		}
		return a.Records.Group(ctx, name)
	}
}

func (a *applying) group(ctx context.Context, d ApplyDocument) (*step, error) {
	in, err := bodyOf[NewGroup](a, d)
	if err != nil {
		return nil, err
	}
	was, err := a.Records.Group(ctx, in.Name)
	fresh := errors.Is(err, idp.ErrNotFound)
	if err != nil && !fresh {
		return nil, err
	}
	g := was
	if fresh {
		g = idp.Group{Version: 1, CreatedAt: a.now(), UpdatedAt: a.now()}
	}
	g.Name, g.Description, g.Parents = in.Name, in.Description, in.Parents
	if g.Managed, err = a.keep(was.Managed, d.File, false); err != nil {
		return nil, err
	}
	if err := errors.Join(checkGroupNames(g), a.once("group", idp.FoldUsername(g.Name), "name")); err != nil {
		return nil, err
	}
	if err := notInItself(g, a.findGroup(ctx)); err != nil {
		return nil, err
	}
	s := &step{ObjectChange: ObjectChange{Kind: d.Kind, Name: g.Name, File: d.File, Action: ActionCreate}}
	if fresh {
		s.run = func(ctx context.Context, _ *ObjectChange) error {
			_, err := a.createGroup(ctx, g)
			return err
		}
		return s, nil
	}
	s.Action, s.Fields = ActionChange, append(changedFields(settingsOfGroup(was), settingsOfGroup(g)), kept(was.Managed, g.Managed)...)
	if len(s.Fields) == 0 {
		return nil, nil
	}
	s.run = func(ctx context.Context, _ *ObjectChange) error {
		_, err := a.saveGroup(ctx, was, g)
		return err
	}
	return s, nil
}

func (o acting) heldGroups(ctx context.Context) (out []held, err error) {
	rows, err := every(ctx, o.Records.Groups, func(g idp.Group) string { return g.Name })
	for _, g := range rows {
		out = append(out, held{
			space: "group", name: idp.FoldUsername(g.Name), title: g.Name, managed: g.Managed, export: settingsOfGroup(g),
			remove: func(ctx context.Context) error { return o.deleteGroup(ctx, g, g.Version) },
			release: func(ctx context.Context) error {
				free := g
				free.Managed = idp.Managed{}
				_, err := o.saveGroup(ctx, g, free)
				return err
			},
		})
	}
	return out, err
}

// user: the password of a document is the first one. Whoever has one keeps it: it may be
// another by now, and that is theirs.
func (a *applying) user(ctx context.Context, d ApplyDocument) (*step, error) {
	in, err := bodyOf[NewUser](a, d)
	if err != nil {
		return nil, err
	}
	was, err := a.Records.UserByUsername(ctx, userdir.Username(in.Username))
	fresh := errors.Is(err, idp.ErrNotFound)
	if err != nil && !fresh {
		return nil, err
	}
	u := was
	if fresh {
		u = idp.User{ID: idp.NewID(), Version: 1, CreatedAt: a.now(), UpdatedAt: a.now()}
	}
	if u.PasswordHash != "" {
		if err := checkPassword(in); err != nil {
			return nil, err
		}
		in.Password, in.PasswordHash = "", ""
	}
	if err := a.fill(&u, in); err != nil {
		return nil, err
	}
	if u.Managed, err = a.keep(was.Managed, d.File, false); err != nil {
		return nil, err
	}
	if err := a.once("user", idp.FoldUsername(u.Username), "username"); err != nil {
		return nil, err
	}
	s := &step{ObjectChange: ObjectChange{Kind: d.Kind, Name: u.Username, File: d.File, Action: ActionCreate}}
	if fresh {
		s.run = func(ctx context.Context, _ *ObjectChange) error {
			_, err := a.createUser(ctx, u)
			return err
		}
		return s, nil
	}
	return a.changesUser(s, was, u)
}

func (a *applying) changesUser(s *step, was, u idp.User) (*step, error) {
	before, err := settingsOf(was)
	after, err2 := settingsOf(u)
	if err := errors.Join(err, err2); err != nil {
		return nil, err
	}
	s.Action, s.Fields = ActionChange, append(changedFields(before, after), kept(was.Managed, u.Managed)...)
	if u.PasswordHash != was.PasswordHash {
		s.Fields = append(s.Fields, FieldChange{Field: "password", Secret: true})
	}
	if len(s.Fields) == 0 {
		return nil, nil
	}
	s.run = func(ctx context.Context, _ *ObjectChange) error {
		_, err := a.saveUser(ctx, was, u)
		return err
	}
	return s, nil
}

func (o acting) heldUsers(ctx context.Context) (out []held, err error) {
	rows, err := every(ctx, o.Records.Users, func(u idp.User) string { return u.ID })
	for _, u := range rows {
		form, err := settingsOf(u)
		if err != nil {
			return nil, err
		}
		out = append(out, held{
			space: "user", name: idp.FoldUsername(u.Username), title: u.Username, managed: u.Managed, export: form,
			remove: func(ctx context.Context) error { return o.deleteUser(ctx, u, u.Version) },
			release: func(ctx context.Context) error {
				free := u
				free.Managed = idp.Managed{}
				_, err := o.saveUser(ctx, u, free)
				return err
			},
		})
	}
	slices.SortFunc(out, func(a, b held) int { return cmp.Compare(a.name, b.name) }) // ids are chance
	return out, err
}
