package outbound

import (
	"bytes"
	"context"
	"io"
	"maps"
	"net/http"

	"cloudsso/idp"
)

// Post sends one message and returns what the other side answered: the status and at most
// maxBytes of the body. Redirects are not followed: whatever is said is said to that
// address only. Errors are those of [Client.Fetch]; a status is none.
func (c *Client) Post(ctx context.Context, rawURL, contentType string, body []byte, maxBytes int64) (status int, answer []byte, err error) {
	return c.PostWith(ctx, rawURL, http.Header{"Content-Type": {contentType}}, body, maxBytes)
}

// PostWith is Post for protocols whose messages have more in their header than a Content-Type.
func (c *Client) PostWith(ctx context.Context, rawURL string, header http.Header, body []byte, maxBytes int64) (status int, answer []byte, err error) {
	u, err := c.parse(rawURL)
	if err != nil {
		return 0, nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), bytes.NewReader(body))
	if err != nil {
		return 0, nil, idp.Errorf(idp.Invalid, "This is not a complete https address.").Because(err)
	}
	maps.Copy(req.Header, header)
	req.Header.Set("User-Agent", "cloudsso")
	direct := *c.http
	direct.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	resp, err := direct.Do(req)
	if err != nil {
		return 0, nil, unreachable(err, u.Host)
	}
	defer resp.Body.Close()
	answer, err = io.ReadAll(io.LimitReader(resp.Body, maxBytes+1))
	switch {
	case err != nil:
		return 0, nil, unreachable(err, u.Host)
	case int64(len(answer)) > maxBytes:
		return 0, nil, idp.Errorf(idp.Invalid, "The answer of %s is larger than %d bytes.", u.Host, maxBytes)
	}
	return resp.StatusCode, answer, nil
}
