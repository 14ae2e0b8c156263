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
	handle(api, http.MethodPost, "/clients", "create-client", "Register a client (OpenID Connect, OAuth 2)", http.StatusCreated,
		func(ctx context.Context, in *createInput[NewClient]) (*one[Client], error) {
			c, err := in.owner.CreateClient(ctx, in.Body)
			return &one[Client]{ETag: etag(c.version), Location: a.created("/clients", c.ClientID), Body: c}, err
		})
	handle(api, http.MethodGet, "/clients", "list-clients", "List clients", http.StatusOK,
		func(ctx context.Context, in *listInput) (*many[Client], error) {
			l, err := in.owner.Clients(ctx, in.Paging)
			return &many[Client]{l}, err
		})
	handle(api, http.MethodGet, "/clients/{id}", "read-client", "Read a client", http.StatusOK,
		func(ctx context.Context, in *readInput) (*one[Client], error) {
			c, err := in.owner.Client(ctx, in.ID)
			return answer(c, c.version, err)
		})
	handle(api, http.MethodPatch, "/clients/{id}", "change-client", "Change a client", http.StatusOK,
		func(ctx context.Context, in *patchInput) (*one[Client], error) {
			c, err := in.owner.PatchClient(ctx, in.ID, in.RawBody, in.IfMatch)
			return answer(c, c.version, err)
		})
	mergePatchOf[idp.ClientMetadata](api, "/clients/{id}")
	handle(api, http.MethodDelete, "/clients/{id}", "delete-client", "Delete a client with its grants", http.StatusNoContent,
		func(ctx context.Context, in *deleteInput) (*nothing, error) {
			return nil, in.owner.DeleteClient(ctx, in.ID, in.IfMatch)
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
		ID   string `path:"id" maxLength:"256"`
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
	handle(api, http.MethodPost, "/clients/{id}/secrets", "rotate-client-secret", "Give a client one more secret; two may live at a time", http.StatusCreated,
		func(ctx context.Context, in *rotateSecretInput) (*secretAnswer, error) {
			s, err := in.owner.RotateSecret(ctx, in.ID, in.Body)
			return &secretAnswer{s}, err
		})
	handle(api, http.MethodGet, "/clients/{id}/secrets", "list-client-secrets", "List a client's live secrets, without their values", http.StatusOK,
		func(ctx context.Context, in *secretsInput) (*many[Secret], error) {
			l, err := in.owner.Secrets(ctx, in.ID)
			return &many[Secret]{l}, err
		})
	handle(api, http.MethodDelete, "/clients/{id}/secrets/{secret_id}", "delete-client-secret", "End one secret of a client at once", http.StatusNoContent,
		func(ctx context.Context, in *deleteSecretInput) (*nothing, error) {
			return nil, in.owner.DeleteSecret(ctx, in.ID, in.Secret)
		})
}

type (
	previewAnswer struct{ Body MetadataPreview }
	refreshAnswer struct{ Body Refreshed }
)

func (a *Admin) serviceProviderRoutes(api huma.API) {
	handle(api, http.MethodPost, "/service-providers", "create-service-provider", "Register a service provider (SAML)", http.StatusCreated,
		func(ctx context.Context, in *createInput[NewServiceProvider]) (*one[ServiceProvider], error) {
			sp, err := in.owner.ImportServiceProvider(ctx, in.Body)
			return &one[ServiceProvider]{ETag: etag(sp.version), Location: a.created("/service-providers", sp.App), Body: sp}, err
		})
	handle(api, http.MethodGet, "/service-providers", "list-service-providers", "List service providers", http.StatusOK,
		func(ctx context.Context, in *listInput) (*many[ServiceProvider], error) {
			l, err := in.owner.ServiceProviders(ctx, in.Paging)
			return &many[ServiceProvider]{l}, err
		})
	handle(api, http.MethodGet, "/service-providers/{id}", "read-service-provider", "Read a service provider", http.StatusOK,
		func(ctx context.Context, in *readInput) (*one[ServiceProvider], error) {
			sp, err := in.owner.ServiceProvider(ctx, in.ID)
			return answer(sp, sp.version, err)
		})
	handle(api, http.MethodPut, "/service-providers/{id}", "replace-service-provider", "Replace a service provider: metadata, endpoints, keys and policy", http.StatusOK,
		func(ctx context.Context, in *replaceInput[NewServiceProvider]) (*one[ServiceProvider], error) {
			sp, err := in.owner.ReplaceServiceProvider(ctx, in.ID, in.Body, in.IfMatch)
			return answer(sp, sp.version, err)
		})
	handle(api, http.MethodPatch, "/service-providers/{id}", "change-service-provider", "Change name and policy of a service provider", http.StatusOK,
		func(ctx context.Context, in *patchInput) (*one[ServiceProvider], error) {
			sp, err := in.owner.PatchServiceProvider(ctx, in.ID, in.RawBody, in.IfMatch)
			return answer(sp, sp.version, err)
		})
	mergePatchOf[ServiceProviderSettings](api, "/service-providers/{id}")
	handle(api, http.MethodPost, "/service-providers/preview-metadata", "preview-service-provider", "Show what metadata would set and change, without saving", http.StatusOK,
		func(ctx context.Context, in *createInput[NewServiceProvider]) (*previewAnswer, error) {
			p, err := in.owner.PreviewServiceProvider(ctx, in.Body)
			return &previewAnswer{p}, err
		})
	handle(api, http.MethodPost, "/service-providers/{id}/refresh", "refresh-service-provider", "Read the metadata again from its address, now", http.StatusOK,
		func(ctx context.Context, in *readInput) (*refreshAnswer, error) {
			r, err := in.owner.RefreshServiceProvider(ctx, in.ID)
			return &refreshAnswer{r}, err
		})
	handle(api, http.MethodDelete, "/service-providers/{id}", "delete-service-provider", "Delete a service provider", http.StatusNoContent,
		func(ctx context.Context, in *deleteInput) (*nothing, error) {
			return nil, in.owner.DeleteServiceProvider(ctx, in.ID, in.IfMatch)
		})
}

func (a *Admin) userRoutes(api huma.API) {
	handle(api, http.MethodPost, "/users", "create-user", "Add a built-in user", http.StatusCreated,
		func(ctx context.Context, in *createInput[NewUser]) (*one[User], error) {
			u, err := in.owner.CreateUser(ctx, in.Body)
			return &one[User]{ETag: etag(u.version), Location: a.created("/users", u.ID), Body: u}, err
		})
	handle(api, http.MethodGet, "/users", "list-users", "List built-in users", http.StatusOK,
		func(ctx context.Context, in *listInput) (*many[User], error) {
			l, err := in.owner.Users(ctx, in.Paging)
			return &many[User]{l}, err
		})
	handle(api, http.MethodGet, "/users/{id}", "read-user", "Read a user", http.StatusOK,
		func(ctx context.Context, in *readInput) (*one[User], error) {
			u, err := in.owner.User(ctx, in.ID)
			return answer(u, u.version, err)
		})
	handle(api, http.MethodPatch, "/users/{id}", "change-user", "Change a user; disabling and a new password end their access at once", http.StatusOK,
		func(ctx context.Context, in *patchInput) (*one[User], error) {
			u, err := in.owner.PatchUser(ctx, in.ID, in.RawBody, in.IfMatch)
			return answer(u, u.version, err)
		})
	mergePatchOf[NewUser](api, "/users/{id}")
	handle(api, http.MethodDelete, "/users/{id}", "delete-user", "End a user's access and delete them", http.StatusNoContent,
		func(ctx context.Context, in *deleteInput) (*nothing, error) {
			return nil, in.owner.DeleteUser(ctx, in.ID, in.IfMatch)
		})
}

type (
	sessionsInput struct {
		Caller
		User string `query:"user" required:"true" maxLength:"256" doc:"Id of a built-in user."`
	}
	sessionInput struct {
		Caller
		ID   string `path:"id" maxLength:"256"`
		User string `query:"user" required:"true" maxLength:"256" doc:"Id of the built-in user whose session it is."`
	}
)

func (a *Admin) readRoutes(api huma.API) {
	handle(api, http.MethodGet, "/sessions", "list-sessions", "List a user's browser sessions", http.StatusOK,
		func(ctx context.Context, in *sessionsInput) (*many[Session], error) {
			l, err := in.owner.SessionsOf(ctx, in.User)
			return &many[Session]{l}, err
		})
	handle(api, http.MethodDelete, "/sessions/{id}", "delete-session", "Sign one browser of a user out", http.StatusNoContent,
		func(ctx context.Context, in *sessionInput) (*nothing, error) {
			return nil, in.owner.DeleteSession(ctx, in.User, in.ID)
		})
	handle(api, http.MethodGet, "/events", "list-events", "List the audit log, newest first", http.StatusOK,
		func(ctx context.Context, in *listInput) (*many[idp.Event], error) {
			l, err := in.owner.Events(ctx, in.Paging)
			return &many[idp.Event]{l}, err
		})
}

type deliveriesInput struct {
	Caller
	Paging
	App string `query:"app" maxLength:"256" doc:"Only those of this app."`
}

func (a *Admin) deliveryRoutes(api huma.API) {
	handle(api, http.MethodGet, "/logout-deliveries", "list-logout-deliveries", "List the receipts of logout messages to apps, newest first", http.StatusOK,
		func(ctx context.Context, in *deliveriesInput) (*many[LogoutDelivery], error) {
			l, err := in.owner.LogoutDeliveries(ctx, in.App, in.Paging)
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
	handle(api, http.MethodGet, "/keys", "list-keys", "List the keys: state, times, fingerprints", http.StatusOK,
		func(ctx context.Context, in *keysInput) (*many[Key], error) {
			return &many[Key]{in.owner.Keys()}, nil
		})
	handle(api, http.MethodPost, "/keys/rotate", "rotate-key", "Make the next key of a kind", http.StatusCreated,
		func(ctx context.Context, in *createInput[KeyRotation]) (*keyAnswer, error) {
			k, err := in.owner.RotateKey(ctx, in.Body)
			return &keyAnswer{k}, err
		})
	handle(api, http.MethodPost, "/keys/{id}/activate", "activate-key", "Sign with a published key from now on; on the old key, the way back", http.StatusOK,
		func(ctx context.Context, in *keyStepInput) (*keyAnswer, error) {
			k, err := in.owner.ActivateKey(ctx, in.ID, in.Body)
			return &keyAnswer{k}, err
		})
	handle(api, http.MethodPost, "/keys/import", "import-key", "Take a SAML key that was made elsewhere; it is published and waits to be activated", http.StatusCreated,
		func(ctx context.Context, in *createInput[KeyImport]) (*keyAnswer, error) {
			k, err := in.owner.ImportKey(ctx, in.Body)
			return &keyAnswer{k}, err
		})
	handle(api, http.MethodGet, "/keys/{id}/apps", "list-key-apps", "List the service providers that a SAML key is published for, and who has seen it", http.StatusOK,
		func(ctx context.Context, in *readInput) (*many[KeyUser], error) {
			l, err := in.owner.KeyUsers(ctx, in.ID)
			return &many[KeyUser]{l}, err
		})
	handle(api, http.MethodPost, "/keys/{id}/deactivate", "deactivate-key", "Let a service provider's own key sign no more: the key before it does", http.StatusOK,
		func(ctx context.Context, in *readInput) (*keyAnswer, error) {
			k, err := in.owner.DeactivateKey(ctx, in.ID)
			return &keyAnswer{k}, err
		})
	handle(api, http.MethodPost, "/keys/{id}/publish", "publish-key", "Publish a retired SAML key again, without signing: the way back from retire", http.StatusOK,
		func(ctx context.Context, in *readInput) (*keyAnswer, error) {
			k, err := in.owner.PublishKey(ctx, in.ID)
			return &keyAnswer{k}, err
		})
	handle(api, http.MethodPost, "/keys/{id}/retire", "retire-key", "Publish a key no longer; on the next key, call the rotation off", http.StatusOK,
		func(ctx context.Context, in *keyStepInput) (*keyAnswer, error) {
			k, err := in.owner.RetireKey(ctx, in.ID, in.Body)
			return &keyAnswer{k}, err
		})
}
