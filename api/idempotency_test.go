package api_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"cloudsso/api"
	"cloudsso/idp"
)

const idempotencyKey = "Idempotency-Key"

func TestACreatingCallThatIsSentAgainIsCarriedOutOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.call("POST", clients, wiki(), idempotencyKey, "k1").want(http.StatusCreated)
	again := w.call("POST", clients, wiki(), idempotencyKey, "k1").want(http.StatusCreated)
	if again.raw != first.raw || again.header.Get("Idempotent-Replayed") != "true" || first.header.Get("Idempotent-Replayed") != "" {
		t.Errorf("first %s\nagain %s %v", first.raw, again.raw, again.header)
	}
	for _, name := range []string{"ETag", "Location", "Content-Type", "Cache-Control"} {
		if first.header.Get(name) != again.header.Get(name) || first.header.Get(name) == "" {
			t.Errorf("%s: %q, then %q", name, first.header.Get(name), again.header.Get(name))
		}
	}
	w.call("POST", clients, wiki(), idempotencyKey, "k2").want(http.StatusCreated)
	if n := len(w.call("GET", clients, nil).items()); n != 2 {
		t.Errorf("%d clients, want 2", n)
	}
	w.advance(24 * time.Hour)
	other := w.renew()
	if late := w.call("POST", clients, wiki(), idempotencyKey, "k1", "Authorization", other).want(http.StatusCreated); late.raw == first.raw {
		t.Error("remembered for more than 24 hours")
	}
}

// renew makes a token that works after the first one's end.
func (w *world) renew() string {
	w.t.Helper()
	tok, err := w.owner().CreateToken(w.t.Context(), api.NewToken{Role: api.RoleOwner})
	if err != nil {
		w.t.Fatal(err)
	}
	return "Bearer " + tok.Secret
}

func TestAKeyIsForOneRequestOfOneCaller(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.call("POST", clients, wiki(), idempotencyKey, "k").want(http.StatusCreated)
	const other = "422 This Idempotency-Key was used for another request. Use a new key for each request. header=Idempotency-Key"
	if got := w.call("POST", clients, with(wiki(), "client_name", "Other"), idempotencyKey, "k").problem(); got != other {
		t.Error(got)
	}
	if got := w.call("POST", users, wiki(), idempotencyKey, "k").problem(); got != other {
		t.Error(got)
	}
	// Somebody else's key of the same name is another key.
	theirs := w.call("POST", clients, wiki(), idempotencyKey, "k", "Authorization", w.renew()).want(http.StatusCreated)
	if theirs.str("client_id") == first.str("client_id") || theirs.header.Get("Idempotent-Replayed") != "" {
		t.Error("a caller gets another one's answer")
	}
	if got := w.call("POST", clients, wiki(), idempotencyKey, strings.Repeat("k", 256)); got.status != http.StatusUnprocessableEntity {
		t.Errorf("a key of 256 bytes: %s", got.raw)
	}
}

func TestARequestThatFailedCanBeRepeatedWithItsKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.call("POST", users, map[string]any{"username": ""}, idempotencyKey, "k").want(http.StatusUnprocessableEntity)
	w.call("POST", users, map[string]any{"username": "ada"}, idempotencyKey, "k").want(http.StatusCreated)
	w.events.broken = true
	w.call("POST", users, map[string]any{"username": "bob"}, idempotencyKey, "k2").want(http.StatusServiceUnavailable)
	w.events.broken = false
	w.call("POST", users, map[string]any{"username": "bob"}, idempotencyKey, "k2").want(http.StatusCreated)
}

func TestOfManyWhoSendOneKeyOneIsCarriedOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range 20 {
		got := together(w, 4, func(int) answer {
			return w.call("POST", users, map[string]any{"username": fmt.Sprint("u", i)}, idempotencyKey, fmt.Sprint("k", i))
		})
		if got[201]+got[409] != 4 || got[201] < 1 {
			t.Fatalf("statuses %v", got)
		}
	}
	if n := len(w.call("GET", users, nil).items()); n != 20 {
		t.Errorf("%d users", n)
	}
}

// watchedTickets shows what the store is given to keep.
type watchedTickets struct {
	api.Tickets
	kept *strings.Builder
}

// note writes down what is kept, with what the JSON has in base64.
func (w watchedTickets) note(t idp.Ticket) {
	var doc map[string][]byte
	_ = json.Unmarshal(t.Data, &doc)
	fmt.Fprintf(w.kept, "%s %s %s %s\n", t.Kind, t.ID, t.Data, doc["answer"])
	var inner struct{ Body []byte }
	_ = json.Unmarshal(doc["answer"], &inner)
	fmt.Fprintf(w.kept, "%s\n", inner.Body)
}

func (w watchedTickets) CreateTicket(ctx context.Context, t idp.Ticket) error {
	w.note(t)
	return w.Tickets.CreateTicket(ctx, t)
}

func (w watchedTickets) UpdateTicket(ctx context.Context, t idp.Ticket) error {
	w.note(t)
	return w.Tickets.UpdateTicket(ctx, t)
}

// Attack: somebody reads the store, and finds the secrets of answers that are remembered.
func TestARememberedAnswerIsSealed(t *testing.T) {
	t.Parallel()
	var kept strings.Builder
	w := newWorld(t, func(o *api.Options) { o.Tickets = watchedTickets{o.Tickets, &kept} })
	a := w.call("POST", clients, wiki(), idempotencyKey, "my-key").want(http.StatusCreated)
	for _, secret := range []string{a.str("client_secret"), a.str("client_id"), "my-key", w.token} {
		if strings.Contains(kept.String(), secret) {
			t.Errorf("%q is kept as it is:\n%s", secret, kept.String())
		}
	}
	if !strings.Contains(kept.String(), "idempotency ") {
		t.Error("nothing is kept at all")
	}
}

// Attack: a stranger fills the store with keys.
func TestNothingIsRememberedForStrangers(t *testing.T) {
	t.Parallel()
	var kept strings.Builder
	w := newWorld(t, func(o *api.Options) { o.Tickets = watchedTickets{o.Tickets, &kept} })
	w.call("POST", clients, wiki(), idempotencyKey, "k", "Authorization", "").want(http.StatusUnauthorized)
	w.call("POST", clients, wiki(), idempotencyKey, "k", "Authorization", "Bearer cloudsso_admin_"+idp.NewSecret()).want(http.StatusUnauthorized)
	if kept.Len() > 0 {
		t.Error(kept.String())
	}
}
