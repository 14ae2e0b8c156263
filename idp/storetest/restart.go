package storetest

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"cloudsso/idp"
)

// RecordsRestart closes and opens a store again: everything is as it was, and goes on
// from there. For backends that last.
func RecordsRestart(t *testing.T, place Place[idp.Records]) {
	c, open := newClock(), place(t)
	now := c.Now()
	s := open(t, c.Now)
	client, sp, user := clientKind(s).fresh("restart"), spKind(s).fresh("restart-sp"), userKind(s).fresh("restart")
	admin, app := Filled[idp.Admin]("restart"), Filled[idp.TokenApp]("restart")
	admin.Version, app.Version = 1, 1
	group := idp.Group{Name: "restart", Parents: []string{"all"}, Version: 1}
	client.Version, sp.Version, user.Version = 1, 1, 1
	grant, key := Filled[idp.Grant]("restart"), Filled[idp.KeyRecord]("restart")
	code, family := coded("code", now), coded("family", now)
	code.ExpiresAt, family.RefreshSeq = now.Add(time.Hour), 1
	for _, err := range []error{
		s.CreateClient(t.Context(), client), s.CreateServiceProvider(t.Context(), sp), s.CreateUser(t.Context(), user),
		s.CreateGrant(t.Context(), grant, idp.Event{}), s.CreateGrant(t.Context(), code, idp.Event{}), s.CreateGrant(t.Context(), family, idp.Event{}),
		s.CreateKey(t.Context(), key),
		s.GiveConsent(t.Context(), idp.Consent{Subject: "s", ClientID: "c", Scopes: []string{"one"}}),
		s.CreateAdminToken(t.Context(), idp.AdminToken{ID: "t", Hash: "t", ExpiresAt: now.Add(time.Hour)}),
		s.RedeemCode(t.Context(), idp.Redemption{GrantID: "code", CodeHash: "hash-code", ExpiresAt: code.ExpiresAt}, now),
		s.RotateRefresh(t.Context(), idp.Rotation{GrantID: "family", Seq: 1}),
		s.CreateGroup(t.Context(), group), s.CreateAdmin(t.Context(), admin), s.CreateTokenApp(t.Context(), app),
		s.CreateDeliveries(t.Context(), []idp.Delivery{due("delivery", now, 0)}),
	} {
		ok(t, err)
	}
	_, err := s.Subject(t.Context(), "d", "i", "subject")
	ok(t, err)
	_, err = s.PersistentID(t.Context(), idp.PersistentID{App: "app", Subject: "s", Value: "nameid"})
	ok(t, err)
	ok(t, s.MoveSubject(t.Context(), "d", "moved", "subject"))

	var appended []string
	for n := range 3 {
		ok(t, s.Close())
		c.forward(time.Second)
		s = open(t, c.Now)
		read(t, client, s.Client, "restart")
		read(t, sp, s.ServiceProviderByEntityID, sp.EntityID)
		read(t, user, s.UserByUsername, user.Username)
		read(t, group, s.Group, "restart")
		read(t, admin, s.Admin, admin.Subject)
		read(t, app, s.TokenApp, app.App)
		fails(t, s.CreateClient(t.Context(), idp.Client{ID: app.App}), idp.ErrConflict)
		read(t, grant, s.Grant, grant.ID)
		claimed, err := s.ClaimDeliveries(t.Context(), c.Now(), c.Now().Add(time.Millisecond), 10)
		ok(t, err)
		if len(claimed) != 1 || claimed[0].Attempts != n+1 {
			t.Fatalf("restart %d: claimed %+v", n, claimed)
		}
		code.CodeUsedAt = now
		read(t, code, s.Grant, "code")
		fails(t, s.RedeemCode(t.Context(), idp.Redemption{GrantID: "code", CodeHash: "hash-code"}, now), idp.ErrReused)
		fails(t, s.RotateRefresh(t.Context(), idp.Rotation{GrantID: "family", Seq: int64(n) + 1}), idp.ErrReused)
		ok(t, s.RotateRefresh(t.Context(), idp.Rotation{GrantID: "family", Seq: int64(n) + 2}))
		fails(t, s.CreateKey(t.Context(), key), idp.ErrConflict)
		stored, err := s.Keys(t.Context())
		ok(t, err)
		same(t, stored, []idp.KeyRecord{key})
		consent, err := s.Consent(t.Context(), "s", "c")
		ok(t, err)
		same(t, consent, idp.Consent{Subject: "s", ClientID: "c", Scopes: []string{"one"}})
		ok(t, found(t.Context(), s.AdminToken, "t"))
		subject, err := s.Subject(t.Context(), "d", "i", "another")
		ok(t, err)
		moved, err := s.Subject(t.Context(), "d", "moved", "another")
		ok(t, err)
		nameID, err := s.PersistentID(t.Context(), idp.PersistentID{App: "app", Subject: "s", Value: "another"})
		ok(t, err)
		if subject != "subject" || moved != subject || nameID.Value != "nameid" {
			t.Fatalf("restart %d gave out %q and %q", n, subject, nameID.Value)
		}
		ok(t, s.UpdateClient(t.Context(), client))
		client.Version++
		appended = slices.Insert(appended, 0, fmt.Sprint("event", n))
		ok(t, s.AppendEvent(t.Context(), idp.Event{ID: appended[0]}))
		events, err := s.Events(t.Context(), idp.EventFilter{}, idp.Page{Limit: 10})
		ok(t, err)
		sameIDs(t, ids(events, eventID), appended...)
	}
	ok(t, s.Close())
}

// FlowsRestart is [RecordsRestart] for Flows that last.
func FlowsRestart(t *testing.T, place Place[idp.Flows]) {
	c, open := newClock(), place(t)
	end := c.Now().Add(time.Hour)
	s := open(t, c.Now)
	flow, session := flowKind(s, c).fresh("restart"), sessionKind(s, c).fresh("restart")
	flow.Version, session.Version = 1, 1
	ok(t, s.CreateFlow(t.Context(), flow))
	ok(t, s.CreateSession(t.Context(), session))
	ok(t, s.CreateFlow(t.Context(), idp.Flow{ID: "taken", ExpiresAt: end}))
	ok(t, found(t.Context(), s.TakeFlow, "taken"))
	ticket := ticketKind(s, c, "kind").first(ticketKind(s, c, "kind").fresh("restart"))
	ok(t, s.CreateTicket(t.Context(), ticket))
	ok(t, s.SeenOnce(t.Context(), "mark", end))
	for n := range 3 {
		if counted, err := s.Count(t.Context(), "counter", 2*time.Hour); err != nil || counted != n+1 {
			t.Fatalf("restart %d: counted %d, %v", n, counted, err)
		}
		ok(t, s.Close())
		c.forward(time.Second)
		s = open(t, c.Now)
		read(t, flow, s.Flow, "restart")
		read(t, session, s.Session, "restart")
		read(t, ticket, ticketKind(s, c, "kind").read, "restart")
		fails(t, found(t.Context(), s.TakeFlow, "taken"), idp.ErrNotFound)
		fails(t, s.SeenOnce(t.Context(), "mark", end), idp.ErrReplayed)
		ok(t, s.UpdateFlow(t.Context(), flow))
		flow.Version++
	}
	c.forward(time.Hour)
	ok(t, s.Close())
	s = open(t, c.Now)
	for _, err := range []error{found(t.Context(), s.Flow, "restart"), found(t.Context(), s.Session, "restart"),
		found(t.Context(), ticketKind(s, c, "kind").read, "restart")} {
		if !errors.Is(err, idp.ErrNotFound) {
			t.Fatalf("it expired while the store was closed, yet: %v", err)
		}
	}
	ok(t, s.SeenOnce(t.Context(), "mark", end))
	ok(t, s.Close())
}
