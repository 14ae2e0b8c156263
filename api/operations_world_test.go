package api_test

import (
	"cmp"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"cloudsso/api"
	"cloudsso/api/verify"
	"cloudsso/idp"
	"cloudsso/idp/mapping"
)

// operation is one of the document.
type operation struct {
	method, path string
	published
}

func operations() (out []operation) {
	for path, methods := range openapi().Paths {
		for method, op := range methods {
			out = append(out, operation{strings.ToUpper(method), path, op})
		}
	}
	return out
}

// somewhere is an address of the operation, of things that need not be there.
func (op operation) somewhere() string { return op.at(names{}, "") }

// at is the operation's address in a world. The place that is given by name is of nothing
// that is there.
func (op operation) at(n names, place string) string {
	segments := strings.Split(op.path, "/") // "", api, v1, what, …
	for i, s := range segments {
		if name, ok := strings.CutPrefix(s, "{"); ok {
			name = strings.TrimSuffix(name, "}")
			if segments[i] = n.of(segments[3], name); name == place || segments[i] == "" {
				segments[i] = cmp.Or(n["nothing"], "nothing")
			}
		}
	}
	return strings.Join(segments, "/")
}

func (op operation) in(where string) (out []parameter) {
	for _, p := range op.Parameters {
		if p.In == where {
			out = append(out, p)
		}
	}
	return out
}

func (op operation) takes(parameterName string) bool {
	return slices.ContainsFunc(op.Parameters, func(p parameter) bool { return p.Name == parameterName })
}

// success is the one status that is promised to whoever does it right.
func (op operation) success() int {
	for _, status := range []int{http.StatusOK, http.StatusCreated, http.StatusNoContent} {
		if _, ok := op.Responses[fmt.Sprint(status)]; ok {
			return status
		}
	}
	return 0
}

// fault is a value that a schema does not allow, and the place that its refusal names.
type fault struct {
	value   any
	pointer string
}

// wrong lists values that break a schema, each in one way. A member of an object breaks
// it as an object of that member alone.
func wrong(s schema, pointer string) (out []fault) {
	s = s.resolved()
	add := func(v any) { out = append(out, fault{v, pointer}) }
	switch s.kind() {
	case "string":
		add(7.0)
		if len(s.Enum) > 0 || s.Format == "date-time" {
			add("nonsense")
		}
		if s.MaxLength != nil && *s.MaxLength < 70000 {
			add(strings.Repeat("x", *s.MaxLength+1))
		}
		if s.MinLength != nil && *s.MinLength > 0 {
			add("")
		}
	case "integer":
		add("x")
		add(1.5)
		if s.Minimum != nil {
			add(*s.Minimum - 1)
		}
		if s.Maximum != nil {
			add(*s.Maximum + 1)
		}
	case "boolean":
		add("perhaps")
	case "array":
		add(7.0)
		for _, item := range wrong(*s.Items, pointer+"/0") {
			out = append(out, fault{[]any{item.value}, item.pointer})
		}
	case "object":
		if pointer != "" {
			add(7.0)
		}
		if s.AdditionalProperties == false {
			out = append(out, fault{map[string]any{"nonsense": 1}, pointer + "/nonsense"})
		}
		for name, member := range s.Properties {
			for _, v := range wrong(member, pointer+"/"+name) {
				out = append(out, fault{map[string]any{name: v.value}, v.pointer})
			}
		}
	}
	return out
}

// kind is the type of a schema; null beside it is what a patch may say.
func (s schema) kind() string {
	for _, k := range []string{"object", "array", "string", "integer", "boolean"} {
		if strings.Contains(fmt.Sprint(s.Type), k) {
			return k
		}
	}
	return ""
}

// names is what is called what in a world.
type names map[string]string

// of is what stands at a place of the addresses of a kind of things.
func (n names) of(what, place string) string {
	if place == "id" {
		return n[what]
	}
	return n[place]
}

// fill puts names where a text has $name.
func (n names) fill(text string) string {
	longest := func(a, b string) int { return cmp.Or(cmp.Compare(len(b), len(a)), strings.Compare(a, b)) }
	for _, name := range slices.SortedFunc(maps.Keys(n), longest) {
		text = strings.ReplaceAll(text, "$"+name, n[name])
	}
	return text
}

func (n names) with(name, value string) names {
	out := maps.Clone(n)
	out[name] = value
	return out
}

// furnished is a world with two or more of everything.
func furnished(t *testing.T, r matrixRow) (*world, names) {
	t.Helper()
	w := newWorld(t, allowing, func(o *api.Options) {
		o.Previews.ServiceProvider = func(context.Context, idp.ServiceProvider, string) (mapping.Preview, error) {
			return mapping.Preview{}, nil
		}
		o.Verify = api.Verifiers{Client: played[idp.Client], ServiceProvider: played[idp.ServiceProvider]}
		o.Probe = reached{}
		if r.ring {
			ownRing(t)(o)
		}
	})
	n := names{"wiki": "wiki", "directories": "local", "presets": "web-app", "sessions": "sid-ada", "sid": "sid-ada", "support_code": "SUP-1", "traces": "SUP-1"}
	w.furnishApps(n)
	w.furnishPeople(n)
	w.furnishHistory(n)
	n["keys"] = w.bySlot("saml/RS256/1")["kid"].(string)
	if r.before != nil {
		r.before(w, n)
	}
	n["registrar"], n["stranger"] = w.tokenOf(api.RoleRegistration), w.tokenOf(api.RoleAppAdmin, "elsewhere")
	for _, who := range []string{w.token, n["registrar"], n["stranger"]} { // so that all have been used
		w.call("GET", clients, nil, "Authorization", "Bearer "+who)
	}
	return w, n
}

func quoted(t *testing.T, v any) string {
	t.Helper()
	doc, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(doc)
}

func (w *world) furnishApps(n names) {
	made := w.call("POST", clients, with(wiki(), "client_id", "wiki")).want(http.StatusCreated)
	w.call("POST", clients, with(wiki(), "client_id", "shop")).want(http.StatusCreated)
	n["clients"], n["apps"], n["client_id"], n["secret"] = "wiki", "wiki", "wiki", made.str("client_secret")
	n["secret_id"] = w.call("GET", clients+"/wiki/secrets", nil).items()[0]["id"].(string)

	w.fetcher.doc = metadata("https://hr.example", "https://hr.example/acs")
	w.call("POST", sps, map[string]any{"metadata_url": "https://hr.example/metadata"}).want(http.StatusCreated)
	w.call("POST", sps, crm()).want(http.StatusCreated)
	n["service-providers"] = "hr-example"

	w.call("POST", tokenApps, with(community(), "algorithm", "HS256")).want(http.StatusCreated)
	w.call("POST", tokenApps, with(community(), "name", "Forum")).want(http.StatusCreated)
	n["token-apps"] = "community"
}

// furnishPeople: ada is signed in and in a group, bob helps, and eve is there.
func (w *world) furnishPeople(n names) {
	ctx := w.t.Context()
	w.call("POST", groups, group("staff")).want(http.StatusCreated)
	w.call("POST", groups, group("guests", "staff")).want(http.StatusCreated)
	n["groups"] = "staff"
	for _, name := range []string{"ada", "bob", "eve"} {
		n[name] = w.call("POST", users, map[string]any{"username": name, "groups": []string{"staff"}}).want(http.StatusCreated).str("id")
		subject, err := w.store.Subject(ctx, "local", n[name], "subject-"+name)
		for _, id := range []string{"1", "2"} {
			grantFor(w.t, w, idp.Grant{ClientID: "wiki", Subject: subject, Scopes: []string{"openid"}, SID: id})
		}
		if err == nil {
			err = w.store.CreateSession(ctx, idp.Session{ID: "session-" + name, SID: "sid-" + name, Subject: subject, CreatedAt: w.now(), SeenAt: w.now(), ExpiresAt: w.now().Add(time.Hour)})
		}
		if err == nil {
			err = w.store.GiveConsent(ctx, idp.Consent{Subject: subject, ClientID: "wiki", Scopes: []string{"openid"}, At: w.now()})
		}
		if err != nil {
			w.t.Fatal(err)
		}
	}
	n["users"], n["user"], n["people"] = n["ada"], n["ada"], "subject-ada"
	w.hire("subject-bob", api.RoleHelpDesk)
	w.hire("subject-eve", api.RoleAuditor)
	n["admins"] = "subject-bob"
}

// furnishHistory is what happened here: a trace, messages of a sign-out, another token.
func (w *world) furnishHistory(n names) {
	ctx := w.t.Context()
	recording := quoted(w.t, idp.Recording{Support: "SUP-1", StartedAt: w.now(), Steps: []idp.Step{{At: w.now(), Name: "request", Result: idp.Received}}})
	err := w.store.CreateTicket(ctx, idp.Ticket{Kind: idp.TraceKind, ID: "SUP-1", Data: []byte(recording), CreatedAt: w.now(), ExpiresAt: w.now().Add(time.Hour)})
	if err == nil {
		var messages []idp.Delivery
		for _, id := range []string{"1", "2"} {
			messages = append(messages, idp.Delivery{ID: id, App: "wiki", URL: "https://wiki.example/out", NextAt: w.now(), CreatedAt: w.now(), ExpiresAt: w.now().Add(time.Hour)})
		}
		err = w.store.CreateDeliveries(ctx, messages)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	n["tokens"] = w.call("POST", "/api/v1/tokens", map[string]any{"role": "auditor"}).want(http.StatusCreated).str("id")
}

// played is a test sign-in that nothing is said against.
func played[A any](context.Context, A, idp.Answer, string) (verify.Report, error) {
	return verify.Report{Protocol: "oidc", Passed: true, Checks: []verify.Check{}}, nil
}

// reached is a network in which every address answers.
type reached struct{}

func (reached) Probe(context.Context, string) (api.Reached, error) {
	return api.Reached{Status: http.StatusOK}, nil
}

func verified(w *world, _ names) {
	w.call("POST", "/api/v1/apps/wiki/verify", map[string]any{"user": "ada"}).want(http.StatusOK)
}

func twoSecrets(w *world, _ names) {
	w.call("POST", clients+"/wiki/secrets", map[string]any{}).want(http.StatusCreated)
}

// rotated makes the next SAML key.
func rotated(w *world, n names) {
	n["keys"] = w.call("POST", keyPath+"/rotate", map[string]any{"use": "saml"}).want(http.StatusCreated).str("kid")
}

// retired makes the first SAML key one of the past.
func retired(w *world, n names) {
	old := n["keys"]
	rotated(w, n)
	w.call("POST", keyPath+"/"+n["keys"]+"/activate", map[string]any{"now": true}).want(http.StatusOK)
	w.call("POST", keyPath+"/"+old+"/retire", map[string]any{"now": true}).want(http.StatusOK)
	n["keys"] = old
}

// signsForOne gives a service provider a key of its own.
func signsForOne(w *world, n names) {
	n["keys"] = w.call("POST", keyPath+"/rotate", map[string]any{"use": "saml", "app": "hr-example"}).want(http.StatusCreated).str("kid")
	w.call("POST", keyPath+"/"+n["keys"]+"/activate", map[string]any{"now": true}).want(http.StatusOK)
}

// madeElsewhere is a key with its certificate.
func madeElsewhere(w *world, n names) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		w.t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		w.t.Fatal(err)
	}
	n["key"] = quoted(w.t, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})))
	n["certificate"] = quoted(w.t, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificateOf(w.t, key)})))
}
