package httpdir_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"testing"

	"cloudsso/idp"
	"cloudsso/userdir"
	"cloudsso/userdir/httpdir"
)

// reply answers POST and GET with a status and a body each.
type reply struct {
	status  int
	verify  string
	code    int
	profile string
}

func (a reply) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	status, body := a.status, a.verify
	if r.Method == http.MethodGet {
		status, body = a.code, a.profile
	}
	w.Header().Set("Location", "/elsewhere")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}

func TestHTTPAnswers(t *testing.T) {
	t.Parallel()
	const good = `{"id":"1","login":"ann","attributes":{"a.b":["x",null,{"c":[1,null]}],"n":12345678901234567890,"e":[]}}`
	for name, c := range map[string]struct {
		reply
		want  error
		field string
	}{
		"a whole person":                    {reply{200, good, 500, ""}, nil, ""},
		"a person without attributes":       {reply{200, `{"id":"1","login":"ann"}`, 200, good}, nil, ""},
		"and the profile is down":           {reply{200, `{"id":"1","login":"ann"}`, 500, ""}, userdir.ErrUnavailable, ""},
		"a status beside a right password":  {reply{200, `{"id":"1","login":"ann","status":"locked","attributes":{}}`, 500, ""}, userdir.ErrLocked, ""},
		"an unknown status":                 {reply{200, `{"id":"1","login":"ann","status":"asleep","attributes":{}}`, 500, ""}, userdir.ErrMalformed, "status"},
		"gone is not a status":              {reply{200, `{"id":"1","login":"ann","status":"gone","attributes":{}}`, 500, ""}, userdir.ErrMalformed, "status"},
		"no id":                             {reply{200, `{"login":"ann","attributes":{}}`, 500, ""}, userdir.ErrMalformed, "id"},
		"an id that is a number":            {reply{200, `{"id":1,"login":"ann","attributes":{}}`, 500, ""}, userdir.ErrMalformed, "id"},
		"no login":                          {reply{200, `{"id":"1","attributes":{}}`, 500, ""}, userdir.ErrMalformed, "login"},
		"groups that are text":              {reply{200, `{"id":"1","login":"ann","groups":"staff"}`, 500, ""}, userdir.ErrMalformed, "groups"},
		"attributes that are a list":        {reply{200, `{"id":"1","login":"ann","attributes":[]}`, 500, ""}, userdir.ErrMalformed, "attributes"},
		"no JSON":                           {reply{200, `OK`, 500, ""}, userdir.ErrMalformed, "body"},
		"nothing":                           {reply{200, ``, 500, ""}, userdir.ErrMalformed, "body"},
		"null":                              {reply{200, `null`, 500, ""}, userdir.ErrMalformed, "id"},
		"wrong":                             {reply{401, ``, 500, ""}, userdir.ErrInvalidCredentials, ""},
		"nobody":                            {reply{404, ``, 500, ""}, userdir.ErrNotFound, ""},
		"locked":                            {reply{423, ``, 500, ""}, userdir.ErrLocked, ""},
		"forbidden because disabled":        {reply{403, `{"status":"disabled"}`, 500, ""}, userdir.ErrDisabled, ""},
		"forbidden because expired":         {reply{403, `{"status":"password_expired"}`, 500, ""}, userdir.ErrPasswordExpired, ""},
		"forbidden, a second factor":        {reply{403, `{"status":"second_factor"}`, 500, ""}, userdir.ErrSecondFactor, ""},
		"forbidden without a reason":        {reply{403, `<html>`, 500, ""}, userdir.ErrMalformed, "status"},
		"forbidden, for being active":       {reply{403, `{"status":"active"}`, 500, ""}, userdir.ErrMalformed, "status"},
		"a redirect":                        {reply{308, ``, 500, ""}, userdir.ErrUnavailable, ""},
		"too many requests":                 {reply{429, ``, 500, ""}, userdir.ErrUnavailable, ""},
		"a created that is no confirmation": {reply{201, good, 500, ""}, userdir.ErrUnavailable, ""},
		"down":                              {reply{502, ``, 500, ""}, userdir.ErrUnavailable, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u, err := authenticate(t, openHTTP(t, c.reply, nil), "ann", "right")
			var e *idp.Error
			if !errors.Is(err, c.want) || (err == nil) != (u.ID == "1") || c.field != "" && (!errors.As(err, &e) || e.Field != c.field) {
				t.Errorf("%+v, %v; want %v on %q", u, err, c.want, c.field)
			}
			if err == nil && (len(u.Attributes["a.b"]) != 2 || u.Attributes.First("n") != "12345678901234567890" || u.Attributes["e"] != nil) {
				t.Errorf("attributes = %#v", u.Attributes)
			}
		})
	}
}

func TestHTTPLookup(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		code int
		body string
		want error
	}{
		"a person who is disabled": {200, `{"id":"1","login":"ann","status":"disabled"}`, nil},
		"somebody else":            {200, `{"id":"2","login":"bob"}`, userdir.ErrMalformed},
		"nobody":                   {404, ``, userdir.ErrNotFound},
		"gone is no status":        {410, ``, userdir.ErrUnavailable},
		"our token is no good":     {401, ``, userdir.ErrUnavailable},
		"down":                     {500, ``, userdir.ErrUnavailable},
	} {
		if u, err := openHTTP(t, reply{500, "", c.code, c.body}, nil).Lookup(t.Context(), userdir.Ref{ID: "1"}); !errors.Is(err, c.want) || err == nil && u.Status != idp.Disabled {
			t.Errorf("%s: %+v, %v; want %v", name, u, err, c.want)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := openHTTP(t, reply{}, nil).Lookup(ctx, userdir.Ref{ID: "1"}); !errors.Is(err, context.Canceled) || errors.Is(err, userdir.ErrUnavailable) {
		t.Errorf("a browser that goes away: %v", err)
	}
	asked := make(chan string, 1)
	d := openHTTP(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked <- r.URL.RawQuery
		_, _ = io.WriteString(w, `{"id":"1","login":"a&id=2"}`)
	}), nil)
	if _, err := d.Columns(t.Context(), userdir.Ref{Login: "a&id=2#", Profile: "shop"}); err != nil {
		t.Error(err)
	}
	if q := <-asked; q != "login=a%26id%3D2%23&profile=shop&v=2" {
		t.Errorf("query = %s", q)
	}
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	var e *idp.Error
	for name, c := range map[string]struct {
		field  string
		change func(*httpdir.Options)
	}{
		"no id":                  {"id", func(o *httpdir.Options) { o.ID = "" }},
		"no client":              {"client", func(o *httpdir.Options) { o.Client = nil }},
		"no address":             {"verify_url", func(o *httpdir.Options) { o.VerifyURL = "" }},
		"clear text":             {"verify_url", func(o *httpdir.Options) { o.VerifyURL = "http://api.example/verify" }},
		"a user in the address":  {"profile_url", func(o *httpdir.Options) { o.ProfileURL = "https://a:b@api.example/profile" }},
		"another scheme":         {"profile_url", func(o *httpdir.Options) { o.ProfileURL = "file:///etc/passwd" }},
		"two ways to sign in":    {"bearer", func(o *httpdir.Options) { o.Username = "x" }},
		"a fragment":             {"verify_url", func(o *httpdir.Options) { o.VerifyURL = "https://api.example/#verify" }},
		"a profile without host": {"profile_url", func(o *httpdir.Options) { o.ProfileURL = "https:///profile" }},
	} {
		o := httpdir.Options{ID: "x", VerifyURL: "https://api.example/verify", ProfileURL: "https://api.example/profile", Bearer: "t", Client: http.DefaultClient}
		c.change(&o)
		if _, err := httpdir.Open(o); !errors.As(err, &e) || e.Code != idp.Invalid || e.Field != c.field {
			t.Errorf("%s: %v, want a fault of %s", name, err, c.field)
		}
	}
	for name, c := range map[string]struct {
		field  string
		change func(*httpdir.IMISOptions)
	}{
		"no id":                       {"id", func(o *httpdir.IMISOptions) { o.ID = "" }},
		"no client":                   {"client", func(o *httpdir.IMISOptions) { o.Client = nil }},
		"no account":                  {"username", func(o *httpdir.IMISOptions) { o.Password = "" }},
		"clear text":                  {"base_url", func(o *httpdir.IMISOptions) { o.BaseURL = "http://imis.example" }},
		"an id without a query":       {"id_query", func(o *httpdir.IMISOptions) { o.IDColumn = "ID" }},
		"a query without an id":       {"id_query", func(o *httpdir.IMISOptions) { o.IDQuery = "q" }},
		"a path that is none":         {"query_path", func(o *httpdir.IMISOptions) { o.QueryPath = "@evil.example/" }},
		"a refusal of no meaning":     {"refusals", func(o *httpdir.IMISOptions) { o.Refusals = []httpdir.Refusal{{Contains: "x", Means: "y"}} }},
		"a refusal of everything too": {"refusals", func(o *httpdir.IMISOptions) { o.Refusals = []httpdir.Refusal{{Means: "locked"}} }},
	} {
		o := httpdir.IMISOptions{ID: "x", BaseURL: "https://imis.example", Username: "u", Password: "p", Client: http.DefaultClient}
		c.change(&o)
		if _, err := httpdir.OpenIMIS(o); !errors.As(err, &e) || e.Code != idp.Invalid || e.Field != c.field {
			t.Errorf("iMIS, %s: %v, want a fault of %s", name, err, c.field)
		}
	}
}
