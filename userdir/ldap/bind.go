package ldap

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	goldap "github.com/go-ldap/ldap/v3"

	"cloudsso/idp"
	"cloudsso/userdir"
)

// refuse is the answer to a login that is nobody's in particular, at the cost of any other.
func (d *Directory) refuse(ctx context.Context, password string) error {
	if err := d.o.Passwords.Waste(ctx, password); err != nil {
		return d.unavailable(ctx, err)
	}
	return userdir.ErrInvalidCredentials
}

// prove checks a password. then, if given, runs on the connection that is bound as the
// person, before it is closed.
func (d *Directory) prove(ctx context.Context, dn, password string, then func(*conn) error) error {
	wasted := make(chan struct{})
	go func() {
		defer close(wasted)
		_ = d.o.Passwords.Waste(ctx, password) // fails with ctx only, and so does the bind
	}()
	err := d.bind(ctx, dn, password, then)
	<-wasted
	return err
}

// bind asks the servers in turn until one has an opinion. Each try has a connection of
// its own, which carries the person's identity and is closed here.
func (d *Directory) bind(ctx context.Context, dn, password string, then func(*conn) error) error {
	select {
	case d.binding <- struct{}{}:
		defer func() { <-d.binding }()
	case <-ctx.Done():
		return d.unavailable(ctx, ctx.Err())
	}
	skip := make(map[*server]bool)
	for {
		c, err := d.open(ctx, skip, func(*conn) error { return nil })
		if err != nil {
			return err
		}
		err = d.bindOn(ctx, c, dn, password, then)
		c.Close()
		if err == nil || !c.broken {
			return err
		}
		skip[c.server] = true
		d.failed(ctx, c.server, err)
		if ctx.Err() != nil {
			return d.unavailable(ctx, err)
		}
	}
}

func (d *Directory) bindOn(ctx context.Context, c *conn, dn, password string, then func(*conn) error) error {
	var answer *goldap.SimpleBindResult
	err := c.do(ctx, d.o.Timeout, func() (err error) {
		// The control is not critical: servers that do not know it ignore it.
		answer, err = c.SimpleBind(goldap.NewSimpleBindRequest(dn, password, []goldap.Control{goldap.NewControlBeheraPasswordPolicy()}))
		return err
	})
	if c.broken {
		return err
	}
	var controls []goldap.Control
	if answer != nil {
		controls = answer.Controls
	}
	if err := d.verdict(ctx, err, controls); err != nil {
		return err
	}
	if then != nil {
		return then(c)
	}
	return nil
}

// verdict turns the answer to a bind into one of userdir's.
func (d *Directory) verdict(ctx context.Context, err error, controls []goldap.Control) error {
	told := policy(controls)
	if told == nil && goldap.IsErrorWithCode(err, goldap.LDAPResultInvalidCredentials) {
		told = subcode(err)
	}
	switch {
	case told == errUnchecked:
		return d.unchecked(ctx, told)
	case err == nil || told != nil:
		return told
	case goldap.IsErrorAnyOf(err, goldap.LDAPResultConstraintViolation, goldap.LDAPResultUnwillingToPerform):
		return d.unchecked(ctx, err) // 389 Directory Server and FreeIPA: too many tries; account inactivated
	case goldap.IsErrorAnyOf(err, goldap.LDAPResultInvalidCredentials, goldap.LDAPResultInappropriateAuthentication,
		goldap.LDAPResultNoSuchObject, goldap.LDAPResultInvalidDNSyntax):
		return userdir.ErrInvalidCredentials
	}
	// Confidentiality required, insufficient access, a referral: nothing about the password.
	return d.unavailable(ctx, fmt.Errorf("bind: %w", err))
}

// errUnchecked: the server refused without looking at the password.
var errUnchecked = errors.New("the account is locked")

// unchecked answers for an account that the server has locked. Attack: a stranger locks
// an account by guessing, and "locked" then tells that it exists. Decision: it is a wrong
// password to the outside unless the administrator wants it told; the log has the cause.
func (d *Directory) unchecked(ctx context.Context, cause error) error {
	idp.Note(ctx, slog.String("directory", d.o.ID), slog.String("directory_refusal", cause.Error()))
	if d.o.RevealLocked {
		return userdir.ErrLocked
	}
	return userdir.ErrInvalidCredentials
}

// policy reads the password policy controls (draft-behera-ldap-password-policy-10 §6.2,
// draft-vchu-ldap-pwd-policy-00). An expired password with logins left is no error.
func policy(controls []goldap.Control) error {
	for _, c := range controls {
		switch c := c.(type) {
		case *goldap.ControlVChuPasswordMustChange:
			return userdir.ErrPasswordExpired
		case *goldap.ControlBeheraPasswordPolicy:
			switch c.Error {
			case 0, 2: // passwordExpired, changeAfterReset
				if c.Error == 0 && c.Grace >= 0 {
					continue
				}
				return userdir.ErrPasswordExpired
			case 1: // accountLocked
				return errUnchecked
			}
		}
	}
	return nil
}
