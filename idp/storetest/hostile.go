package storetest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"cloudsso/idp"
)

// hostile strings. Those that a database may be unable to keep may be refused, cleanly:
// with an *idp.Error of code Invalid, and nothing stored. The others are kept. None comes
// back as another string.
var hostile = []struct {
	name, text string
	refusable  bool
}{
	{"quotes and comments", `'";--/*\' OR 1=1 $1 ?1 :a @a %s {{.}}`, false},
	{"JSON escapes", `\ufffd \u0000 \\ufffd "}],` + "\n\r\t\b", false},
	{"a replacement character of its own", "\ufffd", false},
	{"line separators, HTML, right-to-left, astral", "\u2028\u2029<script>&\u202egnp.exe\U0001F600\U0010FFFF", false},
	{"64 KB", strings.Repeat("x", 64<<10), false},
	{"spaces at both ends", "  x  ", false},
	{"a NUL", "nul\x00byte", true},
	{"bytes that are not UTF-8", "latin\xe9", true},
	{"half a rune and a surrogate", "\xf0\x9f \xed\xa0\x80", true},
}

// attacks runs one row per hostile string; text makes each field's string different.
func attacks(t *testing.T, run func(t *testing.T, text func(n int) string, refusable bool)) {
	for _, h := range hostile {
		t.Run(h.name, func(t *testing.T) {
			run(t, func(n int) string { return fmt.Sprint(n, h.text) }, h.refusable)
		})
	}
}

// kept wants a record that was written to come back, or to have been refused and not be there.
func kept[T any](t *testing.T, want T, refusable bool, err error, read func(context.Context, string) (T, error), key string) {
	t.Helper()
	got, readErr := read(t.Context(), key)
	switch {
	case err == nil:
		ok(t, readErr)
		same(t, got, want)
	case !refusable || !invalid(err):
		t.Fatalf("%T was refused with %v", want, err)
	case !errors.Is(readErr, idp.ErrNotFound):
		t.Fatalf("%T was refused, yet reading says %v", want, readErr)
	}
}

func hostileRecords(t *testing.T, s idp.Records, c *clock) {
	i := 0
	attacks(t, func(t *testing.T, text func(int) string, refusable bool) {
		ctx := t.Context()
		client := filledWith[idp.Client](text)
		err := s.CreateClient(ctx, client)
		client.Version = 1
		kept(t, client, refusable, err, s.Client, client.ID)
		client.ClientName = text(1000)
		if err == nil {
			ok(t, s.UpdateClient(ctx, client))
			client.Version = 2
			kept(t, client, refusable, nil, s.Client, client.ID)
		}
		sp := filledWith[idp.ServiceProvider](text)
		sp.App = text(1001) // the client has taken its name
		err = s.CreateServiceProvider(ctx, sp)
		sp.Version = 1
		kept(t, sp, refusable, err, s.ServiceProvider, sp.App)
		kept(t, sp, refusable, err, s.ServiceProviderByEntityID, sp.EntityID)
		user := filledWith[idp.User](text)
		err = s.CreateUser(ctx, user)
		user.Version = 1
		kept(t, user, refusable, err, s.User, user.ID)
		kept(t, user, refusable, err, s.UserByUsername, user.Username)
		grant := filledWith[idp.Grant](text)
		kept(t, grant, refusable, s.CreateGrant(ctx, grant, idp.Event{}), s.Grant, grant.ID)
		told, fine := filledWith[idp.Event](text), idp.Grant{ID: fmt.Sprint("fine", i)}
		told.ID = text(1003)
		kept(t, fine, refusable, s.CreateGrant(ctx, fine, told), s.Grant, fine.ID) // a refused event leaves no grant
		i++
		token := filledWith[idp.AdminToken](text)
		token.ExpiresAt = c.Now().Add(time.Hour)
		kept(t, token, refusable, s.CreateAdminToken(ctx, token), s.AdminToken, token.Hash)
		admin := filledWith[idp.Admin](text)
		err = s.CreateAdmin(ctx, admin)
		admin.Version = 1
		kept(t, admin, refusable, err, s.Admin, admin.Subject)
		app := filledWith[idp.TokenApp](text)
		app.App = text(1002)
		err = s.CreateTokenApp(ctx, app)
		app.Version = 1
		kept(t, app, refusable, err, s.TokenApp, app.App)
		group := filledWith[idp.Group](text)
		err = s.CreateGroup(ctx, group)
		group.Version = 1
		kept(t, group, refusable, err, s.Group, group.Name)
		hostileBindings(t, s, text, refusable)
		hostileLists(t, s, text, refusable)
	})
	// A good record with one bad corner: documents must not mend what columns would refuse.
	for i, corner := range []idp.Attributes{{"bad\xff": {"x"}}, {"x": {"bad\xff"}}, {"x": {map[string]any{"bad\xff": 1.0}}}} {
		user := idp.User{ID: fmt.Sprint("corner", i), Username: fmt.Sprint("corner", i), Attributes: corner}
		err := s.CreateUser(t.Context(), user)
		user.Version = 1
		kept(t, user, true, err, s.User, user.ID)
	}
}

func hostileBindings(t *testing.T, s idp.Records, text func(int) string, refusable bool) {
	ctx := t.Context()
	consent := idp.Consent{Subject: text(1), ClientID: text(2), Scopes: []string{text(3)}, At: someTime}
	kept(t, consent, refusable, s.GiveConsent(ctx, consent), func(ctx context.Context, subject string) (idp.Consent, error) {
		return s.Consent(ctx, subject, text(2))
	}, text(1))

	subject, err := s.Subject(ctx, text(1), text(2), text(3))
	kept(t, [2]string{text(1), text(2)}, refusable, err, func(ctx context.Context, subject string) (o [2]string, err error) {
		o[0], o[1], err = s.SubjectOwner(ctx, subject)
		return o, err
	}, text(3))
	if err == nil && subject != text(3) {
		t.Fatalf("subject is %q", subject)
	}
	if err := s.MoveSubject(ctx, text(11), text(12), text(3)); err == nil {
		links, err := s.SubjectLinks(ctx, text(3))
		ok(t, err)
		same(t, links, []idp.SubjectLink{{Directory: text(11), DirectoryID: text(12)}, {Directory: text(1), DirectoryID: text(2)}})
	} else if !refusable || !invalid(err) && !errors.Is(err, idp.ErrNotFound) {
		t.Fatalf("moving a subject said %v", err)
	}
	id := filledWith[idp.PersistentID](text)
	if got, err := s.PersistentID(ctx, id); err == nil {
		same(t, got, id)
	} else if !refusable || !invalid(err) {
		t.Fatalf("a persistent NameID was refused with %v", err)
	}
	for _, err := range []error{
		s.RedeemCode(ctx, idp.Redemption{GrantID: text(1), CodeHash: text(2)}, someTime),
		s.RotateRefresh(ctx, idp.Rotation{GrantID: text(1), Seq: 1}),
		s.DeleteClient(ctx, text(1), 1), s.DeleteUser(ctx, text(1), 1), s.DeleteServiceProvider(ctx, text(9), 1),
		s.DeleteAdmin(ctx, text(9), 1), s.DeleteTokenApp(ctx, text(9), 1),
		s.DeleteGroup(ctx, text(9), 1), s.TouchAdminToken(ctx, text(9), someTime), s.RevokeAdminToken(ctx, text(9)),
		s.MoveSubject(ctx, text(1), text(2), text(9)), s.SettleDelivery(ctx, idp.Delivery{ID: text(9)}),
	} {
		if !errors.Is(err, idp.ErrNotFound) && !(refusable && invalid(err)) {
			t.Fatalf("a verb on nothing said %v", err)
		}
	}
}

func hostileLists(t *testing.T, s idp.Records, text func(int) string, refusable bool) {
	event := filledWith[idp.Event](text)
	kept(t, event, refusable, s.AppendEvent(t.Context(), event), func(ctx context.Context, id string) (idp.Event, error) {
		list, err := s.Events(ctx, idp.EventFilter{}, idp.Page{Limit: 1})
		if err != nil || len(list) == 0 || list[0].ID != id {
			return idp.Event{}, errors.Join(err, idp.ErrNotFound)
		}
		return list[0], nil
	}, event.ID)
	key := filledWith[idp.KeyRecord](text)
	kept(t, key, refusable, s.CreateKey(t.Context(), key), func(ctx context.Context, id string) (idp.KeyRecord, error) {
		list, err := s.Keys(ctx)
		for _, k := range list {
			if k.ID == id {
				return k, err
			}
		}
		return idp.KeyRecord{}, errors.Join(err, idp.ErrNotFound)
	}, key.ID)
	delivery := filledWith[idp.Delivery](text)
	kept(t, delivery, refusable, s.CreateDeliveries(t.Context(), []idp.Delivery{{ID: text(1000)}, delivery}), func(ctx context.Context, id string) (idp.Delivery, error) {
		list, err := s.Deliveries(ctx, delivery.App, idp.Page{Limit: 1})
		if err != nil || len(list) == 0 || list[0].ID != id {
			return idp.Delivery{}, idp.ErrNotFound
		}
		return list[0], nil
	}, delivery.ID)
	hostileFilters(t, s, text, refusable, event)
}

// A filter finds what has just this text, or nothing.
func hostileFilters(t *testing.T, s idp.Records, text func(int) string, refusable bool, event idp.Event) {
	ctx, page := t.Context(), idp.Page{Limit: 5}
	_, clientsErr := s.Clients(ctx, idp.Page{After: text(5), Limit: 5})
	_, groupsErr := s.Groups(ctx, idp.Page{After: text(5), Limit: 5})
	_, tokensErr := s.AdminTokens(ctx, idp.Page{After: text(5), Limit: 5})
	grants, grantsErr := s.Grants(ctx, idp.GrantFilter{Subject: text(5), ClientID: text(5), SessionID: text(5), SID: text(5)}, page)
	consents, consentsErr := s.Consents(ctx, text(99))
	links, linksErr := s.SubjectLinks(ctx, text(99))
	deliveries, deliveriesErr := s.Deliveries(ctx, text(99), page)
	events, eventsErr := s.Events(ctx, idp.EventFilter{Name: event.Name, Subject: event.Subject, App: event.App, Support: event.Support}, page)
	for _, err := range []error{clientsErr, groupsErr, tokensErr, grantsErr, consentsErr, linksErr, deliveriesErr, eventsErr} {
		if err != nil && !(refusable && invalid(err)) {
			t.Fatalf("a list said %v", err)
		}
	}
	if len(grants)+len(consents)+len(links)+len(deliveries) != 0 || !refusable && len(events) != 2 { // one came with a grant
		t.Fatalf("found %v, %v, %v, %v and %d events", grants, consents, links, deliveries, len(events))
	}
}

func hostileFlows(t *testing.T, s idp.Flows, c *clock) {
	attacks(t, func(t *testing.T, text func(int) string, refusable bool) {
		ctx, end := t.Context(), c.Now().Add(time.Hour)
		flow := filledWith[idp.Flow](text)
		flow.ExpiresAt = end
		err := s.CreateFlow(ctx, flow)
		flow.Version = 1
		kept(t, flow, refusable, err, s.Flow, flow.ID)
		session := filledWith[idp.Session](text)
		session.ExpiresAt = end
		err = s.CreateSession(ctx, session)
		session.Version = 1
		kept(t, session, refusable, err, s.Session, session.ID)
		ticket := filledWith[idp.Ticket](text)
		ticket.ExpiresAt, ticket.Data = end, []byte(text(1000))
		err = s.CreateTicket(ctx, ticket)
		ticket.Version = 1
		kept(t, ticket, refusable, err, func(ctx context.Context, id string) (idp.Ticket, error) { return s.Ticket(ctx, ticket.Kind, id) }, ticket.ID)
		hostileMarks(t, s, text, end)
	})
	// What strangers send without anybody looking at it is always kept.
	flow := idp.Flow{ID: "raw", Request: "SAMLRequest=\xff\x00", ExpiresAt: c.Now().Add(time.Hour)}
	ok(t, s.CreateFlow(t.Context(), flow))
	flow.Version = 1
	read(t, flow, s.Flow, "raw")
	session := idp.Session{ID: "raw", UserAgent: "Mozilla \xe9\x00", ExpiresAt: c.Now().Add(time.Hour)}
	ok(t, s.CreateSession(t.Context(), session))
	session.Version = 1
	read(t, session, s.Session, "raw")
}

// Keys of marks and counters are made of what strangers send: all are kept, apart.
func hostileMarks(t *testing.T, s idp.Flows, text func(int) string, end time.Time) {
	for n := range 2 {
		ok(t, s.SeenOnce(t.Context(), text(n), end))
		fails(t, s.SeenOnce(t.Context(), text(n), end), idp.ErrReplayed)
		for want := 1; want < 3; want++ {
			if got, err := s.Count(t.Context(), text(n), time.Hour); err != nil || got != want {
				t.Fatalf("count %d, %v, want %d", got, err, want)
			}
			counted(t, s, text(n), want)
		}
		ok(t, s.ClearCount(t.Context(), text(n)))
	}
}
