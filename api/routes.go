package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"cloudsso/idp"
)

// The inputs and answers that several operations share.
type (
	listInput struct {
		Caller
		Paging
	}
	readInput struct {
		Caller
		ID string `path:"id" maxLength:"256"`
	}
	deleteInput struct {
		Caller
		ID      string  `path:"id" maxLength:"256"`
		IfMatch IfMatch `header:"If-Match" doc:"ETag that must still be current."`
	}
	createInput[T any] struct {
		Caller
		Key  IdempotencyKey `header:"Idempotency-Key" maxLength:"255" doc:"A request that is sent again with the same key is not carried out again: the first answer comes back. Kept for 24 hours."`
		Body T
	}
	replaceInput[T any] struct {
		Caller
		ID      string  `path:"id" maxLength:"256"`
		IfMatch IfMatch `header:"If-Match" doc:"ETag that must still be current."`
		Body    T
	}
	patchInput struct {
		Caller
		ID      string  `path:"id" maxLength:"256"`
		IfMatch IfMatch `header:"If-Match" doc:"ETag that must still be current."`
		RawBody []byte  `contentType:"application/merge-patch+json"`
	}
	// IdempotencyKey is looked at before the operation, in [Admin.idempotent].
	IdempotencyKey string

	one[T any] struct {
		ETag     string `header:"ETag"`
		Location string `header:"Location"`
		Body     T
	}
	many[T any] struct{ Body List[T] }
	nothing     struct{}
)

func answer[T any](v T, version int64, err error) (*one[T], error) {
	return &one[T]{ETag: etag(version), Body: v}, err
}

// created adds the new resource's address.
func (a *Admin) created(path, id string) string { return a.Issuer + prefix + path + "/" + id }

func (a *Admin) clientRoutes(api huma.API) {
	handleFor(api, Actor.AppsMaker, http.MethodPost, "/clients", "create-client", "Register a client (OpenID Connect, OAuth 2)", http.StatusCreated,
		func(ctx context.Context, o AppsMaker, in *createInput[NewClient]) (*one[Client], error) {
			c, err := o.CreateClient(ctx, in.Body)
			return &one[Client]{ETag: etag(c.version), Location: a.created("/clients", c.ClientID), Body: c}, err
		})
	handleFor(api, Actor.AppsReader, http.MethodGet, "/clients", "list-clients", "List clients", http.StatusOK,
		func(ctx context.Context, o AppsReader, in *listInput) (*many[Client], error) {
			l, err := o.Clients(ctx, in.Paging)
			return &many[Client]{l}, err
		})
	handleFor(api, Actor.AppsReader, http.MethodGet, "/clients/{id}", "read-client", "Read a client", http.StatusOK,
		func(ctx context.Context, o AppsReader, in *readInput) (*one[Client], error) {
			c, err := o.Client(ctx, in.ID)
			return answer(c, c.version, err)
		})
	handleFor(api, Actor.AppsWriter, http.MethodPatch, "/clients/{id}", "change-client", "Change a client", http.StatusOK,
		func(ctx context.Context, o AppsWriter, in *patchInput) (*one[Client], error) {
			c, err := o.PatchClient(ctx, in.ID, in.RawBody, in.IfMatch)
			return answer(c, c.version, err)
		})
	mergePatchOf[idp.ClientMetadata](api, "/clients/{id}")
	handleFor(api, Actor.AppsMaker, http.MethodDelete, "/clients/{id}", "delete-client", "Delete a client with its grants", http.StatusNoContent,
		func(ctx context.Context, o AppsMaker, in *deleteInput) (*nothing, error) {
			return nil, o.DeleteClient(ctx, in.ID, in.IfMatch)
		})
	a.secretRoutes(api)
}

type (
	secretsInput struct {
		Caller
		ID string `path:"id" maxLength:"256"`
	}
	rotateSecretInput struct {
		Caller
		ID   string         `path:"id" maxLength:"256"`
		Key  IdempotencyKey `header:"Idempotency-Key" maxLength:"255" doc:"As for every creating call."`
		Body SecretRotation
	}
	deleteSecretInput struct {
		Caller
		ID     string `path:"id" maxLength:"256"`
		Secret string `path:"secret_id" maxLength:"256"`
	}
	secretAnswer struct{ Body Secret }
)

func (a *Admin) secretRoutes(api huma.API) {
	handleFor(api, Actor.AppsWriter, http.MethodPost, "/clients/{id}/secrets", "rotate-client-secret", "Give a client one more secret; two may live at a time", http.StatusCreated,
		func(ctx context.Context, o AppsWriter, in *rotateSecretInput) (*secretAnswer, error) {
			s, err := o.RotateSecret(ctx, in.ID, in.Body)
			return &secretAnswer{s}, err
		})
	handleFor(api, Actor.AppsReader, http.MethodGet, "/clients/{id}/secrets", "list-client-secrets", "List a client's live secrets, without their values", http.StatusOK,
		func(ctx context.Context, o AppsReader, in *secretsInput) (*many[Secret], error) {
			l, err := o.Secrets(ctx, in.ID)
			return &many[Secret]{l}, err
		})
	handleFor(api, Actor.AppsWriter, http.MethodDelete, "/clients/{id}/secrets/{secret_id}", "delete-client-secret", "End one secret of a client at once", http.StatusNoContent,
		func(ctx context.Context, o AppsWriter, in *deleteSecretInput) (*nothing, error) {
			return nil, o.DeleteSecret(ctx, in.ID, in.Secret)
		})
}

type (
	previewAnswer struct{ Body MetadataPreview }
	refreshAnswer struct{ Body Refreshed }
)

func (a *Admin) serviceProviderRoutes(api huma.API) {
	handleFor(api, Actor.AppsMaker, http.MethodPost, "/service-providers", "create-service-provider", "Register a service provider (SAML)", http.StatusCreated,
		func(ctx context.Context, o AppsMaker, in *createInput[NewServiceProvider]) (*one[ServiceProvider], error) {
			sp, err := o.ImportServiceProvider(ctx, in.Body)
			return &one[ServiceProvider]{ETag: etag(sp.version), Location: a.created("/service-providers", sp.App), Body: sp}, err
		})
	handleFor(api, Actor.AppsReader, http.MethodGet, "/service-providers", "list-service-providers", "List service providers", http.StatusOK,
		func(ctx context.Context, o AppsReader, in *listInput) (*many[ServiceProvider], error) {
			l, err := o.ServiceProviders(ctx, in.Paging)
			return &many[ServiceProvider]{l}, err
		})
	handleFor(api, Actor.AppsReader, http.MethodGet, "/service-providers/{id}", "read-service-provider", "Read a service provider", http.StatusOK,
		func(ctx context.Context, o AppsReader, in *readInput) (*one[ServiceProvider], error) {
			sp, err := o.ServiceProvider(ctx, in.ID)
			return answer(sp, sp.version, err)
		})
	handleFor(api, Actor.AppsWriter, http.MethodPut, "/service-providers/{id}", "replace-service-provider", "Replace a service provider: metadata, endpoints, keys and policy", http.StatusOK,
		func(ctx context.Context, o AppsWriter, in *replaceInput[NewServiceProvider]) (*one[ServiceProvider], error) {
			sp, err := o.ReplaceServiceProvider(ctx, in.ID, in.Body, in.IfMatch)
			return answer(sp, sp.version, err)
		})
	handleFor(api, Actor.AppsWriter, http.MethodPatch, "/service-providers/{id}", "change-service-provider", "Change name and policy of a service provider", http.StatusOK,
		func(ctx context.Context, o AppsWriter, in *patchInput) (*one[ServiceProvider], error) {
			sp, err := o.PatchServiceProvider(ctx, in.ID, in.RawBody, in.IfMatch)
			return answer(sp, sp.version, err)
		})
	mergePatchOf[ServiceProviderSettings](api, "/service-providers/{id}")
	handleFor(api, Actor.AppsWriter, http.MethodPost, "/service-providers/preview-metadata", "preview-service-provider", "Show what metadata would set and change, without saving", http.StatusOK,
		func(ctx context.Context, o AppsWriter, in *createInput[NewServiceProvider]) (*previewAnswer, error) {
			p, err := o.PreviewServiceProvider(ctx, in.Body)
			return &previewAnswer{p}, err
		})
	handleFor(api, Actor.AppsWriter, http.MethodPost, "/service-providers/{id}/refresh", "refresh-service-provider", "Read the metadata again from its address, now", http.StatusOK,
		func(ctx context.Context, o AppsWriter, in *readInput) (*refreshAnswer, error) {
			r, err := o.RefreshServiceProvider(ctx, in.ID)
			return &refreshAnswer{r}, err
		})
	handleFor(api, Actor.AppsMaker, http.MethodDelete, "/service-providers/{id}", "delete-service-provider", "Delete a service provider", http.StatusNoContent,
		func(ctx context.Context, o AppsMaker, in *deleteInput) (*nothing, error) {
			return nil, o.DeleteServiceProvider(ctx, in.ID, in.IfMatch)
		})
}

func (a *Admin) userRoutes(api huma.API) {
	handleFor(api, Actor.PeopleWriter, http.MethodPost, "/users", "create-user", "Add a built-in user", http.StatusCreated,
		func(ctx context.Context, o PeopleWriter, in *createInput[NewUser]) (*one[User], error) {
			u, err := o.CreateUser(ctx, in.Body)
			return &one[User]{ETag: etag(u.version), Location: a.created("/users", u.ID), Body: u}, err
		})
	handleFor(api, Actor.PeopleReader, http.MethodGet, "/users", "list-users", "List built-in users", http.StatusOK,
		func(ctx context.Context, o PeopleReader, in *listInput) (*many[User], error) {
			l, err := o.Users(ctx, in.Paging)
			return &many[User]{l}, err
		})
	handleFor(api, Actor.PeopleReader, http.MethodGet, "/users/{id}", "read-user", "Read a user", http.StatusOK,
		func(ctx context.Context, o PeopleReader, in *readInput) (*one[User], error) {
			u, err := o.User(ctx, in.ID)
			return answer(u, u.version, err)
		})
	handleFor(api, Actor.PeopleWriter, http.MethodPatch, "/users/{id}", "change-user", "Change a user; disabling and a new password end their access at once", http.StatusOK,
		func(ctx context.Context, o PeopleWriter, in *patchInput) (*one[User], error) {
			u, err := o.PatchUser(ctx, in.ID, in.RawBody, in.IfMatch)
			return answer(u, u.version, err)
		})
	mergePatchOf[NewUser](api, "/users/{id}")
	handleFor(api, Actor.PeopleWriter, http.MethodDelete, "/users/{id}", "delete-user", "End a user's access and delete them", http.StatusNoContent,
		func(ctx context.Context, o PeopleWriter, in *deleteInput) (*nothing, error) {
			return nil, o.DeleteUser(ctx, in.ID, in.IfMatch)
		})
}

type (
	sessionsInput struct {
		Caller
		User string `query:"user" required:"true" maxLength:"256" doc:"Id of a built-in user."`
	}
	eventsInput struct {
		Caller
		EventQuery
		Paging
	}
	sessionInput struct {
		Caller
		ID   string `path:"id" maxLength:"256"`
		User string `query:"user" required:"true" maxLength:"256" doc:"Id of the built-in user whose session it is."`
	}
)

func (a *Admin) readRoutes(api huma.API) {
	handleFor(api, Actor.PeopleReader, http.MethodGet, "/sessions", "list-sessions", "List a user's browser sessions", http.StatusOK,
		func(ctx context.Context, o PeopleReader, in *sessionsInput) (*many[Session], error) {
			l, err := o.SessionsOf(ctx, in.User)
			return &many[Session]{l}, err
		})
	handleFor(api, Actor.PeopleHelper, http.MethodDelete, "/sessions/{id}", "delete-session", "Sign one browser of a user out", http.StatusNoContent,
		func(ctx context.Context, o PeopleHelper, in *sessionInput) (*nothing, error) {
			return nil, o.DeleteSession(ctx, in.User, in.ID)
		})
	handleFor(api, Actor.EventsReader, http.MethodGet, "/events", "list-events", "List the audit log, newest first", http.StatusOK,
		func(ctx context.Context, o EventsReader, in *eventsInput) (*many[idp.Event], error) {
			l, err := o.Events(ctx, in.EventQuery, in.Paging)
			return &many[idp.Event]{l}, err
		})
}

type deliveriesInput struct {
	Caller
	Paging
	App string `query:"app" maxLength:"256" doc:"Only those of this app."`
}

func (a *Admin) deliveryRoutes(api huma.API) {
	handleFor(api, Actor.EventsReader, http.MethodGet, "/logout-deliveries", "list-logout-deliveries", "List the receipts of logout messages to apps, newest first", http.StatusOK,
		func(ctx context.Context, o EventsReader, in *deliveriesInput) (*many[LogoutDelivery], error) {
			l, err := o.LogoutDeliveries(ctx, in.App, in.Paging)
			return &many[LogoutDelivery]{l}, err
		})
}

type (
	keysInput    struct{ Caller }
	keyStepInput struct {
		Caller
		ID   string `path:"id" maxLength:"256" doc:"The kid."`
		Body KeyStep
	}
	keyAnswer struct{ Body Key }
)

func (a *Admin) keyRoutes(api huma.API) {
	handleFor(api, Actor.KeysReader, http.MethodGet, "/keys", "list-keys", "List the keys: state, times, fingerprints", http.StatusOK,
		func(ctx context.Context, o KeysReader, in *keysInput) (*many[Key], error) {
			return &many[Key]{o.Keys()}, nil
		})
	handleFor(api, Actor.KeysWriter, http.MethodPost, "/keys/rotate", "rotate-key", "Make the next key of a kind", http.StatusCreated,
		func(ctx context.Context, o KeysWriter, in *createInput[KeyRotation]) (*keyAnswer, error) {
			k, err := o.RotateKey(ctx, in.Body)
			return &keyAnswer{k}, err
		})
	handleFor(api, Actor.KeysWriter, http.MethodPost, "/keys/{id}/activate", "activate-key", "Sign with a published key from now on; on the old key, the way back", http.StatusOK,
		func(ctx context.Context, o KeysWriter, in *keyStepInput) (*keyAnswer, error) {
			k, err := o.ActivateKey(ctx, in.ID, in.Body)
			return &keyAnswer{k}, err
		})
	handleFor(api, Actor.KeysWriter, http.MethodPost, "/keys/import", "import-key", "Take a SAML key that was made elsewhere; it is published and waits to be activated", http.StatusCreated,
		func(ctx context.Context, o KeysWriter, in *createInput[KeyImport]) (*keyAnswer, error) {
			k, err := o.ImportKey(ctx, in.Body)
			return &keyAnswer{k}, err
		})
	handleFor(api, Actor.KeysReader, http.MethodGet, "/keys/{id}/apps", "list-key-apps", "List the service providers that a SAML key is published for, and who has seen it", http.StatusOK,
		func(ctx context.Context, o KeysReader, in *readInput) (*many[KeyUser], error) {
			l, err := o.KeyUsers(ctx, in.ID)
			return &many[KeyUser]{l}, err
		})
	handleFor(api, Actor.KeysWriter, http.MethodPost, "/keys/{id}/deactivate", "deactivate-key", "Let a service provider's own key sign no more: the key before it does", http.StatusOK,
		func(ctx context.Context, o KeysWriter, in *readInput) (*keyAnswer, error) {
			k, err := o.DeactivateKey(ctx, in.ID)
			return &keyAnswer{k}, err
		})
	handleFor(api, Actor.KeysWriter, http.MethodPost, "/keys/{id}/publish", "publish-key", "Publish a retired SAML key again, without signing: the way back from retire", http.StatusOK,
		func(ctx context.Context, o KeysWriter, in *readInput) (*keyAnswer, error) {
			k, err := o.PublishKey(ctx, in.ID)
			return &keyAnswer{k}, err
		})
	handleFor(api, Actor.KeysWriter, http.MethodPost, "/keys/{id}/retire", "retire-key", "Publish a key no longer; on the next key, call the rotation off", http.StatusOK,
		func(ctx context.Context, o KeysWriter, in *keyStepInput) (*keyAnswer, error) {
			k, err := o.RetireKey(ctx, in.ID, in.Body)
			return &keyAnswer{k}, err
		})
}
