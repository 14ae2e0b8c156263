package api_test

import (
	"net/http"
	"strings"
	"testing"
)

func TestWhatNoOperationAnswersIsAProblemToo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, c := range []struct {
		name, method, path string
		body               any
		headers            []string
		want               string
	}{
		{"an unknown path", "GET", "/api/v1/nothing", nil, nil, "404 There is nothing at this address. /api/v1/openapi.json lists what there is."},
		{"a trailing slash", "GET", "/api/v1/clients/", nil, nil, "404 There is nothing at this address. /api/v1/openapi.json lists what there is."},
		{"outside of the API", "GET", "/", nil, nil, "404 There is nothing at this address. /api/v1/openapi.json lists what there is."},
		{"a method that the path does not take", "PUT", "/api/v1/clients", nil, nil, "405 This address takes GET, HEAD, POST."},
		{"a form", "POST", "/api/v1/clients", "a=b", []string{"Content-Type", "application/x-www-form-urlencoded"}, "415 Send the body as JSON, with the header Content-Type: application/json."},
		{"no media type", "POST", "/api/v1/clients", "{}", []string{"Content-Type", ""}, "415 Send the body as JSON, with the header Content-Type: application/json."},
		{"a broken media type", "POST", "/api/v1/clients", "{}", []string{"Content-Type", ";;"}, "415 Send the body as JSON, with the header Content-Type: application/json."},
		{"text as a patch", "PATCH", "/api/v1/clients/x", "{}", []string{"Content-Type", "text/plain"}, "415 Send the body as JSON, with the header Content-Type: application/merge-patch+json."},
		{"an empty body", "POST", "/api/v1/clients", "", nil, "400 Request body is required."},
		{"an empty patch", "PATCH", "/api/v1/clients/x", "", nil, "400 Request body is required."},
		{"a body over 1 MB", "POST", "/api/v1/clients", `{"client_name":"` + strings.Repeat("a", 1<<20) + `"}`, nil, "413 Request body is too large limit=1048576 bytes."},
		{"a patch over 1 MB", "PATCH", "/api/v1/clients/x", `{"client_name":"` + strings.Repeat("a", 1<<20) + `"}`, nil, "413 Request body is too large limit=1048576 bytes."},
		{"half a JSON document", "POST", "/api/v1/clients", `{"client_name":`, nil, "400 Unexpected end of JSON input. pointer=#"},
		{"a JSON array", "POST", "/api/v1/clients", `[]`, nil, "422 Expected object. pointer=#"},
		{"two JSON documents", "POST", "/api/v1/clients", `{}{}`, nil, "400 Invalid character '{' after top-level value. pointer=#"},
		{"an unknown query parameter", "GET", "/api/v1/clients?lmit=3", nil, nil, "422 Unknown query parameter. parameter=lmit"},
		{"a limit that is no number", "GET", "/api/v1/clients?limit=all", nil, nil, "422 Invalid integer. parameter=limit"},
		{"a limit of zero", "GET", "/api/v1/clients?limit=0", nil, nil, "422 Expected number >= 1. parameter=limit"},
		{"a limit that is too high", "GET", "/api/v1/clients?limit=501", nil, nil, "422 Expected number <= 500. parameter=limit"},
		{"a cursor of somebody else", "GET", "/api/v1/clients?cursor=%21%21", nil, nil, "422 This cursor is not one of ours. Use next_cursor of the part before, or start without a cursor. parameter=cursor"},
		{"sessions of nobody", "GET", "/api/v1/sessions", nil, nil, "422 Required query parameter is missing. parameter=user"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := w.call(c.method, c.path, c.body, c.headers...)
			if a.problem() != c.want {
				t.Errorf("got  %s\nwant %s", a.problem(), c.want)
			}
			a.want(a.status)
			if a.status == http.StatusMethodNotAllowed && a.header.Get("Allow") != "GET, HEAD, POST" {
				t.Errorf("Allow %q", a.header.Get("Allow"))
			}
			if a.header.Get("Cache-Control") != "no-store" {
				t.Errorf("Cache-Control %q", a.header.Get("Cache-Control"))
			}
		})
	}
}

func TestEveryReadAndWriteOfAMissingThingIs404(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, c := range []struct{ method, path, body, want string }{
		{"GET", "/clients/x", "", `404 There is no client "x".`},
		{"PATCH", "/clients/x", "{}", `404 There is no client "x".`},
		{"DELETE", "/clients/x", "", `404 There is no client "x".`},
		{"GET", "/service-providers/x", "", `404 There is no service provider "x".`},
		{"PATCH", "/service-providers/x", "{}", `404 There is no service provider "x".`},
		{"PUT", "/service-providers/x", `{"metadata_xml":"<x/>"}`, `404 There is no service provider "x".`},
		{"DELETE", "/service-providers/x", "", `404 There is no service provider "x".`},
		{"GET", "/users/x", "", `404 There is no user "x".`},
		{"PATCH", "/users/x", "{}", `404 There is no user "x".`},
		{"DELETE", "/users/x", "", `404 There is no user "x".`},
		{"GET", "/sessions?user=x", "", `404 There is no user "x".`},
		{"DELETE", "/sessions/s?user=x", "", `404 There is no user "x".`},
	} {
		var body any
		if c.body != "" {
			body = c.body
		}
		if a := w.call(c.method, "/api/v1"+c.path, body); a.problem() != c.want {
			t.Errorf("%s %s: %s", c.method, c.path, a.problem())
		}
	}
}

func TestKeysAreListedWithoutAnythingPrivate(t *testing.T) {
	t.Parallel()
	a := newWorld(t).call(http.MethodGet, "/api/v1/keys", nil).want(http.StatusOK)
	uses := map[any]int{}
	for _, k := range a.items() {
		uses[k["use"]]++
		if k["kid"] == "" || k["alg"] == "" || k["state"] == "" {
			t.Errorf("incomplete: %v", k)
		}
	}
	if uses["sig"] != 2 || uses["saml"] != 1 {
		t.Errorf("uses %v", uses)
	}
	for _, secret := range []string{"Sealed", "sealed", `"d"`, "PRIVATE"} {
		if strings.Contains(a.raw, secret) {
			t.Errorf("%s is in the answer", secret)
		}
	}
}
