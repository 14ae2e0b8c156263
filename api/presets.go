package api

import (
	"cmp"
	"context"
	"errors"
	"strings"

	"cloudsso/api/presets"
	"cloudsso/idp"
)

// PresetSummary is a preset in a list.
type PresetSummary struct {
	ID       string        `json:"id"`
	Title    string        `json:"title"`
	Group    string        `json:"group"`
	Kind     string        `json:"kind" enum:"client,service_provider,token_app"`
	Asks     []presets.Ask `json:"asks,omitempty"`
	Verified string        `json:"verified"`
}

// Presets lists the presets that have every word of query.
func (o AppsReader) Presets(query string) List[PresetSummary] {
	out := List[PresetSummary]{Items: []PresetSummary{}}
	for _, p := range o.catalog().Search(query) {
		out.Items = append(out.Items, PresetSummary{p.ID, p.Title, p.Group, p.Kind(), p.Asks, p.Verified})
	}
	return out
}

// Preset returns one preset as its file says it.
func (o AppsReader) Preset(id string) (presets.Preset, error) {
	p, ok := o.catalog().Preset(id)
	if !ok {
		return p, missing(idp.ErrNotFound, "preset", id)
	}
	return p, nil
}

// NewApp is the body of POST /apps.
type NewApp struct {
	Preset     string            `json:"preset" minLength:"1" maxLength:"64" doc:"Id of a preset."`
	Answers    map[string]string `json:"answers,omitempty" maxProperties:"3" doc:"To what the preset asks, by id. Lists and pairs have one entry a line."`
	Name       string            `json:"name,omitempty" maxLength:"200" doc:"Shown to people who sign in. Default: the preset's title."`
	Settings   map[string]any    `json:"settings,omitempty" doc:"Settings beside those of the preset, or in place of them, as POST /clients, /service-providers and /token-apps take them. null: without what the preset sets."`
	SecretLink bool              `json:"secret_link,omitempty" doc:"Answer with a one-time link to the secret in place of the secret."`
}

// App is the answer about an app of any kind that was made, or would be.
type App struct {
	App             string           `json:"app,omitempty" doc:"Our id of it in paths. Absent if it is not made yet."`
	Kind            string           `json:"kind" enum:"client,service_provider,token_app"`
	DryRun          bool             `json:"dry_run,omitempty" doc:"Nothing was made: this is what would be."`
	Client          *Client          `json:"client,omitempty"`
	ServiceProvider *ServiceProvider `json:"service_provider,omitempty"`
	TokenApp        *TokenApp        `json:"token_app,omitempty"`
	SecretLink      *SecretLink      `json:"secret_link,omitempty"`
	Findings        []Finding        `json:"findings,omitempty" doc:"With dry_run: what lint would say."`
}

// CreateApp makes an app from a preset. With dryRun everything is checked, and nothing
// is made.
func (o AppsMaker) CreateApp(ctx context.Context, in NewApp, dryRun bool) (App, error) {
	p, err := o.Preset(in.Preset)
	if err != nil {
		return App{}, idp.Errorf(idp.Invalid, "There is no preset %q. GET /api/v1/presets lists them.", in.Preset).On("preset")
	}
	settings, err := p.Fill(in.Answers)
	if err != nil {
		return App{}, err
	}
	settings, _ = merge(settings, in.Settings).(map[string]any)
	if in.Name = strings.TrimSpace(in.Name); in.Name == "" {
		in.Name = p.Title
	}
	settings["preset"] = p.ID
	switch p.Kind() {
	case presets.KindClient:
		settings["client_name"] = in.Name
		return o.createPresetClient(ctx, settings, in.SecretLink, dryRun)
	case presets.KindServiceProvider:
		settings["name"] = in.Name
		return o.createPresetSP(ctx, settings, dryRun)
	}
	settings["name"] = in.Name
	return o.createPresetTokenApp(ctx, settings, in.SecretLink, dryRun)
}

func (o AppsMaker) createPresetClient(ctx context.Context, settings map[string]any, link, dryRun bool) (App, error) {
	in, err := decoded[NewClient](o.schemas, settings)
	if err != nil {
		return App{}, ofAnswers(err)
	}
	if dryRun {
		c := idp.Client{ClientMetadata: in.ClientMetadata}
		if err := o.completeClient(&c); err != nil {
			return App{}, ofAnswers(err)
		}
		v := viewClient(c)
		return App{Kind: presets.KindClient, DryRun: true, Client: &v, Findings: clientFindings(c, usage{})}, nil
	}
	c, err := o.CreateClient(ctx, in)
	if err != nil {
		return App{}, ofAnswers(err)
	}
	out := App{App: c.ClientID, Kind: presets.KindClient, Client: &c}
	if value := cmp.Or(c.SharedSigningKey, c.ClientSecret); link && value != "" {
		use := useClientSecret
		if c.SharedSigningKey != "" {
			use = useSharedKey
		}
		made, err := o.newSecretLink(ctx, c.ClientID, c.DisplayName(), use, value, 0)
		if err != nil {
			return out, err
		}
		out.SecretLink, c.ClientSecret, c.ClientSecretExpiresAt, c.SharedSigningKey = &made, "", nil, ""
	}
	return out, nil
}

// DisplayName is what people are shown.
func (c Client) DisplayName() string { return cmp.Or(c.ClientName, c.ClientID) }

func (o AppsMaker) createPresetSP(ctx context.Context, settings map[string]any, dryRun bool) (App, error) {
	in, err := decoded[NewServiceProvider](o.schemas, settings)
	if err != nil {
		return App{}, ofAnswers(err)
	}
	if !dryRun {
		sp, err := o.ImportServiceProvider(ctx, in)
		return App{App: sp.App, Kind: presets.KindServiceProvider, ServiceProvider: &sp}, ofAnswers(err)
	}
	sp, warnings, err := o.readServiceProvider(ctx, in)
	if err == nil {
		err = errors.Join(o.SAML.Complete(&sp, o.Dev), o.unknownEntity(ctx, sp.EntityID))
	}
	if err != nil {
		return App{}, ofAnswers(err)
	}
	v := o.viewServiceProvider(ctx, sp, warnings)
	return App{Kind: presets.KindServiceProvider, DryRun: true, ServiceProvider: &v, Findings: serviceProviderFindings(sp, usage{}, o.now())}, nil
}

// ofAnswers puts faults of the settings where the caller can mend them.
func ofAnswers(err error) error {
	if err == nil {
		return nil
	}
	var out []error
	for _, f := range collect(err) {
		if f.Code == idp.Invalid || f.Code == idp.Conflict {
			f = f.On("answers")
		}
		out = append(out, f)
	}
	return errors.Join(out...)
}
