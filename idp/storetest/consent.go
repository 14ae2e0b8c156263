package storetest

import (
	"testing"
	"time"

	"cloudsso/idp"
)

func consents(t *testing.T, s idp.Records, _ *clock) {
	give := func(at time.Time, scopes ...string) {
		ok(t, s.GiveConsent(t.Context(), idp.Consent{Subject: "alice", ClientID: "app", Scopes: scopes, At: at}))
	}
	want := func(subject, client string, at time.Time, scopes ...string) {
		t.Helper()
		got, err := s.Consent(t.Context(), subject, client)
		ok(t, err)
		same(t, got, idp.Consent{Subject: subject, ClientID: client, Scopes: scopes, At: at})
		scramble(&got)
	}
	_, err := s.Consent(t.Context(), "alice", "app")
	fails(t, err, idp.ErrNotFound)
	give(someTime, "openid", "email", "openid")
	want("alice", "app", someTime, "openid", "email")
	give(someTime.Add(time.Hour), "profile", "email")
	want("alice", "app", someTime.Add(time.Hour), "openid", "email", "profile")
	give(someTime.Add(2 * time.Hour))
	want("alice", "app", someTime.Add(2*time.Hour), "openid", "email", "profile")

	ok(t, s.GiveConsent(t.Context(), idp.Consent{Subject: "Alice", ClientID: "APP", Scopes: []string{"x"}}))
	ok(t, s.RevokeConsent(t.Context(), "alice", "app"))
	_, err = s.Consent(t.Context(), "alice", "app")
	fails(t, err, idp.ErrNotFound)
	ok(t, s.RevokeConsent(t.Context(), "alice", "app")) // it is gone: that is what was asked for
	want("Alice", "APP", time.Time{}, "x")
	give(someTime, "email")
	want("alice", "app", someTime, "email")
}

func listConsents(t *testing.T, s idp.Records, _ *clock) {
	given := []idp.Consent{
		{Subject: "alice", ClientID: "Wiki", Scopes: []string{"openid", "email"}, At: someTime},
		{Subject: "alice", ClientID: "chat", At: someTime.Add(time.Hour)},
		{Subject: "Alice", ClientID: "wiki", Scopes: []string{"openid"}, At: someTime},
		{Subject: "alice", ClientID: "app", Scopes: []string{"openid"}, At: someTime},
	}
	for _, c := range given {
		ok(t, s.GiveConsent(t.Context(), c))
	}
	want := func(subject string, consents ...idp.Consent) {
		t.Helper()
		list, err := s.Consents(t.Context(), subject)
		ok(t, err)
		same(t, list, consents)
		scramble(&list)
	}
	want("alice", given[0], given[3], given[1])
	want("alice", given[0], given[3], given[1])
	want("nobody")
	want("")
	ok(t, s.RevokeConsent(t.Context(), "alice", "app"))
	want("alice", given[0], given[1])
}
