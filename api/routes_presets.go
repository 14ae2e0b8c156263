package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"cloudsso/api/presets"
)

type (
	presetsInput struct {
		Caller
		Query string `query:"q" maxLength:"100" doc:"Only presets that have every word of it."`
	}
	createAppInput struct {
		Caller
		Key    IdempotencyKey `header:"Idempotency-Key" maxLength:"255" doc:"As for every creating call."`
		DryRun bool           `query:"dry_run" doc:"Check everything, and make nothing."`
		Body   NewApp
	}
	handoverInput struct {
		Caller
		ID         string `path:"id" maxLength:"256" doc:"client_id, or the app of a service provider."`
		RelayState string `query:"relay_state" maxLength:"2048" doc:"Becomes part of the IdP-initiated link."`
	}
	shareInput struct {
		Caller
		ID   string         `path:"id" maxLength:"256"`
		Key  IdempotencyKey `header:"Idempotency-Key" maxLength:"255" doc:"As for every creating call."`
		Body HandoverShare
	}
	linkSecretInput struct {
		Caller
		ID     string         `path:"id" maxLength:"256"`
		Secret string         `path:"secret_id" maxLength:"256" doc:"Or \"new\", to make one more."`
		Key    IdempotencyKey `header:"Idempotency-Key" maxLength:"255" doc:"As for every creating call."`
		Body   SecretLinkRequest
	}
	onlyBody[T any] struct{ Body T }
)

func (a *Admin) presetRoutes(api huma.API) {
	handleFor(api, Actor.AppsReader, http.MethodGet, "/presets", "list-presets", "List or search the presets for known applications", http.StatusOK,
		func(ctx context.Context, o AppsReader, in *presetsInput) (*many[PresetSummary], error) {
			return &many[PresetSummary]{o.Presets(in.Query)}, nil
		})
	handleFor(api, Actor.AppsReader, http.MethodGet, "/presets/{id}", "read-preset", "Read a preset: what it asks, sets and hands over, and where that comes from", http.StatusOK,
		func(ctx context.Context, o AppsReader, in *readInput) (*onlyBody[presets.Preset], error) {
			p, err := o.Preset(in.ID)
			return &onlyBody[presets.Preset]{p}, err
		})
	handleFor(api, Actor.AppsMaker, http.MethodPost, "/apps", "create-app", "Make an app from a preset", http.StatusCreated,
		func(ctx context.Context, o AppsMaker, in *createAppInput) (*onlyBody[App], error) {
			app, err := o.CreateApp(ctx, in.Body, in.DryRun)
			return &onlyBody[App]{app}, err
		})
	handleFor(api, Actor.AppsReader, http.MethodGet, "/apps/{id}/handover", "read-handover", "Our values for an app under its own names", http.StatusOK,
		func(ctx context.Context, o AppsReader, in *handoverInput) (*onlyBody[Handover], error) {
			h, err := o.Handover(ctx, in.ID, in.RelayState)
			return &onlyBody[Handover]{h}, err
		})
	handleFor(api, Actor.AppsWriter, http.MethodPost, "/apps/{id}/handover/share", "share-handover", "Make a link that shows the hand-over sheet, without secrets, until it expires", http.StatusCreated,
		func(ctx context.Context, o AppsWriter, in *shareInput) (*onlyBody[HandoverLink], error) {
			l, err := o.ShareHandover(ctx, in.ID, in.Body)
			return &onlyBody[HandoverLink]{l}, err
		})
	handleFor(api, Actor.AppsWriter, http.MethodDelete, "/apps/{id}/handover/share", "end-handover-links", "End every link to the hand-over sheet that was made so far", http.StatusNoContent,
		func(ctx context.Context, o AppsWriter, in *readInput) (*nothing, error) {
			return nil, o.EndHandoverLinks(ctx, in.ID)
		})
	handleFor(api, Actor.AppsWriter, http.MethodPost, "/clients/{id}/secrets/{secret_id}/link", "link-client-secret", "Make a link that shows a secret once, to whoever has its key as well", http.StatusCreated,
		func(ctx context.Context, o AppsWriter, in *linkSecretInput) (*onlyBody[SecretLink], error) {
			l, err := o.LinkSecret(ctx, in.ID, in.Secret, in.Body)
			return &onlyBody[SecretLink]{l}, err
		})
	a.lintRoutes(api)
}
