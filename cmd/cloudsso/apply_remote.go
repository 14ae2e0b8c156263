package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"cloudsso/api"
	"cloudsso/idp"
)

// remote is a server, through its admin API.
type remote struct {
	server, tokenFile string
	base, token       string
	client            *http.Client
}

func (r *remote) register(cmd *cobra.Command) {
	cmd.Flags().StringVar(&r.server, "server", "", "URL of a running server: work through its admin API, not on the data")
	cmd.Flags().StringVar(&r.tokenFile, "token-file", "", "with --server: file that holds an admin token of the role owner")
}

func (r *remote) open(p *program) error {
	u, err := url.Parse(r.server)
	if err != nil || u.Host == "" || u.Scheme != "https" && !(u.Scheme == "http" && loopback(u.Hostname())) {
		return misuse{errors.New("--server: expected an https address, or http on loopback")} // the token would travel in clear
	}
	if r.tokenFile == "" {
		return misuse{errors.New("--server needs --token-file")}
	}
	b, err := p.read(r.tokenFile)
	if err != nil {
		return err
	}
	r.base, r.token = strings.TrimSuffix(r.server, "/")+"/api/v1", strings.TrimSpace(string(b))
	r.client = &http.Client{Timeout: 5 * time.Minute, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Apply is applier's.
func (r *remote) Apply(ctx context.Context, req api.ApplyRequest) (out api.Applied, err error) {
	return out, r.call(ctx, http.MethodPost, "/apply", req, &out)
}

// Export is applier's.
func (r *remote) Export(ctx context.Context) (out api.List[api.ExportedDocument], err error) {
	return out, r.call(ctx, http.MethodGet, "/export", nil, &out)
}

const maxAnswer = 64 << 20

func (r *remote) call(ctx context.Context, method, path string, body, answer any) error {
	var send bytes.Buffer
	if body != nil {
		if err := json.NewEncoder(&send).Encode(body); err != nil {
			return err
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, r.base+path, &send)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+r.token)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := r.client.Do(req)
	if err != nil {
		return idp.Errorf(idp.Unavailable, "The server %s does not answer.", r.server).Because(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		return refused(res.StatusCode, b)
	}
	return json.Unmarshal(b, answer)
}

// refused turns problem details back into the faults that they were.
func refused(status int, b []byte) error {
	var p api.Problem
	if err := json.Unmarshal(b, &p); err != nil || p.Detail == "" {
		return fmt.Errorf("the server answered with status %d, and no problem that could be read", status)
	}
	var out []error
	for _, f := range p.Errors {
		out = append(out, idp.Errorf(idp.Invalid, "%s", f.Detail).On(strings.TrimPrefix(f.Pointer, "#")))
	}
	if len(out) == 0 {
		out = append(out, idp.Errorf(idp.Conflict, "%s", p.Detail))
	}
	return errors.Join(out...)
}
