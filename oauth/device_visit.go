package oauth

import (
	"context"
	"errors"
	"time"

	"cloudsso/idp"
)

// Bounds on trying user codes (RFC 8628 §5.1). Both are far above what people need and
// far below what would find one of 20^8 codes in a quarter of an hour.
const (
	userCodeWindow   = 10 * time.Minute
	userCodesNetwork = 30   // codes looked at, from one network
	userCodesWrong   = 1000 // wrong codes, from everywhere
)

// deviceVisit is a person who has come with the code of a device.
type deviceVisit struct {
	id     string // of the ticket
	code   string
	client idp.Client
	scopes []string
}

// step binds the form to one device.
func (v *deviceVisit) step() string { return "device:" + v.id }

// visitDevice finds the request that a user code leads to, while nobody has answered it.
func (p *Provider) visitDevice(ctx context.Context, typed string) (deviceVisit, error) {
	code, ok := readUserCode(typed)
	if !ok {
		return deviceVisit{}, errNoSuchUserCode
	}
	if err := p.admitUserCode(ctx); err != nil {
		return deviceVisit{}, err
	}
	t, d, err := p.deviceRequest(ctx, p.userCodeID(code))
	switch {
	case errors.Is(err, idp.ErrNotFound):
		return deviceVisit{}, p.wrongUserCode(ctx)
	case err != nil:
		return deviceVisit{}, err
	case d.State != devicePending:
		return deviceVisit{}, errDeviceAnswered
	}
	c, err := p.Records.Client(ctx, d.Client)
	switch {
	case errors.Is(err, idp.ErrNotFound):
		return deviceVisit{}, errNoSuchUserCode
	case err != nil:
		return deviceVisit{}, err
	case c.Disabled:
		return deviceVisit{}, idp.Errorf(idp.Forbidden, "This application has been switched off by an administrator.")
	}
	return deviceVisit{t.ID, code, c, d.Scopes}, nil
}

// admitUserCode counts before the code is looked at, so that a burst gets no further than
// a row of tries.
func (p *Provider) admitUserCode(ctx context.Context) error {
	if p.NoLimits {
		return nil
	}
	all, err := p.Flows.Counted(ctx, wrongUserCodes)
	if err != nil {
		return err
	}
	near := 0
	if network := idp.RequestOf(ctx).Network(); network != "" {
		key := "device/network/" + encoding.EncodeToString(p.userCodes.Sum([]byte("network"), []byte(network))[:16])
		if near, err = p.Flows.Count(ctx, key, userCodeWindow); err != nil {
			return err
		}
	}
	if near > userCodesNetwork || all >= userCodesWrong {
		return idp.Errorf(idp.TooMany, "Too many codes were tried. Please wait ten minutes before you try again.")
	}
	return nil
}

const wrongUserCodes = "device/wrong"

func (p *Provider) wrongUserCode(ctx context.Context) error {
	if p.NoLimits {
		return errNoSuchUserCode
	}
	if _, err := p.Flows.Count(ctx, wrongUserCodes, userCodeWindow); err != nil {
		return err
	}
	return errNoSuchUserCode
}
