package httpdir_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"cloudsso/idp"
	"cloudsso/userdir"
	"cloudsso/userdir/httpdir"
	"cloudsso/userdir/httpdir/fakeimis"
)

func ann() fakeimis.Person {
	return fakeimis.Person{ID: "101", UserName: "ann", Email: "ann@example.com", Password: "right", Columns: map[string]any{
		"nameData.firstName": "Ann", "urn:oid:2.5.4.4": "Smith", "customRoles": "1,2,3", "Balance": 12.5, "MemberNumber": 12345678901234567, "IsMember": true, "Nothing": nil,
		"JoinYear": map[string]any{"$type": "System.Int32", "$value": 1999},
	}}
}

func authenticate(t testing.TB, d userdir.Directory, login, password string) (userdir.User, error) {
	t.Helper()
	return d.Authenticate(t.Context(), userdir.Credentials{Login: login, Password: idp.Secret(password)})
}

func TestIMISColumnsAreKeptAsNamed(t *testing.T) {
	t.Parallel()
	u, err := authenticate(t, openIMIS(t, fakeimis.New([]fakeimis.Person{ann()}), nil), "ANN", "right")
	if err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprint(u.Attributes)
	want := "map[Balance:[12.5] Email:[ann@example.com] ID:[101] IsMember:[true] JoinYear:[1999] MemberNumber:[12345678901234567] UserName:[ann] customRoles:[1,2,3] email:[ann@example.com] nameData.firstName:[Ann] urn:oid:2.5.4.4:[Smith] username:[ann]]"
	if got != want || u.Login != "ann" || u.ID != "101" {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if _, isText := u.Attributes["MemberNumber"][0].(string); !isText {
		t.Errorf("a number of 17 digits is %T: its last digit would be lost", u.Attributes["MemberNumber"][0])
	}
}

func TestIMISProfilesOfApps(t *testing.T) {
	t.Parallel()
	server := fakeimis.New([]fakeimis.Person{ann()})
	server.Query("$/SSO/Shop", "Balance")
	d := openIMIS(t, server, nil)
	u, err := d.Lookup(t.Context(), userdir.Ref{ID: "101", Profile: "$/SSO/Shop"})
	if err != nil || u.ID != "101" || u.Attributes.First("Balance") != "12.5" || u.Attributes["customRoles"] != nil {
		t.Errorf("%+v, %v", u, err)
	}
	columns, err := d.Columns(t.Context(), userdir.Ref{Login: "ann", Profile: "$/SSO/Shop"})
	if err != nil || len(columns) != 4 || columns[0].Name != "Balance" || columns[0].Type != "number" || columns[0].Sample[0] != 12.5 {
		t.Errorf("columns = %+v, %v", columns, err)
	}
	if _, err := d.Columns(t.Context(), userdir.Ref{Login: "ann", Profile: "$/SSO/Typo"}); !errors.Is(err, userdir.ErrUnavailable) || !strings.Contains(err.Error(), "$/SSO/Typo") {
		t.Errorf("a query that is not there: %v", err)
	}
	var e *idp.Error
	if _, err := d.Columns(t.Context(), userdir.Ref{Login: "nobody"}); !errors.As(err, &e) || e.Field != "profile" || !strings.Contains(e.Public, "0 rows") {
		t.Errorf("no row: %v", err)
	}
	server.Behave(fakeimis.Behaviour{Twice: true})
	if _, err := d.Columns(t.Context(), userdir.Ref{Login: "ann"}); !errors.As(err, &e) || e.Field != "profile" || !strings.Contains(e.Public, "2 rows") {
		t.Errorf("two rows: %v", err)
	}
	server.Behave(fakeimis.Behaviour{Body: `{"Items":{"$values":[{"Email":"ann@example.com"}]}}`})
	if _, err := d.Columns(t.Context(), userdir.Ref{Login: "ann"}); !errors.As(err, &e) || e.Field != "profile" || !strings.Contains(e.Public, "UserName") {
		t.Errorf("a row of nobody in particular: %v", err)
	}
}

func TestIMISSecondFactorIsToldAsSuch(t *testing.T) {
	t.Parallel()
	p := ann()
	p.SecondFactor = true
	d := openIMIS(t, fakeimis.New([]fakeimis.Person{p}), nil)
	_, err := authenticate(t, d, "ann", "right")
	if e := idp.AsError(err); !errors.Is(err, userdir.ErrSecondFactor) || e.Code != idp.Forbidden || !strings.Contains(e.Public, "second factor") {
		t.Errorf("%v", err)
	}
	if _, err := authenticate(t, d, "ann", "wrong"); !errors.Is(err, userdir.ErrInvalidCredentials) {
		t.Errorf("a wrong password: %v", err)
	}
}

func TestIMISAnswersOfTheTokenEndpoint(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status int
		body   string
		want   error
		field  string
	}{
		"a wrong password":           {400, `{"error":"invalid_grant","error_description":"The user name or password is incorrect."}`, userdir.ErrInvalidCredentials, ""},
		"a wrong password, 401":      {401, `{"error":"invalid_grant"}`, userdir.ErrInvalidCredentials, ""},
		"a configured refusal":       {400, `{"error":"invalid_grant","error_description":"Account is LOCKED OUT"}`, userdir.ErrLocked, ""},
		"a second factor by code":    {400, `{"error":"mfa_required"}`, userdir.ErrSecondFactor, ""},
		"a second factor by 403":     {403, `{"error":"x","error_description":"Multi-Factor sign in needed"}`, userdir.ErrSecondFactor, ""},
		"our own mistake":            {400, `{"error":"invalid_client"}`, userdir.ErrUnavailable, ""},
		"too many requests":          {429, ``, userdir.ErrUnavailable, ""},
		"down":                       {503, `<html>`, userdir.ErrUnavailable, ""},
		"a redirect":                 {307, ``, userdir.ErrUnavailable, ""},
		"a success of no content":    {204, ``, userdir.ErrUnavailable, ""},
		"a refusal without an error": {400, `{"message":"no"}`, userdir.ErrMalformed, "error"},
		"a refusal that is a page":   {400, `<html>`, userdir.ErrMalformed, "body"},
		"no token":                   {200, `{"token_type":"bearer"}`, userdir.ErrMalformed, "access_token"},
		"a token that is a number":   {200, `{"access_token":7}`, userdir.ErrMalformed, "access_token"},
		"a token of somebody else":   {200, `{"access_token":"x","userName":"bob"}`, userdir.ErrMalformed, "userName"},
		"a page that says OK":        {200, `<html>welcome</html>`, userdir.ErrMalformed, "body"},
		"something after the JSON":   {200, `{"access_token":"x"} {}`, userdir.ErrMalformed, "body"},
		"an answer without end":      {200, `{"access_token":"` + strings.Repeat("x", 2<<20) + `"}`, userdir.ErrMalformed, "body"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			real := fakeimis.New([]fakeimis.Person{ann()})
			d := openIMIS(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/token" && r.FormValue("username") != "manager" {
					w.Header().Set("Location", "/elsewhere")
					w.WriteHeader(c.status)
					_, _ = w.Write([]byte(c.body))
					return
				}
				if r.URL.Path == "/elsewhere" {
					t.Error("the password was sent on")
				}
				real.ServeHTTP(w, r)
			}), func(o *httpdir.IMISOptions) {
				o.Refusals = []httpdir.Refusal{{Contains: "locked out", Means: "locked"}}
			})
			u, err := authenticate(t, d, "ann", "a private password")
			var e *idp.Error
			if !errors.Is(err, c.want) || u.ID != "" || c.field != "" && (!errors.As(err, &e) || e.Field != c.field) {
				t.Errorf("%v, want %v on %q", err, c.want, c.field)
			}
			if strings.Contains(fmt.Sprint(err), "private") {
				t.Errorf("the password stands in %v", err)
			}
		})
	}
}

func TestIMISMalformedRowsNameTheField(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		wrong fakeimis.Behaviour
		field string
	}{
		"two rows for one person":         {fakeimis.Behaviour{Twice: true}, "Items.$values"},
		"a query without its parameter":   {fakeimis.Behaviour{Same: true}, "UserName"},
		"a row of somebody else":          {fakeimis.Behaviour{Body: `{"Items":{"$values":[{"ID":"1","UserName":"admin"}]}}`}, "UserName"},
		"a row without a user name":       {fakeimis.Behaviour{Body: `{"Items":{"$values":[{"ID":"1"}]}}`}, "UserName"},
		"a row without an id":             {fakeimis.Behaviour{Body: `{"Items":{"$values":[{"UserName":"zed"}]}}`}, "ID"},
		"an id that is nothing":           {fakeimis.Behaviour{Body: `{"Items":{"$values":[{"UserName":"zed","ID":null}]}}`}, "ID"},
		"more pages":                      {fakeimis.Behaviour{Body: `{"Items":{"$values":[{"ID":"1","UserName":"zed"}]},"HasNext":true}`}, "HasNext"},
		"no rows at all":                  {fakeimis.Behaviour{Body: `{}`}, "Items.$values"},
		"rows that are nothing":           {fakeimis.Behaviour{Body: `{"Items":{"$values":null}}`}, "Items.$values"},
		"rows that are text":              {fakeimis.Behaviour{Body: `{"Items":{"$values":"zed"}}`}, "Items.$values"},
		"a row that is text":              {fakeimis.Behaviour{Body: `{"Items":{"$values":["zed"]}}`}, "Items.$values"},
		"properties that are text":        {fakeimis.Behaviour{Body: `{"Items":{"$values":[{"Properties":{"$values":"zed"}}]}}`}, "Items.$values.Properties.$values"},
		"a property without a name":       {fakeimis.Behaviour{Body: `{"Items":{"$values":[{"Properties":{"$values":[{"Value":"zed"}]}}]}}`}, "Items.$values.Properties.$values.Name"},
		"a property that is text":         {fakeimis.Behaviour{Body: `{"Items":{"$values":[{"Properties":{"$values":["zed"]}}]}}`}, "Items.$values.Properties.$values.Name"},
		"a page":                          {fakeimis.Behaviour{Body: `<html>`}, "body"},
		"an answer of more than one MiB":  {fakeimis.Behaviour{Body: `{"Items":"` + strings.Repeat("x", 1<<20) + `"}`}, "body"},
		"a list where an object belongs":  {fakeimis.Behaviour{Body: `[]`}, "body"},
		"an object that is never closed ": {fakeimis.Behaviour{Body: `{"Items":{"$values":[`}, "body"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			zed := ann()
			zed.UserName, zed.Email, zed.ID = "zed", "zed@example.com", "102"
			server := fakeimis.New([]fakeimis.Person{ann(), zed})
			server.Behave(c.wrong)
			u, err := authenticate(t, openIMIS(t, server, nil), "zed", "right")
			var e *idp.Error
			if !errors.As(err, &e) || e.Field != c.field || !errors.Is(err, userdir.ErrMalformed) || !errors.Is(err, userdir.ErrUnavailable) || u.ID != "" {
				t.Errorf("%+v, %v; want a fault of %s", u, err, c.field)
			}
		})
	}
}

func TestIMISQueryAccount(t *testing.T) {
	t.Parallel()
	server := fakeimis.New([]fakeimis.Person{ann()})
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	d := openIMIS(t, server, func(o *httpdir.IMISOptions) { o.Now = func() time.Time { return now } })
	ask := func(tokens int) {
		t.Helper()
		if _, err := d.Lookup(t.Context(), userdir.Ref{Login: "ann"}); err != nil {
			t.Error(err)
		}
		if n := server.Calls("/token"); n != tokens {
			t.Errorf("%d calls for a token, want %d", n, tokens)
		}
	}
	ask(1)
	ask(1)
	server.Behave(fakeimis.Behaviour{Forget: true}) // revoked before its time
	ask(2)
	now = now.Add(2 * time.Hour)
	ask(3)
	for name, change := range map[string]func(*httpdir.IMISOptions){
		"a wrong password":               func(o *httpdir.IMISOptions) { o.Password = "wrong" },
		"a member, who runs no queries":  func(o *httpdir.IMISOptions) { o.Username, o.Password = "ann", "right" },
		"an account that does not exist": func(o *httpdir.IMISOptions) { o.Username = "nobody" },
	} {
		_, err := authenticate(t, openIMIS(t, server, change), "ann", "right")
		if !errors.Is(err, userdir.ErrUnavailable) || errors.Is(err, userdir.ErrInvalidCredentials) {
			t.Errorf("%s: %v, want ErrUnavailable and nothing about ann", name, err)
		}
	}
}

func TestIMISDownAndSlow(t *testing.T) {
	t.Parallel()
	server := fakeimis.New([]fakeimis.Person{ann()})
	d := openIMIS(t, server, nil)
	for _, status := range []int{302, 403, 404, 429, 500, 502, 503} {
		server.Behave(fakeimis.Behaviour{Status: status})
		if _, err := authenticate(t, d, "ann", "right"); !errors.Is(err, userdir.ErrUnavailable) {
			t.Errorf("status %d: %v", status, err)
		}
	}
	server.Behave(fakeimis.Behaviour{Delay: time.Minute})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := d.Lookup(ctx, userdir.Ref{ID: "101"}); !errors.Is(err, userdir.ErrUnavailable) || !errors.Is(err, context.DeadlineExceeded) || strings.Contains(err.Error(), "parameter=") {
		t.Errorf("slow: %v", err)
	}
	guarded := userdir.Guard(d, userdir.GuardOptions{Timeout: 50 * time.Millisecond})
	if _, err := authenticate(t, guarded, "ann", "right"); !errors.Is(err, userdir.ErrUnavailable) {
		t.Errorf("slow, guarded: %v", err)
	}
}

func TestIMISRenamesAndRemovals(t *testing.T) {
	t.Parallel()
	server := fakeimis.New([]fakeimis.Person{ann()})
	byID, byName := openIMIS(t, server, nil), openIMIS(t, server, func(o *httpdir.IMISOptions) { o.IDColumn, o.IDQuery = "", "" })
	u, err := authenticate(t, byName, "Ann", "right")
	if err != nil || u.ID != "ann" {
		t.Fatalf("%+v, %v", u, err)
	}
	renamed := ann()
	renamed.UserName, renamed.Columns = "ann.smith", map[string]any{"IsDisabled": true}
	server.Change("101", &renamed)
	if u, err := byID.Lookup(t.Context(), userdir.Ref{ID: "101"}); err != nil || u.Login != "ann.smith" || u.Status != idp.Disabled {
		t.Errorf("renamed and disabled: %+v, %v", u, err)
	}
	if _, err := authenticate(t, byID, "ann.smith", "right"); !errors.Is(err, userdir.ErrDisabled) {
		t.Errorf("disabled: %v", err)
	}
	if _, err := byName.Lookup(t.Context(), userdir.Ref{ID: "ann"}); !errors.Is(err, userdir.ErrNotFound) {
		t.Errorf("without an id column, a new name is a new person: %v", err)
	}
	server.Change("101", nil)
	if _, err := byID.Lookup(t.Context(), userdir.Ref{ID: "101"}); !errors.Is(err, userdir.ErrNotFound) {
		t.Errorf("removed: %v", err)
	}
	moved := openIMIS(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("QueryName") == fakeimis.ByUserName {
			fmt.Fprint(w, `{"Items":{"$values":[{"ID":"202","UserName":"ann"}]}}`)
			return
		}
		fakeimis.New([]fakeimis.Person{ann()}).ServeHTTP(w, r)
	}), func(o *httpdir.IMISOptions) { o.IDQuery = fakeimis.ByUserName })
	if u, err := moved.Lookup(t.Context(), userdir.Ref{ID: "ann"}); !errors.Is(err, userdir.ErrNotFound) {
		t.Errorf("a name that is another person's by now: %+v, %v", u, err)
	}
}
