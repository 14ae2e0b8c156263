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
		q.format = fromMetadata(q.sp.NameIDFormats)
	}
	return nil
}

// askedFormat is the format that the NameIDPolicy insists on; unspecified leaves the
// choice to us (Core §3.4.1.1), and so does no policy.
//
// AllowCreate is not looked at: our persistent ids come into being with the first
// assertion and are never taken back, so there is no other moment to create one.
func (q *request) askedFormat() (string, error) {
	if q.msg == nil || q.msg.NameIDPolicy == nil {
		return "", nil
	}
	policy := q.msg.NameIDPolicy
	if s := policy.SPNameQualifier; s != "" && s != q.sp.EntityID && s != q.sp.NameID.SPNameQualifier {
		return "", requester(subInvalidNameIDPolicy, "The SPNameQualifier of the NameIDPolicy must be the application's own entity ID; affiliations are not supported.")
	}
	switch policy.Format {
	case "", FormatUnspecified:
		return "", nil
	case FormatEmail, FormatPersistent, FormatTransient:
		return policy.Format, nil
	}
	return "", requester(subInvalidNameIDPolicy, "The request asks for a NameID of the format %s. Supported are unspecified, emailAddress, persistent and transient.", policy.Format)
}

func fromMetadata(formats []string) string {
	for _, f := range formats {
		switch f {
		case FormatUnspecified, FormatEmail, FormatPersistent, FormatTransient:
			return f
		}
	}
	return FormatPersistent
}

// name makes the NameID of person for the application.
func (p *Provider) name(ctx context.Context, q *request, person idp.Person) (nameID, error) {
	n := nameID{Format: q.format, NameQualifier: q.sp.NameID.NameQualifier, SPNameQualifier: q.sp.NameID.SPNameQualifier}
	var err error
	switch q.format {
	case FormatPersistent:
		n.Value, err = p.persistent(ctx, q.sp.App, person.Subject)
	case FormatTransient:
		n.Value = p.newID()
	case FormatEmail:
		n.Value, err = fromDirectory(q.sp.NameID.From, "email", person)
	default:
		n.Value, err = fromDirectory(q.sp.NameID.From, "username", person)
	}
	if n.Format == FormatPersistent || n.Format == FormatTransient { // Core §8.3.7: whose name it is
		n.NameQualifier = firstOf(n.NameQualifier, p.entityID)
		n.SPNameQualifier = firstOf(n.SPNameQualifier, q.sp.EntityID)
	}
	return n, err
}

// persistent is pairwise, opaque, lower-case base32, and never given to anybody else
// (Core §8.3.7, IIP-IDP21).
func (p *Provider) persistent(ctx context.Context, app, subject string) (string, error) {
	id, err := p.records.PersistentID(ctx, idp.PersistentID{App: app, Subject: subject, Value: idp.NewID(), CreatedAt: p.now().UTC()})
	return id.Value, err
}

// fromDirectory takes the NameID from an attribute of the person.
func fromDirectory(from, fallback string, person idp.Person) (string, error) {
	from = firstOf(from, fallback)
	attributes, err := mapping.Attributes([]idp.Mapping{{Name: "NameID", From: from, Required: true}}, person)
	if err != nil || len(attributes) == 0 || len(attributes[0].Values) == 0 {
		return "", responder(subRequestDenied, "The application wants to be told the person's %q as NameID, and the directory has none for this person.", from).because(err)
	}
	value := attributes[0].Values[0]
	if err := checkName(value); err != nil {
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
