package samlidp

import (
	"context"
	"errors"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"cloudsso/idp"
	"cloudsso/idp/mapping"
	"cloudsso/samlidp/wire"
)

// nameID is how an application hears who a person is.
type nameID struct {
	Format, Value, NameQualifier, SPNameQualifier string
}

// chooseFormat decides the NameID format: what the admin fixed, else what the request asks
// for, else the first of the metadata that we can make, else persistent.
func (p *Provider) chooseFormat(_ context.Context, q *request) error {
	asked, err := q.askedFormat()
	if err != nil {
		return err
	}
	fixed := q.sp.NameID.Format
	switch {
	case fixed != "" && asked != "" && asked != fixed:
		return requester(subInvalidNameIDPolicy, "The request asks for a NameID of the format %s, but this application is set up to get %s.", asked, fixed)
	case fixed != "":
		q.format = fixed
	case asked != "":
		q.format = asked
	default:
		q.format = fromMetadata(q.sp)
	}
	return nil
}

// askedFormat is the format that the NameIDPolicy insists on; unspecified leaves the
// choice to us (Core §3.4.1.1), and so do encrypted and no policy.
func (q *request) askedFormat() (string, error) {
	q.encryptID = q.sp.NameID.Encrypt && q.sp.NameID.Format != formatNone
	if q.msg == nil || q.msg.NameIDPolicy == nil {
		return "", nil
	}
	policy := q.msg.NameIDPolicy
	if s := policy.SPNameQualifier; s != "" && s != q.sp.EntityID && s != qualifier(q.sp.NameID.SPNameQualifier, "") {
		return "", requester(subInvalidNameIDPolicy, "The SPNameQualifier of the NameIDPolicy must be the application's own entity ID or the affiliation that is registered for it.")
	}
	switch {
	case policy.Format == formatEncrypted:
		q.encryptID = true
		return "", nil
	case policy.Format == "", policy.Format == FormatUnspecified:
		return "", nil
	case canMake(q.sp.NameID, policy.Format):
		return policy.Format, nil
	}
	return "", requester(subInvalidNameIDPolicy, "The request asks for a NameID of the format %s. Supported are unspecified, emailAddress, persistent and transient, and those for which an administrator chose a directory attribute for this application.", policy.Format)
}

func fromMetadata(sp idp.ServiceProvider) string {
	for _, f := range sp.NameIDFormats {
		if canMake(sp.NameID, f) {
			return f
		}
	}
	return FormatPersistent
}

func canMake(c idp.NameIDCfg, format string) bool {
	return format == FormatPersistent || format == FormatTransient || source(c, format) != ""
}

// source is the directory attribute that a format comes from, "" if there is none.
func source(c idp.NameIDCfg, format string) string {
	if from := c.Sources[shortFormat(format)]; from != "" {
		return from
	}
	fallback := ""
	switch format {
	case FormatUnspecified:
		fallback = "username"
	case FormatEmail:
		fallback = "email"
	}
	if c.From != "" && (c.Format == format || fallback != "") {
		return c.From
	}
	return fallback
}

// name makes the NameID of person for the application.
func (p *Provider) name(ctx context.Context, q *request, person idp.Person) (n nameID, err error) {
	switch q.format {
	case formatNone:
		return n, nil
	case FormatPersistent:
		n.Value, err = p.persistent(ctx, q, person.Subject)
	case FormatTransient:
		n.Value = p.newID()
	default:
		n.Value, err = fromDirectory(source(q.sp.NameID, q.format), q.format, person)
	}
	n.Format = q.format
	ours, theirs := "", ""
	if n.Format == FormatPersistent || n.Format == FormatTransient { // Core §8.3.7: whose name it is
		ours, theirs = p.entityID, q.sp.EntityID
	}
	if n.Format != FormatEntity { // Core §8.3.6 forbids them
		n.NameQualifier = qualifier(q.sp.NameID.NameQualifier, ours)
		n.SPNameQualifier = qualifier(q.sp.NameID.SPNameQualifier, theirs)
	}
	return n, err
}

// qualifier is the admin's word if there is one; none leaves it out.
func qualifier(fixed, usual string) string {
	if fixed == "none" {
		return ""
	}
	return firstOf(fixed, usual)
}

// persistent is pairwise, opaque, lower-case base32, and never given to anybody else
// (Core §8.3.7, IIP-IDP21).
//
// AllowCreate="false" is respected when a request says so. Core §3.4.1.1 makes it the default
// too, but most applications leave it out and expect to be told a name.
func (p *Provider) persistent(ctx context.Context, q *request, subject string) (string, error) {
	if q.msg != nil && q.msg.NameIDPolicy != nil && q.msg.NameIDPolicy.AllowCreate != nil && !*q.msg.NameIDPolicy.AllowCreate {
		id, err := p.records.PersistentIDOf(ctx, q.sp.App, subject)
		if errors.Is(err, idp.ErrNotFound) {
			return "", requester(subInvalidNameIDPolicy, "The person has no persistent NameID for this application yet, and the request forbids to make one (AllowCreate).").because(err)
		}
		return id.Value, err
	}
	return p.pairwise(ctx, q.sp.App, subject)
}

func (p *Provider) pairwise(ctx context.Context, app, subject string) (string, error) {
	id, err := p.records.PersistentID(ctx, idp.PersistentID{App: app, Subject: subject, Value: idp.NewID(), CreatedAt: p.now().UTC()})
	return id.Value, err
}

// fromDirectory takes the NameID from an attribute of the person.
func fromDirectory(from, format string, person idp.Person) (string, error) {
	attributes, err := mapping.Attributes([]idp.Mapping{{Name: "NameID", From: from, Required: true}}, person)
	if err != nil || len(attributes) == 0 || len(attributes[0].Values) == 0 {
		return "", responder(subRequestDenied, "The application wants to be told the person's %q as NameID, and the directory has none for this person.", from).because(err)
	}
	value := attributes[0].Values[0]
	if err = checkName(value); err == nil {
		err = checkForm(format, value)
	}
	if err != nil {
		return "", responder(subRequestDenied, "The person's %q cannot be used as NameID: %v.", from, err).because(err)
	}
	return value, nil
}

// checkName refuses a name that another person's could be taken for once an application
// trims, normalises or shows it (S25). Changing it ourselves would do just that.
func checkName(s string) error {
	switch {
	case strings.TrimSpace(s) != s:
		return errors.New("it has white space around it")
	case !norm.NFC.IsNormalString(s):
		return errors.New("it is not in Unicode normal form C")
	case strings.ContainsFunc(s, invisible), wire.CheckText(s) != nil:
		return errors.New("it holds a control character or an invisible one")
	}
	return nil
}

func invisible(r rune) bool {
	return unicode.Is(unicode.Cc, r) || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Zl, r) || unicode.Is(unicode.Zp, r) || r == unicode.ReplacementChar
}

func firstOf(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
