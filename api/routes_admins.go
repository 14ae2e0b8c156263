package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
)

// GrantRevocation is the body of POST /people/{id}/revoke-grants.
type GrantRevocation struct {
	App string `json:"app,omitempty" maxLength:"256" doc:"Only grants to this client."`
}

// Nothing is the body of a POST that says all in its address: {}.
type Nothing struct{}

type (
	idInput struct {
		Caller
		ID string `path:"id" maxLength:"256"`
	}
	helpInput[T any] struct {
		Caller
		ID   string         `path:"id" maxLength:"256" doc:"A subject."`
		Key  IdempotencyKey `header:"Idempotency-Key" maxLength:"255" doc:"A request that is sent again with the same key is not carried out again: the first answer comes back. Kept for 24 hours."`
		Body T
	}
	searchInput struct {
		Caller
		Query string `query:"q" required:"true" minLength:"1" maxLength:"256" doc:"A subject, a user name, an address or a part of one."`
	}
	endedAnswer struct{ Body Ended }
	linkAnswer  struct{ Body SignInLink }
)

func (a *Admin) adminRoutes(api huma.API) {
	handleFor(api, Actor.AdminsWriter, http.MethodPost, "/tokens", "create-token", "Make an admin token", http.StatusCreated,
		func(ctx context.Context, o AdminsWriter, in *createInput[NewToken]) (*one[Token], error) {
			t, err := o.CreateToken(ctx, in.Body)
			return &one[Token]{Location: a.created("/tokens", t.ID), Body: t}, err
		})
	handleFor(api, Actor.AdminsReader, http.MethodGet, "/tokens", "list-tokens", "List the admin tokens that work", http.StatusOK,
		func(ctx context.Context, o AdminsReader, in *listInput) (*many[Token], error) {
			l, err := o.Tokens(ctx, in.Paging)
			return &many[Token]{l}, err
		})
	handleFor(api, Actor.AdminsWriter, http.MethodDelete, "/tokens/{id}", "revoke-token", "End an admin token at once", http.StatusNoContent,
		func(ctx context.Context, o AdminsWriter, in *idInput) (*nothing, error) {
			return nil, o.RevokeToken(ctx, in.ID)
		})

	handleFor(api, Actor.AdminsWriter, http.MethodPost, "/admins", "create-admin", "Let a person into the console", http.StatusCreated,
		func(ctx context.Context, o AdminsWriter, in *createInput[NewAdmin]) (*one[AdminPerson], error) {
			p, err := o.CreateAdmin(ctx, in.Body)
			return &one[AdminPerson]{ETag: etag(p.version), Location: a.created("/admins", p.Subject), Body: p}, err
		})
	handleFor(api, Actor.AdminsReader, http.MethodGet, "/admins", "list-admins", "List the people who are admins", http.StatusOK,
		func(ctx context.Context, o AdminsReader, in *listInput) (*many[AdminPerson], error) {
			l, err := o.AdminPeople(ctx, in.Paging)
			return &many[AdminPerson]{l}, err
		})
	handleFor(api, Actor.AdminsReader, http.MethodGet, "/admins/{id}", "read-admin", "Read an admin", http.StatusOK,
		func(ctx context.Context, o AdminsReader, in *readInput) (*one[AdminPerson], error) {
			p, err := o.AdminPerson(ctx, in.ID)
			return answer(p, p.version, err)
		})
	handleFor(api, Actor.AdminsWriter, http.MethodPatch, "/admins/{id}", "change-admin", "Change the role of an admin", http.StatusOK,
		func(ctx context.Context, o AdminsWriter, in *patchInput) (*one[AdminPerson], error) {
			p, err := o.PatchAdmin(ctx, in.ID, in.RawBody, in.IfMatch)
			return answer(p, p.version, err)
		})
	mergePatchOf[AdminSettings](api, "/admins/{id}")
	handleFor(api, Actor.AdminsWriter, http.MethodDelete, "/admins/{id}", "delete-admin", "Take the role of an admin away", http.StatusNoContent,
		func(ctx context.Context, o AdminsWriter, in *deleteInput) (*nothing, error) {
			return nil, o.DeleteAdmin(ctx, in.ID, in.IfMatch)
		})
	a.helpRoutes(api)
}

func (a *Admin) helpRoutes(api huma.API) {
	handleFor(api, Actor.PeopleReader, http.MethodGet, "/people", "search-people", "Find people in all directories, at most 50", http.StatusOK,
		func(ctx context.Context, o PeopleReader, in *searchInput) (*many[PersonFound], error) {
			l, err := o.SearchPeople(ctx, in.Query)
			return &many[PersonFound]{l}, err
		})
	handleFor(api, Actor.PeopleHelper, http.MethodPost, "/people/{id}/unlock", "unlock-person", "Forget wrong tries at their password", http.StatusNoContent,
		func(ctx context.Context, o PeopleHelper, in *helpInput[Nothing]) (*nothing, error) {
			return nil, o.Unlock(ctx, in.ID)
		})
	handleFor(api, Actor.PeopleHelper, http.MethodPost, "/people/{id}/end-sessions", "end-sessions", "Sign a person out of every browser", http.StatusOK,
		func(ctx context.Context, o PeopleHelper, in *helpInput[Nothing]) (*endedAnswer, error) {
			n, err := o.EndSessions(ctx, in.ID)
			return &endedAnswer{n}, err
		})
	handleFor(api, Actor.PeopleHelper, http.MethodPost, "/people/{id}/revoke-grants", "revoke-grants", "End what a person allowed applications", http.StatusOK,
		func(ctx context.Context, o PeopleHelper, in *helpInput[GrantRevocation]) (*endedAnswer, error) {
			n, err := o.RevokeGrants(ctx, in.ID, in.Body.App)
			return &endedAnswer{n}, err
		})
	handleFor(api, Actor.PeopleHelper, http.MethodPost, "/people/{id}/sign-in-link", "create-sign-in-link", "Make a link that signs a person in once", http.StatusCreated,
		func(ctx context.Context, o PeopleHelper, in *helpInput[Nothing]) (*linkAnswer, error) {
			l, err := o.SignInLink(ctx, in.ID)
			return &linkAnswer{l}, err
		})
}
