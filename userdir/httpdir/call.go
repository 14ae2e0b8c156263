package httpdir

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"

	"cloudsso/idp"
	"cloudsso/userdir"
)

const maxAnswer = 1 << 20 // bytes

// bad is a fault of the configuration; the field has the name it has in a file.
func bad(field, format string, args ...any) error {
	return idp.Errorf(idp.Invalid, format, args...).On(field)
}

// checkURL refuses where a password must not go.
func checkURL(field, raw string) error {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" || u.Scheme != "https" && u.Scheme != "http" {
		return bad(field, "The address %q is not an https URL.", raw)
	}
	ip, err := netip.ParseAddr(u.Hostname())
	if local := u.Hostname() == "localhost" || err == nil && ip.IsLoopback(); u.Scheme == "http" && !local {
		return bad(field, "The address %q would be sent passwords in clear text: use https.", raw)
	}
	return nil
}

// caller makes the calls of one directory.
type caller struct {
	id     string
	client http.Client
}

func newCaller(id string, client *http.Client) caller {
	c := caller{id, *client}
	// Attack: a 307 sends the password on to wherever the answer says.
	c.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return c
}

// do returns the status and the whole body of the answer.
func (c caller) do(ctx context.Context, r *http.Request) (int, []byte, error) {
	r.Header.Set("Accept", "application/json")
	answer, err := c.client.Do(r.WithContext(ctx))
	if err != nil {
		return 0, nil, c.unavailable(ctx, err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer+1))
	if err != nil {
		return 0, nil, c.unavailable(ctx, err)
	}
	if len(body) > maxAnswer {
		return 0, nil, userdir.Malformed(c.id, "body", "the answer is larger than %d bytes", maxAnswer)
	}
	return answer.StatusCode, body, nil
}

// unavailable drops the URL of a failed call, which has the login in it.
func (c caller) unavailable(ctx context.Context, err error) error {
	var e *url.Error
	if errors.As(err, &e) {
		err = e.Err
	}
	if errors.Is(ctx.Err(), context.Canceled) { // the person went away: nobody's fault
		return fmt.Errorf("directory %s: %w", c.id, ctx.Err())
	}
	return fmt.Errorf("directory %s: %w: %w", c.id, userdir.ErrUnavailable, err)
}

// strange is a status that says nothing about the person.
func (c caller) strange(what string, status int) error {
	return fmt.Errorf("directory %s: %w: the %s answered with status %d", c.id, userdir.ErrUnavailable, what, status)
}

// wrongType says which field a decoding error is about.
func wrongType(err error) string {
	var e *json.UnmarshalTypeError
	if errors.As(err, &e) && e.Field != "" {
		return e.Field
	}
	return "body"
}

func named(attributes idp.Attributes, login, email string) idp.Attributes {
	attributes["username"] = []any{login}
	if email != "" {
		attributes["email"] = []any{email}
	}
	return attributes
}

// waste does the work of one local hash while another server checks the password.
func waste(ctx context.Context, p *userdir.Passwords, password string) (wait func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = p.Waste(ctx, password) // fails with ctx only, and so does the call
	}()
	return func() { <-done }
}
