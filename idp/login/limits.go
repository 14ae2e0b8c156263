package login

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"net/http"
	"time"

	"cloudsso/idp"
)

// rung bounds tries in one window. Windows start at fixed times, so that whoever
// must wait can be told until when.
type rung struct {
	name   string
	window time.Duration
	most   int
}

// A stranger's tries at one account from one address, and a known device's. The long
// window follows the short one: the wait grows from a minute to an hour.
func tryRungs() []rung {
	return []rung{{"minute", time.Minute, 6}, {"hour", time.Hour, 30}}
}

// All strangers' tries at one account together: guesses from many addresses. A known
// device does not count here and is not held up here, so that strangers cannot lock
// anybody out of their own browser.
func accountRung() rung { return rung{"account", time.Hour, 60} }

// Failed tries from one network, at whatever account: one password tried on many.
// Successes do not count (a whole office may sign in at nine) and clear nothing, else
// an attacker would clear the count with an account of their own.
func networkRung() rung { return rung{"network", 10 * time.Minute, 100} }

// try is one try at a password.
type try struct {
	account string // the typed name as directories compare it
	network string // /24 or /64 of the address, "" if unknown
	device  string // mark of a device that this account has signed in on, or ""
	wait    time.Duration
	counted []string // counters that a success clears
}

func (h *Handler) newTry(r *http.Request, username string) *try {
	t := &try{account: idp.FoldUsername(username), network: idp.RequestOf(r.Context()).Network()}
	t.device = h.knownDevice(r, t.account)
	return t
}

// admit counts the try before it is made, so that a burst of tries at once gets no
// further than a row of them, and refuses it when a window is full.
func (h *Handler) admit(ctx context.Context, f *idp.Flow, t *try) (*refusal, error) {
	if !h.limits {
		return nil, nil
	}
	who, rungs := "pair\x00"+t.account+"\x00"+t.network, append(tryRungs(), accountRung())
	if t.device != "" {
		who, rungs = "device\x00"+t.device, tryRungs()
	}
	for _, g := range rungs {
		subject := who
		if g.name == accountRung().name {
			subject = t.account
		}
		key, rest := h.counter(g, subject)
		n, err := h.flows.Count(ctx, key, rest)
		if err != nil {
			return nil, err
		}
		if n > g.most {
			most, err := h.unlocked(ctx, t.account, g.most)
			if err != nil {
				return nil, err
			}
			if n > most {
				return h.blocked(ctx, f, t, g, rest, n == most+1)
			}
		}
		if n > 1 {
			t.counted = append(t.counted, key)
		}
	}
	return h.admitNetwork(ctx, f, t)
}

func (h *Handler) admitNetwork(ctx context.Context, f *idp.Flow, t *try) (*refusal, error) {
	if t.network == "" {
		return nil, nil
	}
	g := networkRung()
	key, rest := h.counter(g, t.network)
	// This only looks: failed() counts.
	n, err := h.flows.Counted(ctx, key)
	if err != nil || n < g.most {
		return nil, err
	}
	return h.blocked(ctx, f, t, g, rest, false)
}

// failed counts a wrong password against the network.
func (h *Handler) failed(ctx context.Context, t *try) error {
	if !h.limits || t.network == "" {
		return nil
	}
	g := networkRung()
	key, rest := h.counter(g, t.network)
	n, err := h.flows.Count(ctx, key, rest)
	if err != nil || n != g.most {
		return err
	}
	return h.recordBlocked(ctx, "", g)
}

// passed clears what earlier wrong tries have counted up. A first try leaves its 1:
// clearing it would be a write for nothing.
func (h *Handler) passed(ctx context.Context, t *try) error {
	for _, key := range t.counted {
		if err := h.flows.ClearCount(ctx, key); err != nil {
			return err
		}
	}
	return nil
}

func (h *Handler) blocked(ctx context.Context, f *idp.Flow, t *try, g rung, rest time.Duration, first bool) (*refusal, error) {
	t.wait = rest
	text := "Too many tries. Please wait " + inWords(rest) + " before you try again."
	refused := &refusal{"blocked", http.StatusTooManyRequests, text}
	if !first {
		return refused, nil // once per window is enough for the audit log
	}
	return refused, h.recordBlocked(ctx, f.App, g)
}

func (h *Handler) recordBlocked(ctx context.Context, app string, g rung) error {
	return h.events.Record(ctx, idp.Event{Name: idp.EventLoginBlocked, App: app, Detail: map[string]string{"limit": g.name}})
}

// counter names the counter of the current window and tells how long the window lasts.
// Who is counted is hidden by the MAC: names that people type may be passwords.
func (h *Handler) counter(g rung, who string) (key string, rest time.Duration) {
	now := h.now()
	start := now.Truncate(g.window)
	var at [8]byte
	binary.BigEndian.PutUint64(at[:], uint64(start.Unix()))
	sum := h.mac.Sum([]byte("limit"), []byte(g.name), []byte(who), at[:])
	return "login/" + g.name + "/" + base64.RawURLEncoding.EncodeToString(sum[:16]), start.Add(g.window).Sub(now)
}

// inWords rounds up, so that nobody comes back too early.
func inWords(d time.Duration) string {
	if seconds := int((d + time.Second - 1) / time.Second); seconds < 60 {
		return fmt.Sprintf("%d seconds", max(seconds, 2))
	}
	minutes := int((d + time.Minute - 1) / time.Minute)
	if minutes == 1 {
		return "one minute"
	}
	return fmt.Sprintf("%d minutes", minutes)
}
