package storetest

import (
	"testing"

	"cloudsso/idp"
)

func holding(t *testing.T, s idp.Records, _ *clock) {
	client := func(id string) *idp.Client {
		c := Filled[idp.Client]("client")
		c.ID, c.Version = id, 1
		return &c
	}
	grant := Filled[idp.Grant]("grant")
	grant.ID, grant.Subject, grant.ClientID = "g", "alice", "wiki"
	consent := idp.Consent{Subject: "alice", ClientID: "wiki", Scopes: []string{"openid"}, At: someTime}
	want := func(clientID, grantID string, h idp.Holding) {
		t.Helper()
		for range 2 { // what is remembered is as good as what is read
			got, err := s.Holding(t.Context(), clientID, grantID)
			ok(t, err)
			same(t, got, h)
			scramble(&got.Grant)
			scramble(&got.Consent)
		}
	}
	want("", "", idp.Holding{})
	want("wiki", "g", idp.Holding{})
	want("\x00", "\xff", idp.Holding{})
	ok(t, s.CreateClient(t.Context(), *client("wiki")))
	ok(t, s.CreateClient(t.Context(), *client("api")))
	ok(t, s.CreateGrant(t.Context(), grant, idp.Event{}))
	want("wiki", "", idp.Holding{Client: client("wiki")})
	want("wiki", "G", idp.Holding{Client: client("wiki")})
	want("WIKI", "", idp.Holding{})
	want("wiki", "g", idp.Holding{Client: client("wiki"), Owner: client("wiki"), Grant: grant})
	ok(t, s.GiveConsent(t.Context(), consent))
	ok(t, s.GiveConsent(t.Context(), idp.Consent{Subject: "alice", ClientID: "api", Scopes: []string{"another's"}}))
	want("api", "g", idp.Holding{Client: client("api"), Owner: client("wiki"), Grant: grant, Consent: consent})
	want("", "g", idp.Holding{Owner: client("wiki"), Grant: grant, Consent: consent})
	want("nobody", "g", idp.Holding{Owner: client("wiki"), Grant: grant, Consent: consent})

	changed := client("wiki")
	changed.Disabled = !changed.Disabled
	ok(t, s.UpdateClient(t.Context(), *changed))
	changed.Version++
	want("wiki", "g", idp.Holding{Client: changed, Owner: changed, Grant: grant, Consent: consent})
	ok(t, s.RevokeConsent(t.Context(), "alice", "wiki"))
	want("wiki", "g", idp.Holding{Client: changed, Owner: changed, Grant: grant})
	ok(t, s.DeleteClient(t.Context(), "wiki", 0))
	want("wiki", "g", idp.Holding{})
}

// holdingOfSuccessor: version and times of the second are the first one's.
func holdingOfSuccessor(t *testing.T, s idp.Records, _ *clock) {
	first := Filled[idp.Client]("client")
	first.ID = "wiki"
	second := first
	second.Secrets = []idp.ClientSecret{{ID: "1", Hash: "another", CreatedAt: someTime}}
	for _, c := range []idp.Client{first, second} {
		ok(t, s.CreateClient(t.Context(), c))
		c.Version = 1
		h, err := s.Holding(t.Context(), "wiki", "")
		ok(t, err)
		same(t, *h.Client, c)
		ok(t, s.DeleteClient(t.Context(), "wiki", 0))
	}
}
