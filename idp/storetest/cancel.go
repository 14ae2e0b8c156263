package storetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"cloudsso/idp"
)

// givenUp runs each method with a context that is over: it must say so, at once, in a
// way that callers take for "try again later".
func givenUp(t *testing.T, methods map[string]func(context.Context) error) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for name, method := range methods {
		err := method(ctx)
		if !errors.Is(err, context.Canceled) || !errors.Is(err, idp.ErrUnavailable) {
			t.Errorf("%s: %v, want context.Canceled and ErrUnavailable", name, err)
		}
	}
}

func cancelledRecords(t *testing.T, s idp.Records, c *clock) {
	now, page := c.Now(), idp.Page{Limit: 1}
	ok(t, s.CreateClient(t.Context(), idp.Client{ID: "c"}))
	ok(t, s.CreateServiceProvider(t.Context(), idp.ServiceProvider{App: "sp", EntityID: "sp"}))
	ok(t, s.CreateUser(t.Context(), idp.User{ID: "u", Username: "u"}))
	grant := coded("g", now)
	grant.RefreshSeq = 1
	ok(t, s.CreateGrant(t.Context(), grant, idp.Event{}))
	ok(t, s.CreateGroup(t.Context(), idp.Group{Name: "g"}))
	ok(t, s.CreateAdmin(t.Context(), idp.Admin{Subject: "a"}))
	ok(t, s.CreateTokenApp(t.Context(), idp.TokenApp{App: "t"}))
	token := idp.AdminToken{ID: "old", Hash: "old", ExpiresAt: now.Add(time.Hour)}
	ok(t, s.CreateAdminToken(t.Context(), token))
	ok(t, s.CreateDeliveries(t.Context(), []idp.Delivery{due("d", now, 0)}))
	for _, subject := range []string{"one", "two"} {
		_, err := s.Subject(t.Context(), "d", subject, subject)
		ok(t, err)
	}
	givenUp(t, map[string]func(context.Context) error{
		"Ping":         s.Ping,
		"CreateClient": func(ctx context.Context) error { return s.CreateClient(ctx, idp.Client{ID: "new"}) },
		"Client":       func(ctx context.Context) error { return found(ctx, s.Client, "c") },
		"UpdateClient": func(ctx context.Context) error { return s.UpdateClient(ctx, idp.Client{ID: "c", Version: 1}) },
		"DeleteClient": func(ctx context.Context) error { return s.DeleteClient(ctx, "c", 0) },
		"Clients":      func(ctx context.Context) error { return found(ctx, s.Clients, page) },
		"CreateServiceProvider": func(ctx context.Context) error {
			return s.CreateServiceProvider(ctx, idp.ServiceProvider{App: "new"})
		},
		"ServiceProvider":           func(ctx context.Context) error { return found(ctx, s.ServiceProvider, "sp") },
		"ServiceProviderByEntityID": func(ctx context.Context) error { return found(ctx, s.ServiceProviderByEntityID, "sp") },
		"UpdateServiceProvider": func(ctx context.Context) error {
			return s.UpdateServiceProvider(ctx, idp.ServiceProvider{App: "sp", Version: 1})
		},
		"DeleteServiceProvider": func(ctx context.Context) error { return s.DeleteServiceProvider(ctx, "sp", 0) },
		"ServiceProviders":      func(ctx context.Context) error { return found(ctx, s.ServiceProviders, page) },
		"PersistentID":          func(ctx context.Context) error { return found(ctx, s.PersistentID, idp.PersistentID{}) },
		"CreateUser":            func(ctx context.Context) error { return s.CreateUser(ctx, idp.User{ID: "new", Username: "new"}) },
		"User":                  func(ctx context.Context) error { return found(ctx, s.User, "u") },
		"UserByUsername":        func(ctx context.Context) error { return found(ctx, s.UserByUsername, "u") },
		"UsersByEmail":          func(ctx context.Context) error { return found(ctx, s.UsersByEmail, "u@example.com") },
		"SearchUsers":           func(ctx context.Context) error { _, err := s.SearchUsers(ctx, "u", 1); return err },
		"no search":             func(ctx context.Context) error { _, err := s.SearchUsers(ctx, "", 1); return err },
		"UpdateUser":            func(ctx context.Context) error { return s.UpdateUser(ctx, idp.User{ID: "u", Version: 1}) },
		"DeleteUser":            func(ctx context.Context) error { return s.DeleteUser(ctx, "u", 0) },
		"Users":                 func(ctx context.Context) error { return found(ctx, s.Users, page) },
		"Subject": func(ctx context.Context) error {
			_, err := s.Subject(ctx, "d", "i", "s")
			return err
		},
		"SubjectOwner": func(ctx context.Context) error {
			_, _, err := s.SubjectOwner(ctx, "s")
			return err
		},
		"SubjectLinks":   func(ctx context.Context) error { return found(ctx, s.SubjectLinks, "s") },
		"MoveSubject":    func(ctx context.Context) error { return s.MoveSubject(ctx, "d", "one", "two") },
		"PersistentIDOf": func(ctx context.Context) error { _, err := s.PersistentIDOf(ctx, "sp", "s"); return err },
		"CreateGroup":    func(ctx context.Context) error { return s.CreateGroup(ctx, idp.Group{Name: "new"}) },
		"Group":          func(ctx context.Context) error { return found(ctx, s.Group, "g") },
		"UpdateGroup":    func(ctx context.Context) error { return s.UpdateGroup(ctx, idp.Group{Name: "g", Version: 1}) },
		"DeleteGroup":    func(ctx context.Context) error { return s.DeleteGroup(ctx, "g", 0) },
		"Groups":         func(ctx context.Context) error { return found(ctx, s.Groups, page) },
		"CreateAdmin":    func(ctx context.Context) error { return s.CreateAdmin(ctx, idp.Admin{Subject: "new"}) },
		"Admin":          func(ctx context.Context) error { return found(ctx, s.Admin, "a") },
		"UpdateAdmin":    func(ctx context.Context) error { return s.UpdateAdmin(ctx, idp.Admin{Subject: "a", Version: 1}) },
		"DeleteAdmin":    func(ctx context.Context) error { return s.DeleteAdmin(ctx, "a", 0) },
		"Admins":         func(ctx context.Context) error { return found(ctx, s.Admins, page) },
		"CreateTokenApp": func(ctx context.Context) error { return s.CreateTokenApp(ctx, idp.TokenApp{App: "new"}) },
		"TokenApp":       func(ctx context.Context) error { return found(ctx, s.TokenApp, "t") },
		"UpdateTokenApp": func(ctx context.Context) error { return s.UpdateTokenApp(ctx, idp.TokenApp{App: "t", Version: 1}) },
		"DeleteTokenApp": func(ctx context.Context) error { return s.DeleteTokenApp(ctx, "t", 0) },
		"TokenApps":      func(ctx context.Context) error { return found(ctx, s.TokenApps, page) },
		"Grants": func(ctx context.Context) error {
			_, err := s.Grants(ctx, idp.GrantFilter{}, page)
			return err
		},
		"Consents":         func(ctx context.Context) error { return found(ctx, s.Consents, "s") },
		"AdminTokens":      func(ctx context.Context) error { return found(ctx, s.AdminTokens, page) },
		"TouchAdminToken":  func(ctx context.Context) error { return s.TouchAdminToken(ctx, "old", now) },
		"RevokeAdminToken": func(ctx context.Context) error { return s.RevokeAdminToken(ctx, "old") },
		"CreateDeliveries": func(ctx context.Context) error { return s.CreateDeliveries(ctx, []idp.Delivery{due("new", now, 0)}) },
		"no deliveries":    func(ctx context.Context) error { return s.CreateDeliveries(ctx, nil) },
		"ClaimDeliveries": func(ctx context.Context) error {
			_, err := s.ClaimDeliveries(ctx, now, now.Add(time.Minute), 1)
			return err
		},
		"SettleDelivery": func(ctx context.Context) error { return s.SettleDelivery(ctx, idp.Delivery{ID: "d", DoneAt: now}) },
		"Deliveries":     func(ctx context.Context) error { _, err := s.Deliveries(ctx, "", page); return err },
		"CreateGrant": func(ctx context.Context) error {
			return s.CreateGrant(ctx, idp.Grant{ID: "new"}, idp.Event{ID: "new", Name: "n"})
		},
		"Grant": func(ctx context.Context) error { return found(ctx, s.Grant, "g") },
		"RedeemCode": func(ctx context.Context) error {
			return s.RedeemCode(ctx, idp.Redemption{GrantID: "g", CodeHash: grant.CodeHash}, now)
		},
		"RotateRefresh": func(ctx context.Context) error { return s.RotateRefresh(ctx, idp.Rotation{GrantID: "g", Seq: 1}) },
		"RevokeGrant": func(ctx context.Context) error {
			_, err := s.RevokeGrant(ctx, "g", "x", now)
			return err
		},
		"RevokeGrants": func(ctx context.Context) error {
			_, err := s.RevokeGrants(ctx, idp.GrantFilter{ClientID: "app"}, "x", now)
			return err
		},
		"GiveConsent": func(ctx context.Context) error { return s.GiveConsent(ctx, idp.Consent{Subject: "s", ClientID: "c"}) },
		"Consent": func(ctx context.Context) error {
			_, err := s.Consent(ctx, "s", "c")
			return err
		},
		"RevokeConsent":    func(ctx context.Context) error { return s.RevokeConsent(ctx, "s", "c") },
		"CreateKey":        func(ctx context.Context) error { return s.CreateKey(ctx, idp.KeyRecord{ID: "k", Slot: "k"}) },
		"RotateKeys":       func(ctx context.Context) error { return s.RotateKeys(ctx, &idp.KeyRecord{ID: "k", Slot: "k"}, nil) },
		"Keys":             func(ctx context.Context) error { _, err := s.Keys(ctx); return err },
		"CreateAdminToken": func(ctx context.Context) error { return s.CreateAdminToken(ctx, idp.AdminToken{ID: "t"}) },
		"AdminToken":       func(ctx context.Context) error { return found(ctx, s.AdminToken, "t") },
		"AppendEvent":      func(ctx context.Context) error { return s.AppendEvent(ctx, idp.Event{ID: "e"}) },
		"Events":           func(ctx context.Context) error { return found(ctx, allEvents(s), page) },
		"Sweep":            func(ctx context.Context) error { _, err := s.Sweep(ctx, now, 1); return err },
	})
	// Nothing was changed.
	read(t, idp.Client{ID: "c", Version: 1}, s.Client, "c")
	read(t, idp.ServiceProvider{App: "sp", EntityID: "sp", Version: 1}, s.ServiceProvider, "sp")
	read(t, idp.User{ID: "u", Username: "u", Version: 1}, s.User, "u")
	read(t, grant, s.Grant, "g")
	read(t, idp.Group{Name: "g", Version: 1}, s.Group, "g")
	read(t, token, s.AdminToken, "old")
	read(t, idp.Admin{Subject: "a", Version: 1}, s.Admin, "a")
	read(t, idp.TokenApp{App: "t", Version: 1}, s.TokenApp, "t")
	pending, err := s.Deliveries(t.Context(), "", idp.Page{Limit: 2})
	ok(t, err)
	same(t, pending, []idp.Delivery{due("d", now, 0)})
	moved, err := s.SubjectLinks(t.Context(), "two")
	ok(t, err)
	same(t, moved, []idp.SubjectLink{{Directory: "d", DirectoryID: "two"}})
	for _, err := range []error{
		found(t.Context(), s.Client, "new"), found(t.Context(), s.User, "new"),
		found(t.Context(), s.ServiceProvider, "new"), found(t.Context(), s.Grant, "new"), found(t.Context(), s.Group, "new"),
		found(t.Context(), s.Admin, "new"), found(t.Context(), s.TokenApp, "new"),
	} {
		fails(t, err, idp.ErrNotFound)
	}
	list, err := s.Events(t.Context(), idp.EventFilter{}, page)
	ok(t, err)
	sameIDs(t, ids(list, eventID))
}

func cancelledFlows(t *testing.T, s idp.Flows, c *clock) {
	end := c.Now().Add(time.Hour)
	flow := idp.Flow{ID: "f", ExpiresAt: end, Version: 1}
	session := idp.Session{ID: "s", Subject: "alice", ExpiresAt: end, Version: 1}
	ok(t, s.CreateFlow(t.Context(), flow))
	ok(t, s.CreateSession(t.Context(), session))
	ticket := idp.Ticket{Kind: "k", ID: "t", ExpiresAt: end, Version: 1}
	ok(t, s.CreateTicket(t.Context(), ticket))
	givenUp(t, map[string]func(context.Context) error{
		"Ping":          s.Ping,
		"CreateFlow":    func(ctx context.Context) error { return s.CreateFlow(ctx, idp.Flow{ID: "new", ExpiresAt: end}) },
		"Flow":          func(ctx context.Context) error { return found(ctx, s.Flow, "f") },
		"UpdateFlow":    func(ctx context.Context) error { return s.UpdateFlow(ctx, flow) },
		"TakeFlow":      func(ctx context.Context) error { return found(ctx, s.TakeFlow, "f") },
		"CreateSession": func(ctx context.Context) error { return s.CreateSession(ctx, idp.Session{ID: "new", ExpiresAt: end}) },
		"Session":       func(ctx context.Context) error { return found(ctx, s.Session, "s") },
		"UpdateSession": func(ctx context.Context) error { return s.UpdateSession(ctx, session) },
		"DeleteSession": func(ctx context.Context) error { return found(ctx, s.DeleteSession, "s") },
		"SessionsOf":    func(ctx context.Context) error { return found(ctx, s.SessionsOf, "alice") },
		"CreateTicket": func(ctx context.Context) error {
			return s.CreateTicket(ctx, idp.Ticket{Kind: "k", ID: "new", ExpiresAt: end})
		},
		"Ticket":       func(ctx context.Context) error { _, err := s.Ticket(ctx, "k", "t"); return err },
		"UpdateTicket": func(ctx context.Context) error { return s.UpdateTicket(ctx, ticket) },
		"TakeTicket":   func(ctx context.Context) error { _, err := s.TakeTicket(ctx, "k", "t"); return err },
		"SeenOnce":     func(ctx context.Context) error { return s.SeenOnce(ctx, "m", end) },
		"Count":        func(ctx context.Context) error { _, err := s.Count(ctx, "m", time.Hour); return err },
		"Counted":      func(ctx context.Context) error { return found(ctx, s.Counted, "m") },
		"ClearCount":   func(ctx context.Context) error { return s.ClearCount(ctx, "m") },
		"Sweep":        func(ctx context.Context) error { _, err := s.Sweep(ctx, end, 1); return err },
	})
	read(t, flow, s.Flow, "f")
	read(t, session, s.Session, "s")
	fails(t, found(t.Context(), s.Flow, "new"), idp.ErrNotFound)
	fails(t, found(t.Context(), s.Session, "new"), idp.ErrNotFound)
	kept, err := s.Ticket(t.Context(), "k", "t")
	ok(t, err)
	same(t, kept, ticket)
	_, err = s.Ticket(t.Context(), "k", "new")
	fails(t, err, idp.ErrNotFound)
	ok(t, s.SeenOnce(t.Context(), "m", end))
	if n, err := s.Count(t.Context(), "m", time.Hour); err != nil || n != 1 {
		t.Fatalf("counted %d, %v", n, err)
	}
}
