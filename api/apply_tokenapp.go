package api

import (
	"context"
	"crypto/subtle"
	"errors"

	"cloudsso/idp"
)

func (a *applying) tokenApp(ctx context.Context, d ApplyDocument) (*step, error) {
	in, err := bodyOf[NewTokenApp](a, d)
	if err != nil {
		return nil, err
	}
	if in.App == "" {
		return nil, idp.Errorf(idp.Invalid, "A signed-token app in a file needs app: it says which one is meant.").On("app")
	}
	was, err := a.Records.TokenApp(ctx, in.App)
	fresh := errors.Is(err, idp.ErrNotFound)
	if err != nil && !fresh {
		return nil, err
	}
	t := was
	if fresh {
		t = a.newTokenApp(in)
	}
	t.Name, t.TokenAppPolicy = in.Name, in.TokenAppPolicy
	if t.Managed, err = a.keep(was.Managed, d.File, in.SharedKey != ""); err != nil {
		return nil, err
	}
	if err := errors.Join(a.once("app", t.App, "app"), a.checkTokenApp(ctx, &t)); err != nil {
		return nil, err
	}
	s := &step{ObjectChange: ObjectChange{Kind: d.Kind, Name: t.App, File: d.File, Action: ActionChange}}
	if fresh {
		return a.createsTokenApp(ctx, s, t, in)
	}
	return a.changesTokenApp(s, was, t, in.SharedKey)
}

func (a *applying) createsTokenApp(ctx context.Context, s *step, t idp.TokenApp, in NewTokenApp) (*step, error) {
	if err := a.freeName(ctx, t.App, "app"); err != nil {
		return nil, err
	}
	checked := t
	if _, err := a.needTokenKey(&checked, in.SharedKey); err != nil {
		return nil, err
	}
	s.Action = ActionCreate
	s.run = func(ctx context.Context, done *ObjectChange) error {
		view, err := a.createTokenApp(ctx, t, in)
		done.SharedKey = view.SharedKey
		return err
	}
	return s, nil
}

func (a *applying) changesTokenApp(s *step, was, t idp.TokenApp, key string) (*step, error) {
	same, err := a.sameTokenKey(was, key)
	if err != nil {
		return nil, err
	}
	if same {
		key = ""
	}
	shown, err := a.needTokenKey(&t, key)
	if err != nil {
		return nil, err
	}
	s.Fields = append(changedFields(tokenAppForm(was), tokenAppForm(t)), kept(was.Managed, t.Managed)...)
	if key+shown != "" {
		s.Fields = append(s.Fields, FieldChange{Field: "shared_key", Secret: true})
	}
	if len(s.Fields) == 0 {
		return nil, nil
	}
	s.run = func(ctx context.Context, done *ObjectChange) error {
		if err := a.completeTokenApp(ctx, &t); err != nil {
			return err
		}
		view, err := a.saveTokenApp(ctx, t, idp.EventTokenAppUpdated, shown)
		done.SharedKey = view.SharedKey
		return err
	}
	return s, nil
}

func (o acting) sameTokenKey(t idp.TokenApp, key string) (bool, error) {
	if key == "" || len(t.SharedKey) == 0 {
		return false, nil
	}
	plain, err := o.Ring.Open(t.KeyPurpose(), t.SharedKey)
	return err == nil && subtle.ConstantTimeCompare(plain, []byte(key)) == 1, err
}

func tokenAppForm(t idp.TokenApp) NewTokenApp {
	return NewTokenApp{App: t.App, TokenAppSettings: TokenAppSettings{Name: t.Name, TokenAppPolicy: t.TokenAppPolicy}}
}

func (o acting) heldTokenApps(ctx context.Context) (out []held, err error) {
	rows, err := every(ctx, o.Records.TokenApps, func(t idp.TokenApp) string { return t.App })
	for _, t := range rows {
		out = append(out, held{
			space: "app", name: t.App, title: t.App, managed: t.Managed, export: tokenAppForm(t),
			remove: func(ctx context.Context) error { return o.deleteTokenApp(ctx, t, t.Version) },
			release: func(ctx context.Context) error {
				t.Managed = idp.Managed{}
				_, err := o.saveTokenApp(ctx, t, idp.EventTokenAppUpdated, "")
				return err
			},
		})
	}
	return out, err
}
