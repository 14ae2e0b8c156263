package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
)

func (a *Admin) tokenAppRoutes(api huma.API) {
	handleFor(api, Actor.AppsMaker, http.MethodPost, "/token-apps", "create-token-app", "Register a signed-token app", http.StatusCreated,
		func(ctx context.Context, o AppsMaker, in *createInput[NewTokenApp]) (*one[TokenApp], error) {
			t, err := o.CreateTokenApp(ctx, in.Body)
			return &one[TokenApp]{ETag: etag(t.version), Location: a.created("/token-apps", t.App), Body: t}, err
		})
	handleFor(api, Actor.AppsReader, http.MethodGet, "/token-apps", "list-token-apps", "List signed-token apps", http.StatusOK,
		func(ctx context.Context, o AppsReader, in *listInput) (*many[TokenApp], error) {
			l, err := o.TokenApps(ctx, in.Paging)
			return &many[TokenApp]{l}, err
		})
	handleFor(api, Actor.AppsReader, http.MethodGet, "/token-apps/{id}", "read-token-app", "Read a signed-token app", http.StatusOK,
		func(ctx context.Context, o AppsReader, in *readInput) (*one[TokenApp], error) {
			t, err := o.TokenApp(ctx, in.ID)
			return answer(t, t.version, err)
		})
	handleFor(api, Actor.AppsWriter, http.MethodPatch, "/token-apps/{id}", "change-token-app", "Change a signed-token app", http.StatusOK,
		func(ctx context.Context, o AppsWriter, in *patchInput) (*one[TokenApp], error) {
			t, err := o.PatchTokenApp(ctx, in.ID, in.RawBody, in.IfMatch)
			return answer(t, t.version, err)
		})
	mergePatchOf[TokenAppSettings](api, "/token-apps/{id}")
	handleFor(api, Actor.AppsMaker, http.MethodDelete, "/token-apps/{id}", "delete-token-app", "Delete a signed-token app", http.StatusNoContent,
		func(ctx context.Context, o AppsMaker, in *deleteInput) (*nothing, error) {
			return nil, o.DeleteTokenApp(ctx, in.ID, in.IfMatch)
		})
	handleFor(api, Actor.AppsWriter, http.MethodPost, "/token-apps/{id}/key", "rotate-token-app-key", "Give a signed-token app another shared key, at once", http.StatusCreated,
		func(ctx context.Context, o AppsWriter, in *tokenKeyInput) (*one[TokenApp], error) {
			t, err := o.RotateTokenAppKey(ctx, in.ID, in.Body)
			return answer(t, t.version, err)
		})
	handleFor(api, Actor.AppsWriter, http.MethodPost, "/token-apps/{id}/key/link", "link-token-app-key", "Make a link that shows the shared key once, to whoever has its key as well", http.StatusCreated,
		func(ctx context.Context, o AppsWriter, in *tokenKeyLinkInput) (*onlyBody[SecretLink], error) {
			l, err := o.LinkTokenAppKey(ctx, in.ID, in.Body)
			return &onlyBody[SecretLink]{l}, err
		})
}

type (
	tokenKeyInput struct {
		Caller
		ID   string         `path:"id" maxLength:"256"`
		Key  IdempotencyKey `header:"Idempotency-Key" maxLength:"255" doc:"As for every creating call."`
		Body TokenAppKey
	}
	tokenKeyLinkInput struct {
		Caller
		ID   string         `path:"id" maxLength:"256"`
		Key  IdempotencyKey `header:"Idempotency-Key" maxLength:"255" doc:"As for every creating call."`
		Body KeyLinkRequest
	}
)
