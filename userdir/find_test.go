package userdir_test

import (
	"errors"
	"testing"
	"time"

	"cloudsso/idp"
	"cloudsso/idp/memory"
	"cloudsso/userdir"
)

func TestFind(t *testing.T) {
	t.Parallel()
	store := memory.New(time.Now)
	for _, u := range []idp.User{{ID: "1", Username: "ann", Email: "ann@example.com"}, {ID: "2", Username: "off", Disabled: true}} {
		if err := store.CreateUser(t.Context(), u); err != nil {
			t.Fatal(err)
		}
	}
	users := userdir.NewUsers(store, []userdir.Directory{userdir.NewLocal("local", store, time.Now, nil)}, nil)
	ann, err := users.Find(t.Context(), "ann")
	if err != nil || ann.Login != "ann" || ann.Directory != "local" || ann.Subject == "" {
		t.Fatalf("%+v, %v", ann, err)
	}
	for _, who := range []string{"ANN", "ann@example.com", ann.Subject} {
		if p, err := users.Find(t.Context(), who); err != nil || p.Subject != ann.Subject {
			t.Errorf("%s: %+v, %v", who, p, err)
		}
	}
	if p, err := users.Find(t.Context(), "off"); err != nil || p.Status != idp.Disabled {
		t.Errorf("somebody who is disabled: %+v, %v", p, err)
	}
	for _, who := range []string{"", "nobody", "1", "a\x00b"} {
		if p, err := users.Find(t.Context(), who); !errors.Is(err, userdir.ErrNotFound) {
			t.Errorf("%q: %+v, %v", who, p, err)
		}
	}
}

// TestFindThroughADirectoryThatIsDown: nobody else's ann is shown in her place.
func TestFindThroughADirectoryThatIsDown(t *testing.T) {
	t.Parallel()
	store := memory.New(time.Now)
	if err := store.CreateUser(t.Context(), idp.User{ID: "1", Username: "ann"}); err != nil {
		t.Fatal(err)
	}
	users := userdir.NewUsers(store, []userdir.Directory{&fake{id: "down", err: userdir.ErrUnavailable}, userdir.NewLocal("local", store, time.Now, nil)}, nil)
	if p, err := users.Find(t.Context(), "ann"); !errors.Is(err, userdir.ErrUnavailable) {
		t.Errorf("%+v, %v", p, err)
	}
}
