package redis

import (
	"context"

	"cloudsso/idp"
)

// A flow is gone before the next release starts: Ask and Answer need no names of their own.
// The request is whatever a browser sent: kept as bytes.
type flowDoc struct {
	Protocol  string     `json:"protocol"`
	App       string     `json:"app"`
	Return    string     `json:"return"`
	Request   []byte     `json:"request"`
	Browser   string     `json:"browser"`
	Support   string     `json:"support,omitempty"`
	Ask       idp.Ask    `json:"ask"`
	Answer    idp.Answer `json:"answer"`
	CreatedAt int64      `json:"created_at"`
}

// CreateFlow is [idp.LoginFlows]'s.
func (s *Store) CreateFlow(ctx context.Context, f idp.Flow) error {
	doc, err := flowDocument(f)
	if err != nil {
		return err
	}
	n, err := s.number(ctx, createScript, []string{s.key("flow", f.ID)}, append(lifetime(s.now(), f.ExpiresAt), doc)...)
	return created(n, err)
}

// Flow is [idp.LoginFlows]'s.
func (s *Store) Flow(ctx context.Context, id string) (idp.Flow, error) {
	e, err := s.entry(ctx, s.key("flow", id))
	return s.flow(ctx, id, e, err)
}

// UpdateFlow is [idp.LoginFlows]'s.
func (s *Store) UpdateFlow(ctx context.Context, f idp.Flow) error {
	doc, err := flowDocument(f)
	if err != nil {
		return err
	}
	n, err := s.number(ctx, updateScript, []string{s.key("flow", f.ID)},
		append(lifetime(s.now(), f.ExpiresAt), doc, "", "", f.Version)...)
	return updated(n, err)
}

// TakeFlow is [idp.LoginFlows]'s. If the answer is lost on its way, the flow is gone all
// the same: that is [idp.ErrUnavailable] now and [idp.ErrNotFound] afterwards, never a
// flow taken twice.
func (s *Store) TakeFlow(ctx context.Context, id string) (idp.Flow, error) {
	e, err := s.taken(ctx, s.key("flow", id))
	return s.flow(ctx, id, e, err)
}

func flowDocument(f idp.Flow) (string, error) {
	f.Answer.AuthTime = instant(f.Answer.AuthTime.UnixMicro())
	return document(flowDoc{f.Protocol, f.App, f.Return, []byte(f.Request), f.Browser, f.Support, f.Ask, f.Answer, f.CreatedAt.UnixMicro()})
}

func (s *Store) flow(ctx context.Context, id string, e entry, err error) (idp.Flow, error) {
	if err != nil {
		return idp.Flow{}, err
	}
	var d flowDoc
	if err := s.decode(ctx, e, &d); err != nil {
		return idp.Flow{}, err
	}
	return idp.Flow{
		ID: id, Protocol: d.Protocol, App: d.App, Return: d.Return, Request: string(d.Request), Browser: d.Browser,
		Support: d.Support, Ask: d.Ask, Answer: d.Answer, Version: e.version, CreatedAt: instant(d.CreatedAt), ExpiresAt: e.expires,
	}, nil
}

// created says what the answer of [createScript] means.
func created(n int64, err error) error {
	if err == nil && n == 0 {
		return idp.ErrConflict
	}
	return err
}

// updated says what the answer of [updateScript] means.
func updated(n int64, err error) error {
	switch {
	case err != nil:
		return err
	case n < 0:
		return idp.ErrNotFound
	case n == 0:
		return idp.ErrConflict
	}
	return nil
}
