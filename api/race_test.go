package api_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"

	"cloudsso/api"
	"cloudsso/idp"
)

// together makes n calls at the same time and counts the statuses.
func together(w *world, n int, call func(i int) answer) map[int]int {
	var wg sync.WaitGroup
	var mu sync.Mutex
	begin, statuses := make(chan struct{}), map[int]int{}
	for i := range n {
		wg.Go(func() {
			<-begin
			a := call(i)
			mu.Lock()
			defer mu.Unlock()
			statuses[a.status]++
		})
	}
	close(begin)
	wg.Wait()
	return statuses
}

func TestOfManyWhoWantTheSameNameOneGetsIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for range 20 {
		id := idp.NewID()
		for what, call := range map[string]func(int) answer{
			"client_id": func(int) answer { return w.call("POST", clients, with(wiki(), "client_id", id)) },
			"username":  func(int) answer { return w.call("POST", users, map[string]any{"username": id}) },
			"entity ID": func(int) answer {
				return w.call("POST", sps, map[string]any{"metadata_xml": metadata("https://sp-"+id, "https://a.example/acs")})
			},
		} {
			if got := together(w, 4, call); got[201] != 1 || got[409] != 3 {
				t.Fatalf("%s: statuses %v", what, got)
			}
		}
	}
}

func TestOfManyWhoChangeOneVersionOneWins(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.call("POST", users, map[string]any{"username": "ada"}).want(http.StatusCreated).str("id")
	for range 20 {
		tag := w.call("GET", users+"/"+id, nil).header.Get("ETag")
		got := together(w, 4, func(i int) answer {
			return w.call("PATCH", users+"/"+id, map[string]any{"groups": []string{string(rune('a' + i))}}, "If-Match", tag)
		})
		if got[200] != 1 || got[409]+got[412] != 3 {
			t.Fatalf("statuses %v", got)
		}
	}
}

// strangeStore fails in a way that nobody classified.
type strangeStore struct{ api.Records }

func (strangeStore) Clients(context.Context, idp.Page) ([]idp.Client, error) {
	return nil, errors.New("near \"SELEKT\": syntax error")
}

func TestAnErrorThatNobodyClassifiedSaysNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *api.Options) { o.Records = strangeStore{o.Records} })
	a := w.call("GET", clients, nil).want(http.StatusInternalServerError)
	if a.problem() != "500 Something went wrong on our side." || strings.Contains(a.raw, "SELEKT") {
		t.Error(a.raw)
	}
}
