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

// Caller brings the actor into an operation's input. It is not part of the API.
type Caller struct{ actor Actor }

// Resolve implements huma.Resolver: it takes the actor over from [Admin.guard].
func (c *Caller) Resolve(ctx huma.Context) []error {
	c.actor = ctx.(actorContext).actor
	return nil
}

func (c *Caller) who() Actor { return c.actor }

// actorContext carries the actor from the guard to the operation.
type actorContext struct {
	humaContext
	actor Actor
}

type humaContext huma.Context

// guard finds out who is calling, before anything else of their request is looked at.
func (a *Admin) guard(ctx huma.Context, next func(huma.Context)) {
	actor, err := a.actorOf(ctx)
	if err != nil {
		refuse(ctx, err)
		return
	}
	idp.Note(ctx.Context(), slog.String("actor", actor.id))
	next(actorContext{ctx, actor})
}

// permit lets through who can get the operation's handle, still before the body is read.
func permit[H any](as func(Actor) (H, error)) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		if _, err := as(ctx.(actorContext).actor); err != nil {
			refuse(ctx, err)
			return
		}
		if accepted := acceptedTypes(ctx.Operation()); accepted != nil && !slices.Contains(accepted, mediaType(ctx)) {
			writeProblem(ctx, newProblem(ctx.Context(), http.StatusUnsupportedMediaType,
				"Send the body as JSON, with the header Content-Type: "+accepted[0]+"."))
			return
		}
		ctx.SetHeader("Cache-Control", "no-store")
		next(ctx)
	}
}

func (a *Admin) actorOf(ctx huma.Context) (Actor, error) {
	token := bearer(ctx.Header("Authorization"))
	if token == "" {
		return Actor{}, idp.Errorf(idp.Unauthorized, "An admin token is needed: send the header Authorization: Bearer, then the token. \"cloudsso token create\" makes one.")
	}
	return a.Authenticate(ctx.Context(), token)
}

// bearer is the token of an Authorization header, "" if it has none.
func bearer(header string) string {
	scheme, token, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

// refuse answers instead of the operation. The challenge is RFC 6750 §3's.
func refuse(ctx huma.Context, err error) {
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
	writeProblem(ctx, p)
}

func writeProblem(ctx huma.Context, p *Problem) {
	ctx.SetHeader("Cache-Control", "no-store")
	ctx.SetHeader("Content-Type", p.ContentType(""))
	ctx.SetStatus(p.Status)
	marshal(ctx.BodyWriter(), p)
}

// acceptedTypes are the media types of bodies, the preferred one first; nil: no body.
func acceptedTypes(op *huma.Operation) []string {
	switch {
	case op.RequestBody == nil:
		return nil
	case op.Method == http.MethodPatch:
		return []string{"application/merge-patch+json", "application/json"}
	}
	return []string{"application/json"}
}

func mediaType(ctx huma.Context) string {
	t, _, err := mime.ParseMediaType(ctx.Header("Content-Type"))
	if err != nil {
		return ""
	}
	return t
}
