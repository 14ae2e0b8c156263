package api

import (
	"log/slog"
	"mime"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"cloudsso/idp"
)

// Caller brings the owner handle into an operation's input. It is not part of the API.
type Caller struct{ owner *Owner }

// Resolve implements huma.Resolver: it takes the handle over from [guard].
func (c *Caller) Resolve(ctx huma.Context) []error {
	c.owner = ctx.(ownerContext).owner
	return nil
}

// ownerContext carries the handle from the guard to the operation.
type ownerContext struct {
	humaContext
	owner *Owner
}

type humaContext huma.Context

// guard lets owners through, before anything of their request is looked at.
func (a *Admin) guard(ctx huma.Context, next func(huma.Context)) {
	owner, err := a.ownerOf(ctx)
	if err != nil {
		a.refuse(ctx, err)
		return
	}
	idp.Note(ctx.Context(), slog.String("actor", owner.actor))
	if accepted := acceptedTypes(ctx.Method()); accepted != nil && !slices.Contains(accepted, mediaType(ctx)) {
		a.writeProblem(ctx, newProblem(ctx.Context(), http.StatusUnsupportedMediaType,
			"Send the body as JSON, with the header Content-Type: "+accepted[0]+"."))
		return
	}
	ctx.SetHeader("Cache-Control", "no-store")
	next(ownerContext{ctx, owner})
}

func (a *Admin) ownerOf(ctx huma.Context) (*Owner, error) {
	scheme, token, _ := strings.Cut(ctx.Header("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") || token == "" {
		return nil, idp.Errorf(idp.Unauthorized, "An admin token is needed: send the header Authorization: Bearer, then the token. \"cloudsso token create\" makes one.")
	}
	actor, err := a.Authenticate(ctx.Context(), strings.TrimSpace(token))
	if err != nil {
		return nil, err
	}
	return actor.Owner()
}

// refuse answers instead of the operation. The challenge is RFC 6750 §3's.
func (a *Admin) refuse(ctx huma.Context, err error) {
	p := problemOf(ctx.Context(), err)
	challenge := `Bearer realm="cloudsso admin API"`
	switch {
	case p.Status == http.StatusForbidden:
		ctx.SetHeader("WWW-Authenticate", challenge+`, error="insufficient_scope"`)
	case p.Status == http.StatusUnauthorized && ctx.Header("Authorization") != "":
		ctx.SetHeader("WWW-Authenticate", challenge+`, error="invalid_token"`)
	case p.Status == http.StatusUnauthorized:
		ctx.SetHeader("WWW-Authenticate", challenge)
	}
	a.writeProblem(ctx, p)
}

func (a *Admin) writeProblem(ctx huma.Context, p *Problem) {
	ctx.SetHeader("Cache-Control", "no-store")
	ctx.SetHeader("Content-Type", p.ContentType(""))
	ctx.SetStatus(p.Status)
	marshal(ctx.BodyWriter(), p)
}

// acceptedTypes are the media types of bodies, the preferred one first; nil: no body.
func acceptedTypes(method string) []string {
	switch method {
	case http.MethodPost, http.MethodPut:
		return []string{"application/json"}
	case http.MethodPatch:
		return []string{"application/merge-patch+json", "application/json"}
	}
	return nil
}

func mediaType(ctx huma.Context) string {
	t, _, err := mime.ParseMediaType(ctx.Header("Content-Type"))
	if err != nil {
		return ""
	}
	return t
}
