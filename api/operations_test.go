package api_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// matrixRow is what the tests know of one operation. In its texts $names stand for what is in
// the world (names), and $it for what a place of the address names.
type matrixRow struct {
	roles  string // who may call it
	query  string // of a call that succeeds
	body   string // of a call that succeeds
	bad    refusals
	none   []string            // what is said of nobody's thing, for each place of the address; "": nothing, it has nothing
	ring   bool                // it makes keys, or changes them
	before func(*world, names) // makes what this operation alone needs
}

// refusals are bodies, or queries with their question mark, and what is said of them.
type refusals [][2]string

func TestEveryOperationIsInTheMatrixAndNoOther(t *testing.T) {
	t.Parallel()
	var ids []string
	for _, op := range operations() {
		ids = append(ids, op.ID)
		if _, ok := matrix[op.ID]; !ok {
			t.Errorf("%s (%s %s) has no row", op.ID, op.method, op.path)
		}
		if n := len(op.in("path")); n != len(matrix[op.ID].none) {
			t.Errorf("the address of %s has %d places, and its row speaks of %d", op.ID, n, len(matrix[op.ID].none))
		}
	}
	for id := range matrix {
		if !slices.Contains(ids, id) {
			t.Errorf("there is no operation %s", id)
		}
	}
}

// TestEveryOperation calls each as it should be, in every wrong way that the document and
// its row tell, and for what is not there or somebody else's. What is refused changes
// nothing.
func TestEveryOperation(t *testing.T) {
	t.Parallel()
	for _, op := range operations() {
		t.Run(op.ID, func(t *testing.T) {
			t.Parallel()
			w, n := furnished(t, matrix[op.ID])
			c := trial{t, w, op, matrix[op.ID], n}
			before := w.everything(n)
			c.badInput()
			c.foreignInput()
			for what, now := range w.everything(n) {
				if now != before[what] {
					t.Errorf("%s: what was refused changed something:\n was %s\nis %s", what, before[what], now)
				}
			}
			c.goodInput()
		})
	}
}

// trial is the test of one operation in a world of its own.
type trial struct {
	t     *testing.T
	w     *world
	op    operation
	row   matrixRow
	names names
}

// send calls the operation as its row says, but for the query and the body.
func (c trial) send(query, body string, headers ...string) answer {
	return c.sendTo(c.op.at(c.names, "")+query, body, headers...)
}

func (c trial) sendTo(address, body string, headers ...string) answer {
	c.t.Helper()
	if body == "" {
		return c.w.call(c.op.method, c.names.fill(address), nil, headers...)
	}
	return c.w.call(c.op.method, c.names.fill(address), c.names.fill(body), headers...)
}

// refused checks a refusal: its status, that it is a whole problem, and the place.
func (c trial) refused(what string, a answer, status int, place string) {
	c.t.Helper()
	got := a.problem()
	switch {
	case a.status != status:
		c.t.Errorf("%s: %s, want %d", what, got, status)
	case a.header.Get("Content-Type") != "application/problem+json", a.body["support_code"] != "SUP-1", a.body["title"] != http.StatusText(status), a.str("detail") == "":
		c.t.Errorf("%s: not a whole problem: %s", what, a.raw)
	case place != "" && !slices.Contains(strings.Fields(got), place):
		c.t.Errorf("%s: %s, want the place %s", what, got, place)
	}
}

func (c trial) badInput() {
	for _, b := range c.row.bad {
		query, body := c.row.query, b[0]
		if strings.HasPrefix(body, "?") {
			query, body = body, c.row.body
		}
		if got, want := c.send(query, body).problem(), c.names.fill(b[1]); got != want {
			c.t.Errorf("%s:\n got %s\nwant %s", b[0], got, want)
		}
	}
	c.badParameters()
	c.badHeaders()
	c.badBody()
}

func (c trial) badParameters() {
	c.refused("an unknown parameter", c.send(c.queryWithout("nonsense")+"&nonsense=1", c.row.body), 422, "parameter=nonsense")
	for _, p := range c.op.in("query") {
		for _, v := range wrong(p.Schema, p.Name) {
			if _, number := v.value.(float64); number && p.Schema.kind() == "string" {
				continue // in a query, a number is a text as well
			}
			value := fmt.Sprint(v.value)
			c.refused(p.Name+" "+value, c.send(c.queryWithout(p.Name)+"&"+p.Name+"="+value, c.row.body), 422, "parameter="+p.Name)
		}
		if p.Required {
			c.refused("no "+p.Name, c.send(c.queryWithout(p.Name), c.row.body), 422, "parameter="+p.Name)
		}
	}
	if c.op.takes("cursor") {
		c.refused("a cursor that is none", c.send("?cursor=nonsense!", ""), 422, "parameter=cursor")
		c.refused("a cursor of another list", c.send("?cursor="+c.foreignCursor(), ""), 422, "parameter=cursor")
	}
	for _, p := range c.op.in("path") {
		long := c.names.with("nothing", strings.Repeat("x", *p.Schema.MaxLength+1))
		c.refused("a long "+p.Name, c.sendTo(c.op.at(long, p.Name)+c.row.query, c.row.body), 422, "parameter="+p.Name)
	}
}

// queryWithout is the row's query without one parameter.
func (c trial) queryWithout(name string) string {
	pairs := strings.Split(strings.TrimPrefix(c.row.query, "?"), "&")
	return "?" + strings.Join(slices.DeleteFunc(pairs, func(pair string) bool { return strings.HasPrefix(pair, name+"=") }), "&")
}

// foreignCursor is the next_cursor of another list.
func (c trial) foreignCursor() string {
	c.t.Helper()
	other := clients
	if c.op.path == clients {
		other = users
	}
	return c.w.call("GET", other+"?limit=1", nil).want(http.StatusOK).str("next_cursor")
}

func (c trial) badHeaders() {
	if c.op.takes("If-Match") {
		c.refused("a stale ETag", c.send(c.row.query, c.row.body, "If-Match", `"999"`), 412, "")
		c.refused("a weak ETag", c.send(c.row.query, c.row.body, "If-Match", "W/"+c.etag()), 412, "")
	}
	if c.op.takes("Idempotency-Key") {
		c.refused("a long key", c.send(c.row.query, c.row.body, "Idempotency-Key", strings.Repeat("k", 256)), 422, "header=Idempotency-Key")
	}
}

func (c trial) etag() string {
	c.t.Helper()
	tag := c.w.call("GET", c.op.at(c.names, ""), nil).want(http.StatusOK).header.Get("ETag")
	if tag == "" {
		c.t.Errorf("%s has no ETag", c.op.path)
	}
	return tag
}

func (c trial) badBody() {
	for mediaType, m := range c.op.RequestBody.Content {
		if m.Schema.resolved().kind() != "object" {
			c.t.Errorf("a body of %s is no object in the document", mediaType)
		}
		unread := http.StatusBadRequest
		if c.op.method == http.MethodPatch { // it is read with what it changes
			unread = http.StatusUnprocessableEntity
		}
		c.refused("not JSON", c.send(c.row.query, "{"), unread, "")
		c.refused("an array", c.send(c.row.query, "[]"), 422, "")
		c.refused("null", c.send(c.row.query, "null"), 422, "")
		c.refused("no body", c.send(c.row.query, "", "Content-Type", mediaType), 400, "")
		c.refused("a form", c.send(c.row.query, "a=b", "Content-Type", "application/x-www-form-urlencoded"), 415, "")
		c.refused("twice the body", c.send(c.row.query, c.row.body+c.row.body), unread, "")
		var good map[string]any
		if err := json.Unmarshal([]byte(c.names.fill(c.row.body)), &good); err != nil {
			c.t.Fatalf("%s: %v", c.row.body, err)
		}
		for _, v := range wrong(m.Schema, "") {
			if member, ok := v.value.(map[string]any); ok {
				more := maps.Clone(good)
				maps.Copy(more, member)
				c.refusedBody(v.pointer, more)
			}
		}
		for _, name := range m.Schema.resolved().Required {
			less := maps.Clone(good)
			delete(less, name)
			c.refusedBody("", less)
		}
	}
}

func (c trial) refusedBody(pointer string, body map[string]any) {
	c.t.Helper()
	doc, err := json.Marshal(body)
	if err != nil {
		c.t.Fatal(err)
	}
	place := ""
	if pointer != "" {
		place = "pointer=#" + pointer
	}
	c.refused(fmt.Sprintf("the body %.200s", doc), c.send(c.row.query, string(doc)), 422, place)
}

// foreignInput asks for what is not there, as somebody whose it is not, and as somebody
// who may not.
func (c trial) foreignInput() {
	for i, p := range c.op.in("path") {
		want := "404 " + strings.ReplaceAll(c.row.none[i], "$it", "nothing")
		if c.row.none[i] == "" {
			want = "200 <nil>"
		}
		if got := c.sendTo(c.op.at(c.names, p.Name)+c.row.query, c.row.body).problem(); got != want {
			c.t.Errorf("another %s:\n got %s\nwant %s", p.Name, got, want)
		}
	}
	c.refused("as somebody who may not", c.send(c.row.query, c.row.body, "Authorization", "Bearer "+c.names["registrar"]), 403, "")
	if !strings.Contains(c.row.roles, "a") {
		return
	}
	a := c.send(c.row.query, c.row.body, "Authorization", "Bearer "+c.names["stranger"])
	switch what, _, _ := strings.Cut(strings.TrimPrefix(c.op.path, "/api/v1/"), "/"); {
	case len(c.row.none) > 0 && slices.Contains([]string{"apps", "clients", "service-providers", "token-apps"}, what):
		want := "404 " + strings.ReplaceAll(c.row.none[0], "$it", c.names.of(what, "id"))
		if got := a.problem(); got != want {
			c.t.Errorf("an app of somebody else:\n got %s\nwant %s", got, want)
		}
	default:
		for _, app := range []string{"wiki.example", "hr-example", "community.example"} {
			if strings.Contains(a.raw, app) {
				c.t.Errorf("an admin of another app is told of %s: %s", app, a.raw)
			}
		}
	}
}

func (c trial) goodInput() {
	headers := []string{}
	if c.op.takes("If-Match") {
		headers = append(headers, "If-Match", c.etag())
	}
	if c.op.takes("Idempotency-Key") {
		headers = append(headers, "Idempotency-Key", "once")
	}
	first := c.send(c.row.query, c.row.body, headers...)
	if first.status != c.op.success() {
		c.t.Fatalf("a good call: %s, want %d", first.problem(), c.op.success())
	}
	if c.op.takes("Idempotency-Key") {
		again := c.send(c.row.query, c.row.body, headers...)
		if again.status != first.status || again.raw != first.raw || again.header.Get("Idempotent-Replayed") != "true" {
			c.t.Errorf("the same again: %d %s, want %s", again.status, again.raw, first.raw)
		}
		c.refused("another request with this key", c.send(c.row.query, c.row.body+" ", headers...), 422, "header=Idempotency-Key")
	} else if c.op.success() == http.StatusCreated {
		c.t.Error("it makes something, and does not say that it takes an Idempotency-Key")
	}
	if c.op.takes("cursor") {
		c.inParts(first)
	}
}

// inParts reads a list one item at a time.
func (c trial) inParts(whole answer) {
	var parts []map[string]any
	for cursor := ""; ; {
		a := c.send("?limit=1"+cursor, "").want(http.StatusOK)
		parts = append(parts, a.items()...)
		next := a.str("next_cursor")
		if next == "" || len(parts) > 100 {
			break
		}
		cursor = "&cursor=" + next
	}
	if want := whole.items(); len(want) < 2 || !jsonEqual(parts, want) {
		c.t.Errorf("one at a time: %v\nat once: %v", parts, want)
	}
}

func jsonEqual(a, b any) bool {
	x, _ := json.Marshal(a)
	y, _ := json.Marshal(b)
	return string(x) == string(y)
}

// everything is what there is, as the API tells it.
func (w *world) everything(n names) map[string]string {
	out := map[string]string{}
	for _, op := range operations() {
		// How long a directory took differs each time.
		if op.method == "GET" && op.ID != "list-directories" {
			a := w.call("GET", op.at(n, "")+n.fill(matrix[op.ID].query), nil)
			out[op.ID] = fmt.Sprintln(a.status, a.header.Get("ETag"), a.raw)
		}
	}
	return out
}
