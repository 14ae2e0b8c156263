package login

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"cloudsso/idp"
)

const (
	sayTimeout = 5 * time.Second // for one app
	allTimeout = 8 * time.Second // for all of them together
	sayAtOnce  = 32
	maxVisits  = 30 // frames of one page
)

// farewell tells every app that s has ended: server to server at once and in parallel;
// visits are noted for the page. It takes 8 seconds at the most, and a browser that goes
// away does not stop it. id as in [Farewells].
func (h *Handler) farewell(ctx context.Context, id string, s idp.Session, except idp.SessionApp) []farewelled {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), allTimeout)
	defer cancel()
	var apps []farewelled
	var todo []Farewell
	for _, protocol := range h.farewells {
		found, err := protocol.Farewells(ctx, id, s, except)
		if err != nil {
			// The session has ended; that some apps could not even be found must not hide it.
			idp.Note(ctx, slog.String("farewell", err.Error()))
			apps = append(apps, farewelled{AppResult: AppResult{Name: "Some applications", Outcome: Failed}})
		}
		todo = append(todo, found...)
	}
	return append(visits(sayAll(ctx, todo), id), apps...)
}

func sayAll(ctx context.Context, todo []Farewell) []farewelled {
	apps, turn := make([]farewelled, len(todo)), make(chan struct{}, sayAtOnce)
	var wg sync.WaitGroup
	for i, f := range todo {
		apps[i] = farewelled{AppResult: AppResult{Protocol: f.Protocol, App: f.App, Name: f.Name, Outcome: Failed}, Visit: f.Visit, Through: f.Through, Answers: f.Answers}
		if f.Send == nil {
			continue
		}
		wg.Go(func() {
			turn <- struct{}{}
			defer func() { <-turn }()
			apps[i].Outcome = say(ctx, f)
		})
	}
	wg.Wait()
	return apps
}

func say(ctx context.Context, f Farewell) Outcome {
	ctx, cancel := context.WithTimeout(ctx, sayTimeout)
	defer cancel()
	err := f.Send(ctx)
	if err != nil {
		idp.Note(ctx, slog.String("farewell_"+f.App, err.Error()))
	}
	return outcome(err)
}

// visits keeps the addresses that the page will open. Without a browser there are none.
func visits(apps []farewelled, id string) []farewelled {
	n := 0
	for i := range apps {
		a := &apps[i]
		if a.Visit == "" {
			continue
		}
		if n++; id == "" || n > maxVisits {
			a.Visit = ""
		} else if a.Outcome == Failed {
			a.Outcome = Waiting
		}
	}
	return apps
}
