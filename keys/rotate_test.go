package keys_test

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"cloudsso/idp"
	"cloudsso/idp/memory"
	"cloudsso/keys"
)

// firstRows are what a first start at the time start leaves: made once, for all tests.
var firstRows = sync.OnceValues(func() ([]idp.KeyRecord, error) {
	store, now := memory.New(newClock().now), newClock().now
	kek, err := keys.LoadKEK("", env("CLOUDSSO_KEK", secretA))
	if err == nil {
		_, err = keys.Open(context.Background(), store, kek, now)
	}
	rows, _ := store.Keys(context.Background())
	return rows, err
})

// cluster is some nodes over one store, with one clock and one audit log.
type cluster struct {
	t *testing.T
	*clock
	store *memory.Store
	nodes []*keys.Ring
	log   *log
}

type log struct {
	mu     sync.Mutex
	events []idp.Event
	err    error
}

func (l *log) Record(_ context.Context, e idp.Event) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.events = append(l.events, e)
	return l.err
}

// names of the Events since the last call, with the slot, sorted.
func (l *log) names() (out []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range l.events {
		out = append(out, e.Name+" "+e.Detail["slot"])
	}
	l.events = nil
	slices.Sort(out)
	return out
}

func newCluster(t *testing.T, n int) *cluster {
	t.Helper()
	c := &cluster{t: t, clock: newClock(), log: &log{}}
	c.store = memory.New(c.now)
	rows, err := firstRows()
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		if err := c.store.CreateKey(t.Context(), row); err != nil {
			t.Fatal(err)
		}
	}
	for range n {
		c.nodes = append(c.nodes, openRing(t, c.store, c.now))
	}
	return c
}

func (c *cluster) advance(d time.Duration) { c.set(c.now().Add(d)) }

func (c *cluster) reload(r *keys.Ring) {
	c.t.Helper()
	if err := r.Reload(c.t.Context()); err != nil {
		c.t.Fatal(err)
	}
}

func (c *cluster) must(i keys.Info, err error) keys.Info {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
	return i
}

// slot finds a key on the first node.
func (c *cluster) slot(slot string) keys.Info {
	c.t.Helper()
	return slotOf(c.t, c.nodes[0], slot)
}

func slotOf(t *testing.T, r *keys.Ring, slot string) keys.Info {
	t.Helper()
	all := r.Keys()
	i := slices.IndexFunc(all, func(k keys.Info) bool { return k.Slot == slot })
	if i < 0 {
		t.Fatalf("there is no key %s", slot)
	}
	return all[i]
}

func (c *cluster) logged(want ...string) {
	c.t.Helper()
	if got := c.log.names(); !slices.Equal(got, want) {
		c.t.Errorf("Events %q, want %q", got, want)
	}
}

// verifies is what a relying party does: the key set's key with the token's kid.
func verifies(raw string, set *jose.JSONWebKeySet) error {
	jws, err := jose.ParseSignedCompact(raw, []jose.SignatureAlgorithm{jose.RS256, jose.ES256})
	if err == nil {
		_, err = jws.Verify(set)
	}
	return err
}

func sign(t *testing.T, r *keys.Ring, alg string) string {
	t.Helper()
	raw, err := r.SignJWT(alg, "", []byte(`{"sub":"ann"}`))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// The whole life of two keys, in steps of five minutes, on two nodes of which one reads
// the store five minutes late, and a relying party whose copy of the JWKS is five
// minutes old and from the late node.
func TestATokenVerifiesAtEveryMomentOfARotation(t *testing.T) {
	t.Parallel()
	const step, life = 5 * time.Minute, 24 * time.Hour
	for _, alg := range []string{keys.ES256, keys.RS256} {
		t.Run(alg, func(t *testing.T) {
			t.Parallel()
			c := newCluster(t, 2)
			prompt, late := c.nodes[0], c.nodes[1]
			first := c.slot("sig/" + alg + "/1").KID
			copied := parseJWKS(t, late)
			var living [][2]string // one token of each node per step, the oldest first
			signers := map[any]int{}
			for i := range int((time.Hour + keys.DefaultLead + 2*life) / step) {
				if i == 12 {
					c.must(prompt.Rotate(t.Context(), c.log, keys.Plan{Alg: alg}))
				}
				if !looks(i) { // RSA is slow; the minutes around each change and one in the hour will do
					living = append(living, [2]string{})
					if looks(i + 1) {
						copied = parseJWKS(t, late)
						c.reload(late)
					}
					c.advance(step)
					continue
				}
				made := [2]string{sign(t, prompt, alg), sign(t, late, alg)}
				for _, raw := range made {
					signers[headerOf(t, raw)["kid"]]++
					if err := verifies(raw, copied); err != nil {
						t.Fatalf("%s: a new token does not verify with the copied JWKS: %v", time.Duration(i)*step, err)
					}
				}
				living = append(living, made)
				copied = parseJWKS(t, late)
				for _, raw := range oldest(living, int(life/step)) {
					_, errA := prompt.VerifyJWT(raw)
					_, errB := late.VerifyJWT(raw)
					if err := errors.Join(errA, errB, verifies(raw, parseJWKS(t, prompt)), verifies(raw, copied)); err != nil {
						t.Fatalf("%s: %v", time.Duration(i)*step, err)
					}
				}
				c.reload(late)
				c.advance(step)
			}
			if len(signers) != 2 || signers[first] == 0 {
				t.Errorf("who signed how often: %v", signers)
			}
			if old := c.slot("sig/" + alg + "/1"); old.State != keys.Retired || len(copied.Key(first)) != 0 {
				t.Errorf("in the end, the old key is %s and %d times in the JWKS", old.State, len(copied.Key(first)))
			}
			c.logged("key.created sig/" + alg + "/2")
		})
	}
}

// looks: around the rotation, the switch a day later and the end a day after that.
func looks(i int) bool {
	const hour, day = 12, 288
	since := (i - hour) % day
	return i%hour == 0 || since < 4 || since > day-4
}

// oldest returns the tokens that are about to expire.
func oldest(made [][2]string, life int) []string {
	for _, pair := range made[max(0, len(made)-life):] {
		if pair[0] != "" {
			return pair[:]
		}
	}
	return nil
}

func TestTheSigningKeyIsTheFirstOfItsAlgorithm(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 1)
	r := c.nodes[0]
	next := c.must(r.Rotate(t.Context(), c.log, keys.Plan{Lead: time.Hour}))
	if next.State != keys.Next || !next.ActivateAt.Equal(start.Add(time.Hour)) {
		t.Errorf("the next key is %s and takes over at %s", next.State, next.ActivateAt)
	}
	for _, s := range []struct {
		at   time.Duration
		want string
	}{{0, "sig/RS256/1"}, {time.Hour - 1, "sig/RS256/1"}, {time.Hour, "sig/RS256/2"}, {2 * time.Hour, "sig/RS256/2"}} {
		c.set(start.Add(s.at))
		if got := parseJWKS(t, r).Keys[0].KeyID; got != c.slot(s.want).KID {
			t.Errorf("after %s: the first key is another than %s", s.at, s.want)
		}
	}
}

func TestATokenRootRotates(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 2)
	a, b := c.nodes[0].MAC("test"), c.nodes[1].MAC("test")
	year, part := 365*24*time.Hour, []byte("grant")
	old := a.Sum(part)
	c.must(c.nodes[0].Rotate(t.Context(), c.log, keys.Plan{Use: idp.KeyUseToken, Lead: keys.MinLead}))
	c.reload(c.nodes[1])
	c.set(start.Add(keys.MinLead - time.Microsecond))
	last := a.Sum(part)
	if string(old) != string(last) {
		t.Error("the new root was used before its time")
	}
	c.set(start.Add(keys.MinLead))
	if fresh := a.Sum(part); string(fresh) == string(old) || !b.Verify(fresh, part) || !b.Verify(last, part) {
		t.Error("after the switch, new and old must both verify on the other node")
	}
	c.set(start.Add(keys.MinLead + year))
	if !b.Verify(last, part) {
		t.Error("a refresh token of a year does not live for a year")
	}
	c.advance(25 * time.Hour)
	if b.Verify(last, part) {
		t.Error("the old root verifies for ever")
	}
}

// What must never be refused is only safe as long as clients cannot ask for more.
func TestNoClientTokenOutlivesItsKey(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 1)
	now := start
	sig := c.must(c.nodes[0].Rotate(t.Context(), c.log, keys.Plan{Now: true}))
	root := c.must(c.nodes[0].Rotate(t.Context(), c.log, keys.Plan{Use: idp.KeyUseToken, Now: true}))
	jwt := int(c.slot("sig/RS256/1").ExpireAt.Sub(now).Seconds())
	opaque := int(c.slot("token/HS256/1").ExpireAt.Sub(now).Seconds())
	if sig.Signing != true || root.Signing != true {
		t.Errorf("%+v, %+v: want both to sign at once", sig, root)
	}
	for name, m := range map[string]idp.ClientMetadata{
		"access tokens":  {AccessTokenTTL: int64(jwt)},
		"refresh tokens": {RefreshTokenTTL: int64(opaque)},
	} {
		m.RedirectURIs = []string{"https://app.example/cb"}
		if err := m.Complete(false); err == nil {
			t.Errorf("%s may live longer than what verifies them", name)
		}
	}
}

func TestASAMLRolloverIsTakenInStepsAndBack(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 1)
	r, ctx := c.nodes[0], t.Context()
	published := func(want ...string) {
		t.Helper()
		var got []string
		for _, cert := range r.SAMLCertificates() {
			for _, k := range r.Keys() {
				if string(k.Certificate) == string(cert.Raw) {
					got = append(got, k.Slot)
				}
			}
		}
		if !slices.Equal(got, want) || !r.SAMLKey().Certificate.Equal(r.SAMLCertificates()[0]) {
			t.Errorf("published %v, want %v, the signing one first", got, want)
		}
	}
	const one, two = "saml/RS256/1", "saml/RS256/2"

	made := c.must(r.Rotate(ctx, c.log, keys.Plan{Use: idp.KeyUseSAML}))
	if made.Slot != two || made.State != keys.Next || !made.ActivateAt.IsZero() {
		t.Errorf("%+v", made)
	}
	published(one, two)
	c.advance(keys.SAMLLead - time.Second)
	_, err := r.Activate(ctx, c.log, made.KID, false)
	sentence(t, err, "is not published long enough", "Wait until 2026-11-22T12:00:00Z")
	c.advance(365 * 24 * time.Hour) // nobody hurries
	published(one, two)

	c.must(r.Activate(ctx, c.log, made.KID, false))
	published(two, one)
	c.advance(time.Hour)
	c.must(r.Activate(ctx, c.log, one, false)) // a service provider was forgotten: undo
	published(one, two)
	c.must(r.Activate(ctx, c.log, two, false)) // and again, with no waiting: it was published all along
	published(two, one)

	_, err = r.Retire(ctx, c.log, two, false)
	sentence(t, err, "is the one that signs", "Activate another first")
	c.advance(keys.MinLead - time.Second)
	_, err = r.Retire(ctx, c.log, one, false)
	sentence(t, err, "is in use until")
	c.advance(time.Second)
	c.must(r.Retire(ctx, c.log, one, false))
	published(two)
	_, err = r.Activate(ctx, c.log, one, false)
	sentence(t, err, "is not published any more", "Rotate instead")
	c.must(r.Activate(ctx, c.log, one, true))
	published(one, two)
	c.logged("key.activated "+one, "key.activated "+one, "key.activated "+two, "key.activated "+two, "key.created "+two, "key.retired "+one)
}

func TestCallingOffARotation(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 1)
	r := c.nodes[0]
	before := c.slot("sig/ES256/1")
	next := c.must(r.Rotate(t.Context(), c.log, keys.Plan{Alg: keys.ES256}))
	if old := c.slot("sig/ES256/1"); !old.RetireAt.Equal(next.ActivateAt) || !old.ExpireAt.After(old.RetireAt.Add(24*time.Hour)) {
		t.Errorf("the old key stops at %s and goes at %s", old.RetireAt, old.ExpireAt)
	}
	c.must(r.Retire(t.Context(), c.log, next.KID, false))
	if old := c.slot("sig/ES256/1"); old.RetireAt != before.RetireAt || old.ExpireAt != before.ExpireAt {
		t.Errorf("the old key is still to go: %+v", old)
	}
	c.advance(30 * 24 * time.Hour)
	if kid := headerOf(t, sign(t, r, keys.ES256))["kid"]; kid != before.KID || len(parseJWKS(t, r).Keys) != 2 {
		t.Errorf("%s signs, want the old key", kid)
	}
	again := c.must(r.Rotate(t.Context(), c.log, keys.Plan{Alg: keys.ES256}))
	if again.Slot != "sig/ES256/3" {
		t.Errorf("the next one is %s", again.Slot)
	}
	c.must(r.Activate(t.Context(), c.log, again.KID, true)) // early, on purpose
	c.must(r.Activate(t.Context(), c.log, before.KID, false))
	if kid := headerOf(t, sign(t, r, keys.ES256))["kid"]; kid != before.KID {
		t.Errorf("%s signs after undo, want the first", kid)
	}
	c.advance(365 * 24 * time.Hour)
	if old := c.slot("sig/ES256/1"); old.State != keys.Active || c.slot("sig/ES256/3").State != keys.Retired {
		t.Errorf("a year later: %s", old.State)
	}
}

func TestGoingBackLeavesAPlannedRotationAsItIs(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 1)
	r := c.nodes[0]
	c.must(r.Rotate(t.Context(), c.log, keys.Plan{Alg: keys.ES256, Now: true}))
	third := c.must(r.Rotate(t.Context(), c.log, keys.Plan{Alg: keys.ES256}))
	c.must(r.Activate(t.Context(), c.log, "sig/ES256/1", false))
	if old := c.slot("sig/ES256/1"); !old.Signing || !old.RetireAt.Equal(third.ActivateAt) || !old.ExpireAt.After(old.RetireAt) {
		t.Errorf("the old key: %+v", old)
	}
	c.set(third.ActivateAt)
	if kid := headerOf(t, sign(t, r, keys.ES256))["kid"]; kid != third.KID {
		t.Errorf("%s signs, want the planned key", kid)
	}
}

func TestACompromisedKeyIsGoneAtOnce(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 1)
	r := c.nodes[0]
	forged := sign(t, r, keys.RS256)
	old := c.slot("sig/RS256/1")
	next := c.must(r.Rotate(t.Context(), c.log, keys.Plan{Now: true}))
	if kid := headerOf(t, sign(t, r, keys.RS256))["kid"]; kid != next.KID {
		t.Errorf("%s signs, want the new key", kid)
	}
	if err := verifies(forged, parseJWKS(t, r)); err != nil {
		t.Errorf("rotating alone ended what the old key signed: %v", err)
	}
	c.must(r.Retire(t.Context(), c.log, old.KID, true))
	if _, err := r.VerifyJWT(forged); err == nil || verifies(forged, parseJWKS(t, r)) == nil {
		t.Error("the retired key still verifies")
	}
	c.logged("key.created sig/RS256/2", "key.retired sig/RS256/1")
}

func TestNowTakesTheKeyThatWaits(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 1)
	next := c.must(c.nodes[0].Rotate(t.Context(), c.log, keys.Plan{Alg: keys.ES256}))
	now := c.must(c.nodes[0].Rotate(t.Context(), c.log, keys.Plan{Alg: keys.ES256, Now: true}))
	if now.KID != next.KID || !now.Signing || len(c.nodes[0].Keys()) != 5 {
		t.Errorf("%s signs, want %s", now.KID, next.KID)
	}
	if old := c.slot("sig/ES256/1"); !old.RetireAt.Equal(start) || old.State != keys.Retiring {
		t.Errorf("%+v", old)
	}
	c.logged("key.activated sig/ES256/2", "key.created sig/ES256/2")
}

func TestWhatWouldDoHarmIsRefusedInOneSentence(t *testing.T) {
	t.Parallel()
	rotate := func(p keys.Plan) func(*cluster) error {
		return func(c *cluster) error { _, err := c.nodes[0].Rotate(c.t.Context(), c.log, p); return err }
	}
	activate := func(id string, force bool) func(*cluster) error {
		return func(c *cluster) error { _, err := c.nodes[0].Activate(c.t.Context(), c.log, id, force); return err }
	}
	retire := func(id string, force bool) func(*cluster) error {
		return func(c *cluster) error { _, err := c.nodes[0].Retire(c.t.Context(), c.log, id, force); return err }
	}
	es := keys.Plan{Alg: keys.ES256}
	lead := func(d time.Duration) keys.Plan { return keys.Plan{Alg: keys.ES256, Lead: d} }
	wait := func(d time.Duration) func(*cluster) error {
		return func(c *cluster) error { c.advance(d); return nil }
	}
	type steps []func(*cluster) error
	for name, c := range map[string]struct {
		before steps
		do     func(*cluster) error
		code   idp.Code
		says   string
	}{
		"an unknown use":                         {nil, rotate(keys.Plan{Use: "enc"}), idp.Invalid, `There are no keys for the use "enc" with the algorithm "RS256". There are: sig RS256, sig ES256, sig PS256, sig EdDSA, sig RS384, sig RS512, sig PS384, sig PS512, sig ES384, sig ES512, saml RS256, saml ES256, token HS256.`},
		"an unknown algorithm":                   {nil, rotate(keys.Plan{Alg: "none"}), idp.Invalid, `with the algorithm "none"`},
		"SAML with an algorithm of JWTs":         {nil, rotate(keys.Plan{Use: "saml", Alg: "ES384"}), idp.Invalid, `the use "saml" with the algorithm "ES384"`},
		"a lead that caches outlive":             {nil, rotate(lead(keys.MinLead - 1)), idp.Invalid, "at least 10 minutes before it signs"},
		"a second next key":                      {steps{rotate(es)}, rotate(es), idp.Conflict, "is published already and takes over at 2026-11-22T12:00:00Z. Retire it first"},
		"a second next SAML key":                 {steps{rotate(keys.Plan{Use: "saml"})}, rotate(keys.Plan{Use: "saml"}), idp.Conflict, "waits to be activated"},
		"activating what signs":                  {nil, activate("sig/ES256/1", true), idp.Conflict, "signs already"},
		"activating nothing":                     {nil, activate("sig/ES256/9", true), idp.NotFound, `There is no key "sig/ES256/9".`},
		"activating the empty name":              {nil, activate("", true), idp.NotFound, `There is no key "".`},
		"activating what is not known yet":       {steps{rotate(es), wait(keys.MinLead - 1)}, activate("sig/ES256/2", false), idp.Conflict, "not published long enough"},
		"activating what was called off":         {steps{rotate(es), retire("sig/ES256/2", false)}, activate("sig/ES256/2", false), idp.Conflict, "not published any more"},
		"retiring nothing":                       {nil, retire("x", true), idp.NotFound, `There is no key "x".`},
		"retiring the only key":                  {nil, retire("sig/ES256/1", false), idp.Conflict, "the one that signs"},
		"retiring the only key by force":         {nil, retire("sig/ES256/1", true), idp.Conflict, "the one that signs"},
		"retiring what signs before the switch":  {steps{rotate(es)}, retire("sig/ES256/1", true), idp.Conflict, "the one that signs"},
		"retiring the only root":                 {nil, retire("token/HS256/1", true), idp.Conflict, "the one that signs"},
		"retiring twice":                         {steps{rotate(es), retire("sig/ES256/2", false)}, retire("sig/ES256/2", true), idp.Conflict, "is retired already"},
		"calling off too late":                   {steps{rotate(es), wait(keys.DefaultLead - keys.MinLead + time.Second)}, retire("sig/ES256/2", false), idp.Conflict, "too soon to call it off"},
		"retiring while its tokens are about":    {steps{rotate(es), wait(keys.DefaultLead + 24*time.Hour)}, retire("sig/ES256/1", false), idp.Conflict, "becomes worthless at once"},
		"retiring a root while refreshing needs": {steps{rotate(keys.Plan{Use: "token"}), wait(90 * 24 * time.Hour)}, retire("token/HS256/1", false), idp.Conflict, "is in use until 2027-11-23T12:00:00Z"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newCluster(t, 1)
			for _, step := range c.before {
				if err := step(w); err != nil {
					t.Fatal(err)
				}
			}
			w.log.names()
			rows, _ := w.store.Keys(t.Context())
			err := c.do(w)
			sentence(t, err, c.says)
			if got := idp.AsError(err).Code; got != c.code {
				t.Errorf("code %s, want %s", got, c.code)
			}
			after, _ := w.store.Keys(t.Context())
			if !slices.EqualFunc(rows, after, func(a, b idp.KeyRecord) bool { return a.ID == b.ID && a.Times() == b.Times() }) {
				t.Error("what was refused changed something")
			}
			w.logged()
		})
	}
}

func TestOfNodesThatRotateTogetherOneMakesAKey(t *testing.T) {
	t.Parallel()
	for _, plan := range []keys.Plan{{Alg: keys.ES256}, {Alg: keys.ES256, Now: true}, {Use: idp.KeyUseToken}, {Use: idp.KeyUseToken, Now: true}} {
		c := newCluster(t, 4)
		// All of them read before any of them writes.
		gate := &gate{Store: c.store, n: 4, open: make(chan struct{})}
		errs := make([]error, 4)
		var wg sync.WaitGroup
		for i := range c.nodes {
			r := openRing(t, gate, c.now)
			wg.Go(func() { _, errs[i] = r.Rotate(t.Context(), c.log, plan) })
		}
		wg.Wait()
		won := 0
		for _, err := range errs {
			if err == nil {
				won++
				continue
			}
			sentence(t, err, "Somebody else changed the keys at the same moment")
		}
		if rows, _ := c.store.Keys(t.Context()); won != 1 || len(rows) != 5 {
			t.Errorf("%+v: %d won and there are %d keys, want 1 and 5", plan, won, len(rows))
		}
		if got := len(c.log.names()); got != 1 {
			t.Errorf("%d Events, want 1", got)
		}
	}
}

// gate lets n callers of RotateKeys arrive before one goes on.
type gate struct {
	*memory.Store
	mu   sync.Mutex
	n    int
	open chan struct{}
}

func (g *gate) RotateKeys(ctx context.Context, made *idp.KeyRecord, moves []idp.KeyMove) error {
	g.mu.Lock()
	if g.n--; g.n == 0 {
		close(g.open)
	}
	g.mu.Unlock()
	<-g.open
	return g.Store.RotateKeys(ctx, made, moves)
}

func TestAFailedStepChangesNothing(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 1)
	store := &failing{Store: c.store}
	r := openRing(t, store, c.now)
	before, _ := r.JWKS()
	store.err = idp.ErrUnavailable
	if _, err := r.Rotate(t.Context(), c.log, keys.Plan{}); !errors.Is(err, idp.ErrUnavailable) {
		t.Errorf("error = %v, want ErrUnavailable", err)
	}
	if after, _ := r.JWKS(); string(after) != string(before) {
		t.Error("the ring publishes a key that is not in the store")
	}
	c.logged()

	store.err, c.log.err = nil, idp.ErrUnavailable
	if _, err := r.Rotate(t.Context(), c.log, keys.Plan{}); !errors.Is(err, idp.ErrUnavailable) {
		t.Errorf("error = %v: a change that is not on record must be told", err)
	}
}

type failing struct {
	*memory.Store
	err error
}

func (f *failing) RotateKeys(ctx context.Context, made *idp.KeyRecord, moves []idp.KeyMove) error {
	if f.err != nil {
		return f.err
	}
	return f.Store.RotateKeys(ctx, made, moves)
}

func (f *failing) CreateKey(ctx context.Context, k idp.KeyRecord) error {
	if f.err != nil {
		return f.err
	}
	return f.Store.CreateKey(ctx, k)
}

func TestEventsOfKeysNameThemAndNothingSecret(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 1)
	next := c.must(c.nodes[0].Rotate(t.Context(), c.log, keys.Plan{Lead: time.Hour}))
	e := c.log.events[0]
	want := map[string]string{"kid": next.KID, "slot": "sig/RS256/2", "activate_at": "2026-11-21T13:00:00Z"}
	if e.Name != idp.EventKeyCreated || !maps.Equal(e.Detail, want) {
		got, _ := json.Marshal(e)
		t.Errorf("Event %s", got)
	}
}
