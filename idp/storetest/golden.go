package storetest

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"cloudsso/idp"
)

// Golden stores some of each record in s, which lives at [GoldenNow], and returns the
// golden file that says what must come back from a database of this schema for ever.
func Golden(t testing.TB, s Both) []byte {
	t.Helper()
	r := specimens()
	store(t, s, r)
	text, err := json.MarshalIndent(again(t, s, r), "", "\t")
	noError(t, err)
	return append(text, '\n')
}

// IsGolden reads from s, which lives at [GoldenNow], what a golden file names. Its fields
// must be equal; fields that younger versions added may be there beside them.
func IsGolden(t testing.TB, s Both, golden []byte) {
	t.Helper()
	var keys rows
	var want any
	noError(t, json.Unmarshal(golden, &keys))
	noError(t, json.Unmarshal(golden, &want))
	contains(t, "", plain(t, again(t, s, keys)), want)
}

func noError(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("unexpected error: %v", err)
	}
}

// rows is what the golden files hold: some of each record.
type rows struct {
	Clients          []idp.Client
	ServiceProviders []idp.ServiceProvider
	TokenApps        []idp.TokenApp
	PersistentIDs    []idp.PersistentID
	Users            []idp.User
	Groups           []idp.Group
	Subjects         [][3]string                  // directory, id there, subject
	Moved            map[string][]idp.SubjectLink // by subject
	Grants           []idp.Grant
	Consents         []idp.Consent
	Keys             []idp.KeyRecord
	Admins           []idp.Admin
	AdminTokens      []idp.AdminToken
	Deliveries       []idp.Delivery
	Events           []idp.Event
	Flows            []idp.Flow
	Sessions         []idp.Session
	Tickets          []idp.Ticket
	Marks            []string
	Counters         map[string]int
}

// GoldenNow is the time at which golden files are written and read; their rows live
// until 2031.
func GoldenNow() time.Time { return time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC) }

// again reads from s what keys names.
func again(t testing.TB, s Both, keys rows) (got rows) {
	ctx := t.Context()
	got.Clients = each(t, keys.Clients, func(c idp.Client) (idp.Client, error) { return s.Client(ctx, c.ID) })
	got.ServiceProviders = each(t, keys.ServiceProviders, func(sp idp.ServiceProvider) (idp.ServiceProvider, error) {
		return s.ServiceProviderByEntityID(ctx, sp.EntityID)
	})
	got.TokenApps = each(t, keys.TokenApps, func(a idp.TokenApp) (idp.TokenApp, error) { return s.TokenApp(ctx, a.App) })
	got.PersistentIDs = each(t, keys.PersistentIDs, func(id idp.PersistentID) (idp.PersistentID, error) {
		return s.PersistentID(ctx, idp.PersistentID{App: id.App, Subject: id.Subject, Value: "another"})
	})
	got.Users = each(t, keys.Users, func(u idp.User) (idp.User, error) { return s.UserByUsername(ctx, strings.ToUpper(u.Username)) })
	got.Subjects = each(t, keys.Subjects, func(o [3]string) (is [3]string, err error) {
		is[2] = o[2]
		is[0], is[1], err = s.SubjectOwner(ctx, o[2])
		return is, err
	})
	got.Groups = each(t, keys.Groups, func(g idp.Group) (idp.Group, error) { return s.Group(ctx, strings.ToUpper(g.Name)) })
	got.Moved = map[string][]idp.SubjectLink{}
	for subject := range keys.Moved {
		links, err := s.SubjectLinks(ctx, subject)
		noError(t, err)
		got.Moved[subject] = links
	}
	got.Grants = each(t, keys.Grants, func(g idp.Grant) (idp.Grant, error) { return s.Grant(ctx, g.ID) })
	got.Consents = each(t, keys.Consents, func(c idp.Consent) (idp.Consent, error) { return s.Consent(ctx, c.Subject, c.ClientID) })
	got.Admins = each(t, keys.Admins, func(a idp.Admin) (idp.Admin, error) { return s.Admin(ctx, a.Subject) })
	got.AdminTokens = each(t, keys.AdminTokens, func(a idp.AdminToken) (idp.AdminToken, error) { return s.AdminToken(ctx, a.Hash) })
	got.Flows = each(t, keys.Flows, func(f idp.Flow) (idp.Flow, error) { return s.Flow(ctx, f.ID) })
	got.Sessions = each(t, keys.Sessions, func(v idp.Session) (idp.Session, error) { return s.Session(ctx, v.ID) })
	var err error
	got.Keys, err = s.Keys(ctx)
	noError(t, err)
	got.Events, err = s.Events(ctx, idp.EventFilter{}, idp.Page{Limit: 100})
	noError(t, err)
	got.Tickets = each(t, keys.Tickets, func(v idp.Ticket) (idp.Ticket, error) { return s.Ticket(ctx, v.Kind, v.ID) })
	got.Deliveries, err = s.Deliveries(ctx, "", idp.Page{Limit: 100})
	noError(t, err)
	for _, mark := range keys.Marks {
		if err := s.SeenOnce(ctx, mark, GoldenNow()); !errors.Is(err, idp.ErrReplayed) {
			t.Errorf("mark %s: %v", mark, err)
		}
		got.Marks = append(got.Marks, mark)
	}
	got.Counters = map[string]int{}
	for key := range keys.Counters {
		n, err := s.Counted(ctx, key)
		noError(t, err)
		got.Counters[key] = n
	}
	return got
}

func each[T any](t testing.TB, keys []T, read func(T) (T, error)) (got []T) {
	t.Helper()
	for _, key := range keys {
		v, err := read(key)
		if err != nil {
			t.Errorf("%T: %v", key, err)
		}
		got = append(got, v)
	}
	return got
}

func plain(t testing.TB, v any) (decoded any) {
	t.Helper()
	text, err := json.Marshal(v)
	noError(t, err)
	noError(t, json.Unmarshal(text, &decoded))
	return decoded
}

// contains wants all of want in got.
func contains(t testing.TB, at string, got, want any) {
	t.Helper()
	switch want := want.(type) {
	case map[string]any:
		is, _ := got.(map[string]any)
		for k, v := range want {
			contains(t, at+"/"+k, is[k], v)
		}
	case []any:
		is, _ := got.([]any)
		if len(is) != len(want) {
			t.Errorf("%s has %d values, want %d", at, len(is), len(want))
			return
		}
		for i := range want {
			contains(t, fmt.Sprint(at, "/", i), is[i], want[i])
		}
	default:
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s is %v, want %v", at, got, want)
		}
	}
}

// specimens are one full and one sparse record of each kind.
func specimens() rows {
	end := GoldenNow().AddDate(5, 0, 0)
	return rows{
		Clients:          []idp.Client{Filled[idp.Client]("client"), {ID: "sparse"}},
		ServiceProviders: []idp.ServiceProvider{Filled[idp.ServiceProvider]("sp"), {App: "sparse-sp", EntityID: "urn:sparse"}},
		TokenApps:        []idp.TokenApp{Filled[idp.TokenApp]("tokenapp"), {App: "sparse-token"}},
		PersistentIDs:    []idp.PersistentID{Filled[idp.PersistentID]("nameid")},
		Users:            []idp.User{Filled[idp.User]("user"), {ID: "sparse", Username: "Straße"}},
		Groups:           []idp.Group{Filled[idp.Group]("group"), {Name: "Maße"}},
		Subjects:         [][3]string{{"builtin", "sparse", "subject"}},
		Moved:            map[string][]idp.SubjectLink{"subject": {{Directory: "ldap", DirectoryID: "moved"}}},
		Grants:           []idp.Grant{Filled[idp.Grant]("grant"), {ID: "sparse", ClientID: "sparse"}},
		Consents:         []idp.Consent{Filled[idp.Consent]("consent")},
		Keys:             []idp.KeyRecord{Filled[idp.KeyRecord]("key"), {ID: "sparse", Slot: "sparse"}},
		Admins:           []idp.Admin{Filled[idp.Admin]("admin"), {Subject: "sparse"}},
		AdminTokens:      []idp.AdminToken{Filled[idp.AdminToken]("token")},
		Events:           []idp.Event{Filled[idp.Event]("event"), {ID: "sparse"}},
		Deliveries:       []idp.Delivery{Filled[idp.Delivery]("delivery"), {ID: "sparse"}},
		Flows:            []idp.Flow{Filled[idp.Flow]("flow"), {ID: "sparse", ExpiresAt: end}},
		Sessions:         []idp.Session{Filled[idp.Session]("session"), {ID: "sparse", ExpiresAt: end}},
		Tickets:          []idp.Ticket{Filled[idp.Ticket]("ticket"), {Kind: "sparse", ID: "sparse", ExpiresAt: end}},
		Marks:            []string{"mark"},
		Counters:         map[string]int{"counter": 3},
	}
}

func store(t testing.TB, s Both, r rows) {
	ctx := t.Context()
	put(t, r.Clients, func(v idp.Client) error { return s.CreateClient(ctx, v) })
	put(t, r.ServiceProviders, func(v idp.ServiceProvider) error { return s.CreateServiceProvider(ctx, v) })
	put(t, r.TokenApps, func(v idp.TokenApp) error { return s.CreateTokenApp(ctx, v) })
	put(t, r.PersistentIDs, func(v idp.PersistentID) error { _, err := s.PersistentID(ctx, v); return err })
	put(t, r.Users, func(v idp.User) error { return s.CreateUser(ctx, v) })
	put(t, r.Subjects, func(o [3]string) error { _, err := s.Subject(ctx, o[0], o[1], o[2]); return err })
	put(t, r.Groups, func(v idp.Group) error { return s.CreateGroup(ctx, v) })
	for subject, links := range r.Moved {
		put(t, links, func(l idp.SubjectLink) error { return s.MoveSubject(ctx, l.Directory, l.DirectoryID, subject) })
	}
	put(t, r.Grants, func(v idp.Grant) error { return s.CreateGrant(ctx, v, idp.Event{}) })
	put(t, r.Consents, func(v idp.Consent) error { return s.GiveConsent(ctx, v) })
	put(t, r.Keys, func(v idp.KeyRecord) error { return s.CreateKey(ctx, v) })
	put(t, r.Admins, func(v idp.Admin) error { return s.CreateAdmin(ctx, v) })
	put(t, r.AdminTokens, func(v idp.AdminToken) error { return s.CreateAdminToken(ctx, v) })
	noError(t, s.CreateDeliveries(ctx, r.Deliveries))
	put(t, r.Events, func(v idp.Event) error { return s.AppendEvent(ctx, v) })
	put(t, r.Flows, func(v idp.Flow) error { return s.CreateFlow(ctx, v) })
	put(t, r.Sessions, func(v idp.Session) error { return s.CreateSession(ctx, v) })
	put(t, r.Tickets, func(v idp.Ticket) error { return s.CreateTicket(ctx, v) })
	put(t, r.Marks, func(key string) error { return s.SeenOnce(ctx, key, GoldenNow().AddDate(5, 0, 0)) })
	for key, n := range r.Counters {
		for range n {
			_, err := s.Count(ctx, key, 5*365*24*time.Hour)
			noError(t, err)
		}
	}
}

func put[T any](t testing.TB, list []T, create func(T) error) {
	t.Helper()
	for _, v := range list {
		noError(t, create(v))
	}
}
