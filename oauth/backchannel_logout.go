package oauth

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"sync"
	"time"

	"cloudsso/idp"
)

// KindBackchannel is the kind of the deliveries that carry logout tokens.
const KindBackchannel = "backchannel_logout"

// ErrQueued is wrapped by the error of a try that failed and was not the last.
var ErrQueued = errors.New("it is tried again")

const (
	logoutTokenTTL = 2 * time.Minute // OpenID Connect Back-Channel Logout §4
	logoutTimeout  = 5 * time.Second // for one try
	logoutLease    = time.Minute     // within it a try is over, or its node is gone
	receiptTTL     = 30 * 24 * time.Hour
	logoutBatch    = 16      // tries at a time
	maxAnswer      = 4 << 10 // bytes; nothing is read from it
	logoutEvent    = "http://schemas.openid.net/event/backchannel-logout"

	// sessionMemory is how long after the sign-in a grant is kept for a client that wants to
	// hear of the end of the session: a session lives half a day, and as long again when the
	// person signs in once more before that.
	sessionMemory = 24 * time.Hour
)

// logoutPauses are the times between one try and the next; after the last one it is given up.
var logoutPauses = [...]time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, 40 * time.Minute}

// Poster sends a form to an address of a client's, past whatever must not be reached.
type Poster interface {
	Post(ctx context.Context, url, contentType string, body []byte, maxBytes int64) (status int, answer []byte, err error)
}

func (p *Provider) hasBackchannel(c *idp.Client) bool {
	return p.Outbound != nil && c.BackchannelLogoutURI != ""
}

// delivery is on record before the first try: if this process dies now, another goes on.
func (p *Provider) delivery(c *idp.Client, g idp.Grant) idp.Delivery {
	now := p.now()
	return idp.Delivery{
		ID: idp.NewID(), Kind: KindBackchannel, App: c.ID, Subject: g.Subject, SID: g.SID, URL: c.BackchannelLogoutURI,
		NextAt: now, CreatedAt: now, ExpiresAt: now.Add(receiptTTL),
	}
}

// RetryLogouts sends the logout tokens that are due. Any number of nodes may do so at the
// same time: each delivery is one node's at a time.
func (p *Provider) RetryLogouts(ctx context.Context) error {
	for ctx.Err() == nil {
		now := p.now()
		due, err := p.Records.ClaimDeliveries(ctx, now, now.Add(logoutLease), logoutBatch)
		if err != nil {
			return err
		}
		var wg sync.WaitGroup
		for _, d := range due {
			wg.Go(func() { _ = p.try(ctx, d) }) // what became of it is in the receipt
		}
		wg.Wait()
		if len(due) < logoutBatch {
			return nil
		}
	}
	return nil
}

// try makes one attempt and writes down what became of it. The error is nil if the client
// has taken the token.
func (p *Provider) try(ctx context.Context, d idp.Delivery) error {
	sending, cancel := context.WithTimeout(ctx, logoutTimeout)
	defer cancel()
	failure := p.sendLogout(sending, &d)
	now := p.now()
	switch {
	case failure == nil:
		d.DoneAt, d.Result = now, idp.Delivered
	case d.Attempts <= len(logoutPauses) && !errors.Is(failure, errNoLogout):
		d.NextAt, d.Result = now.Add(logoutPauses[d.Attempts-1]), idp.AsError(failure).Public
		failure = fmt.Errorf("%w: %w", ErrQueued, failure)
	default:
		d.DoneAt, d.Result = now, "given up: "+idp.AsError(failure).Public
	}
	// The time limit of the try must not lose its result.
	keeping, cancel := context.WithTimeout(context.WithoutCancel(ctx), logoutTimeout)
	defer cancel()
	if err := p.Records.SettleDelivery(keeping, d); err != nil {
		return errors.Join(failure, err)
	}
	return errors.Join(failure, p.recordLogout(keeping, d, failure))
}

func (p *Provider) recordLogout(ctx context.Context, d idp.Delivery, failure error) error {
	if d.DoneAt.IsZero() {
		return nil
	}
	name := idp.EventLogoutDelivered
	if failure != nil {
		name = idp.EventLogoutFailed
	}
	return p.Events.Record(ctx, idp.Event{
		Name: name, Subject: d.Subject, App: d.App,
		Detail: map[string]string{"delivery": d.ID, "sid": d.SID, "attempts": strconv.Itoa(d.Attempts), "result": d.Result},
	})
}

var errNoLogout = idp.Errorf(idp.NotFound, "The client is gone, switched off, or has no back channel any more.")

// sendLogout asks for the client again each time: its address may have been put right,
// and one that was switched off hears nothing more.
func (p *Provider) sendLogout(ctx context.Context, d *idp.Delivery) error {
	c, err := p.Records.Client(ctx, d.App)
	switch {
	case errors.Is(err, idp.ErrNotFound) || err == nil && (c.Disabled || !p.hasBackchannel(&c)):
		return errNoLogout
	case err != nil:
		return err
	}
	token, err := p.logoutToken(ctx, &c, *d)
	if err != nil {
		return err
	}
	body := url.Values{"logout_token": {token}}.Encode()
	status, _, err := p.Outbound.Post(ctx, c.BackchannelLogoutURI, "application/x-www-form-urlencoded", []byte(body), maxAnswer)
	switch {
	case err != nil:
		return err
	case status/100 != 2:
		return idp.Errorf(idp.Unavailable, "The client answered with status %d; 200 is expected.", status)
	}
	return nil
}

// logoutToken is that of OpenID Connect Back-Channel Logout §2.4, signed as the client's
// ID tokens are. It has no nonce and a type of its own, so that it never passes for one.
func (p *Provider) logoutToken(ctx context.Context, c *idp.Client, d idp.Delivery) (string, error) {
	now := p.now()
	claims := map[string]any{
		"iss": p.Issuer, "aud": c.ID, "iat": now.Unix(), "exp": now.Add(logoutTokenTTL).Unix(), "jti": idp.NewID(),
		"events": map[string]any{logoutEvent: struct{}{}},
	}
	sub, err := p.calledSubject(ctx, c, d.Subject)
	if err != nil {
		return "", err
	}
	setText(claims, "sub", sub)
	setText(claims, "sid", d.SID)
	alg := c.IDTokenSignedResponseAlg
	if alg == unsigned {
		alg = "RS256" // §2.6: anybody could sign people out by a token without a signature
	}
	return p.sign(ctx, c, alg, "logout+jwt", claims)
}

// remembered is when the grant's row may be forgotten, given when its tokens are dead: a
// client that wants to hear of the end of the session is found by its grant.
func (u *unit) remembered(dead time.Time) time.Time {
	if u.grant.SID == "" || !u.client.HearsOfLogout() {
		return dead
	}
	return later(dead, u.grant.AuthTime.Add(sessionMemory))
}
