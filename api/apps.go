package api

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"time"

	"cloudsso/idp"
)

// AppSummary is an app of whatever kind in a list.
type AppSummary struct {
	App         string      `json:"app" doc:"client_id or slug: our id of it in paths."`
	Kind        string      `json:"kind" enum:"client,service_provider,token_app"`
	Name        string      `json:"name"`
	LogoURI     string      `json:"logo_uri,omitempty"`
	Description string      `json:"description,omitempty"`
	Preset      string      `json:"preset,omitempty"`
	Disabled    bool        `json:"disabled,omitempty"`
	ManagedBy   idp.Managed `json:"managed_by,omitzero" doc:"The file that keeps it: it is changed there. Absent: people keep it."`
	Assigned    AssignedTo  `json:"assigned"`
	LaunchURL   string      `json:"launch_url,omitempty"`
	Status      AppStatus   `json:"status"`
	CreatedAt   time.Time   `json:"created_at"`
	UpdatedAt   time.Time   `json:"updated_at"`
	version     int64
}

// AssignedTo says in short who may use an app.
type AssignedTo struct {
	Everybody bool `json:"everybody"`
	Groups    int  `json:"groups" doc:"How many are assigned."`
	Users     int  `json:"users" doc:"How many are assigned by name."`
}

// AppStatus is what the audit log says about the use of an app.
type AppStatus struct {
	State        string     `json:"state" enum:"never_used,verified,used" doc:"used: somebody has signed in. verified: the built-in test did."`
	LastSuccess  *AppMoment `json:"last_success,omitempty" doc:"The last sign-in."`
	LastFailure  *AppMoment `json:"last_failure,omitempty" doc:"The last one that was refused."`
	Verified     *AppMoment `json:"verified,omitempty" doc:"The last time that the built-in test passed."`
	VerifyFailed *AppMoment `json:"verify_failed,omitempty" doc:"The last time that it did not."`
}

// AppMoment is one Event of an app.
type AppMoment struct {
	At      time.Time `json:"at"`
	Event   string    `json:"event"`
	Support string    `json:"support_code,omitempty" doc:"Leads to the trace."`
	Subject string    `json:"subject,omitempty"`
	Text    string    `json:"text,omitempty" doc:"The reason, if the Event has one."`
}

// AppQuery selects apps.
type AppQuery struct {
	Query string `query:"query" maxLength:"100" doc:"Only apps whose name or id has every word of it."`
	Kind  string `query:"kind" enum:"client,service_provider,token_app" doc:"Only apps of this kind."`
}

func (q AppQuery) selects(a AppSummary) bool {
	text := strings.ToLower(a.Name + " " + a.App + " " + a.Preset)
	for word := range strings.FieldsSeq(strings.ToLower(q.Query)) {
		if !strings.Contains(text, word) {
			return false
		}
	}
	return q.Kind == "" || q.Kind == a.Kind
}

// Apps lists the apps of all kinds by id, with how they are used.
func (o AppsReader) Apps(ctx context.Context, q AppQuery, p Paging) (List[AppSummary], error) {
	page, err := p.page("apps")
	if err != nil {
		return List[AppSummary]{}, err
	}
	rows, err := o.selected(ctx, q, page)
	if err != nil {
		return List[AppSummary]{}, err
	}
	out := list(p, rows, func(a AppSummary) string { return a.App }, func(a AppSummary) AppSummary { return a })
	return out, o.addStatus(ctx, out.Items)
}

// App returns one app of whatever kind.
func (o AppsReader) App(ctx context.Context, id string) (AppSummary, error) {
	found, err := o.app(ctx, id)
	if err != nil {
		return AppSummary{}, err
	}
	out := []AppSummary{o.summary(found)}
	err = o.addStatus(ctx, out)
	return out[0], err
}

// DeleteApp deletes an app of whatever kind.
func (o AppsMaker) DeleteApp(ctx context.Context, id string, match IfMatch) error {
	found, err := o.app(ctx, id)
	switch {
	case err != nil:
		return err
	case found.client != nil:
		return o.DeleteClient(ctx, id, match)
	case found.sp != nil:
		return o.DeleteServiceProvider(ctx, id, match)
	}
	return o.DeleteTokenApp(ctx, id, match)
}

// selected reads on until the page is full or nothing is left.
func (o acting) selected(ctx context.Context, q AppQuery, page idp.Page) (out []AppSummary, err error) {
	const batch = 200
	for after := page.After; ; {
		read := idp.Page{After: after, Limit: max(page.Limit, batch)}
		rows, err := o.appsAfter(ctx, read)
		if err != nil {
			return nil, err
		}
		for _, a := range rows {
			if q.selects(a) && len(out) < page.Limit {
				out = append(out, a)
			}
		}
		if len(rows) < read.Limit || len(out) == page.Limit {
			return out, nil
		}
		after = rows[len(rows)-1].App
	}
}

// appsAfter is one page over all kinds: the first of each are more than the first of all.
func (o acting) appsAfter(ctx context.Context, page idp.Page) (out []AppSummary, err error) {
	clients, err := among(ctx, o.own, page, o.Records.Client, o.Records.Clients)
	if err != nil {
		return nil, err
	}
	for _, c := range clients {
		out = append(out, o.summary(anyApp{client: &c}))
	}
	sps, err := among(ctx, o.own, page, o.Records.ServiceProvider, o.Records.ServiceProviders)
	if err != nil {
		return nil, err
	}
	for _, sp := range sps {
		out = append(out, o.summary(anyApp{sp: &sp}))
	}
	tokens, err := among(ctx, o.own, page, o.Records.TokenApp, o.Records.TokenApps)
	for _, t := range tokens {
		out = append(out, o.summary(anyApp{token: &t}))
	}
	slices.SortStableFunc(out, func(a, b AppSummary) int { return strings.Compare(a.App, b.App) })
	return out[:min(len(out), page.Limit)], err
}

func (a *core) summary(app anyApp) AppSummary {
	v := AppSummary{App: app.id(), Kind: app.kind(), Status: AppStatus{State: "never_used"}, version: app.version()}
	var assigned *idp.Assignment
	switch {
	case app.client != nil:
		c := app.client
		v.Name, v.LogoURI, v.Description, v.Preset, v.Disabled = c.DisplayName(), c.LogoURI, c.Description, c.Preset, c.Disabled
		assigned, v.ManagedBy, v.CreatedAt, v.UpdatedAt = c.Assigned, c.Managed, c.CreatedAt, c.UpdatedAt
	case app.sp != nil:
		sp := app.sp
		v.Name, v.Description, v.Preset, v.Disabled = sp.Name, sp.Description, sp.Preset, sp.Disabled
		assigned, v.ManagedBy, v.CreatedAt, v.UpdatedAt = sp.Assigned, sp.Managed, sp.CreatedAt, sp.UpdatedAt
	default:
		t := app.token
		v.Name, v.LogoURI, v.Description, v.Preset, v.Disabled = t.Name, t.LogoURI, t.Description, t.Preset, t.Disabled
		assigned, v.ManagedBy, v.CreatedAt, v.UpdatedAt = t.Assigned, t.Managed, t.CreatedAt, t.UpdatedAt
	}
	if v.Assigned.Everybody = assigned == nil; assigned != nil {
		v.Assigned.Groups, v.Assigned.Users = len(assigned.Groups), len(assigned.Users)
	}
	if a.Issuer != "" && !v.Disabled {
		v.LaunchURL = a.Issuer + "/launch/" + url.PathEscape(v.App)
	}
	return v
}
