package server

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"cloudsso/idp"
	"cloudsso/idp/web"
)

// protocolApps names flows that end at our own page of applications.
const protocolApps = "apps"

// appsPage answers /apps: every application that the person may use and can open from
// here. Somebody who is not signed in does that first.
func (s *Server) appsPage(w http.ResponseWriter, r *http.Request) {
	_, person, err := s.login.SignedIn(r)
	if err == nil && person.Subject == "" {
		s.appsSignIn(w, r)
		return
	}
	var tiles []web.Tile
	if err == nil {
		tiles, err = s.tiles(r.Context(), person)
	}
	if err != nil {
		s.pages.Error(w, r, err)
		return
	}
	a := person.Attributes
	s.pages.Apps(w, r, web.Apps{Person: web.Person{Name: cmp.Or(a.First("name"), a.First("displayName"), a.First("cn")), Login: person.Login}, Tiles: tiles})
}

func (s *Server) appsSignIn(w http.ResponseWriter, r *http.Request) {
	f := idp.Flow{Protocol: protocolApps, Return: "/apps/continue"}
	switch ready, err := s.login.Begin(w, r, &f); {
	case err != nil:
		s.pages.Error(w, r, err)
	case ready: // signed in meanwhile
		s.toApps(w)
	}
}

// appsContinue answers /apps/continue: the person comes back from the login.
func (s *Server) appsContinue(w http.ResponseWriter, r *http.Request) {
	f, err := s.login.Resume(w, r, protocolApps)
	switch {
	case err != nil:
		s.pages.Error(w, r, err)
	case f.Answer.Outcome != idp.SignedIn:
		seeOther(w, s.options.Config.Issuer+"/")
	default:
		s.toApps(w)
	}
}

func (s *Server) toApps(w http.ResponseWriter) { seeOther(w, s.options.Config.Issuer+"/apps") }

// seeOther sends the browser on by GET, byte for byte.
func seeOther(w http.ResponseWriter, address string) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Location", address)
	w.WriteHeader(http.StatusSeeOther)
}

// tiles are the applications of a person, by name.
func (s *Server) tiles(ctx context.Context, person idp.Person) (out []web.Tile, err error) {
	m := &membership{s: s, person: person, answers: map[string]*idp.Person{}}
	add := func(t web.Tile, way string, hidden bool, assigned *idp.Assignment, profile string) {
		if !hidden && way != "" && m.allows(ctx, assigned, profile) {
			out = append(out, t)
		}
	}
	for c, err := range all(ctx, s.options.Records.Clients, func(c idp.Client) string { return c.ID }) {
		if err != nil {
			return nil, err
		}
		// Attack: a stranger registers a client "Payroll" that starts at their own site, and it
		// stands on everybody's page. Decision: what registered itself is shown only once an
		// administrator has said for whom it is.
		stranger := c.RegistrationTokenHash != "" && c.Assigned == nil
		way, _, _ := s.clientWay(&c, url.Values{})
		add(web.Tile{ID: c.ID, Name: c.DisplayName(), Description: c.Description, LogoURL: c.LogoURI}, way, c.HideFromAppsPage || stranger, c.Assigned, c.ProfileQuery)
	}
	for sp, err := range all(ctx, s.options.Records.ServiceProviders, func(sp idp.ServiceProvider) string { return sp.App }) {
		if err != nil {
			return nil, err
		}
		way, _, _ := s.samlWay(&sp, url.Values{})
		add(web.Tile{ID: sp.App, Name: sp.Name, Description: sp.Description}, way, sp.HideFromAppsPage, sp.Assigned, sp.ProfileQuery)
	}
	for t, err := range all(ctx, s.options.Records.TokenApps, func(t idp.TokenApp) string { return t.App }) {
		if err != nil {
			return nil, err
		}
		way, _, _ := s.tokenWay(&t, url.Values{})
		add(web.Tile{ID: t.App, Name: t.Name, Description: t.Description, LogoURL: t.LogoURI}, way, t.HideFromAppsPage, t.Assigned, t.ProfileQuery)
	}
	slices.SortFunc(out, func(a, b web.Tile) int {
		return cmp.Or(strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)), strings.Compare(a.ID, b.ID))
	})
	return out, nil
}

// membership asks a directory once for each of its queries that apps have of their own.
type membership struct {
	s       *Server
	person  idp.Person
	answers map[string]*idp.Person // nil: the directory did not say
}

// allows is the rule of the sign-in. A directory that does not answer hides an app: it
// could not be opened either.
func (m *membership) allows(ctx context.Context, assigned *idp.Assignment, profile string) bool {
	if assigned == nil || profile == "" {
		return assigned.Allows(m.person)
	}
	answer, asked := m.answers[profile]
	if !asked {
		p, err := m.s.users.PersonFor(ctx, m.person.Subject, profile)
		if answer = &p; err != nil {
			idp.Note(ctx, slog.String("profile", err.Error()))
			answer = nil
		}
		m.answers[profile] = answer
	}
	return answer != nil && assigned.Allows(*answer)
}
