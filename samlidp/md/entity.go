package md

import (
	"bytes"
	"fmt"
	"iter"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"cloudsso/samlidp/wire"
)

// reader fills an SP from one entity.
type reader struct {
	sp  *SP
	now time.Time
}

// warn records something the import can do without, with its line.
func (r *reader) warn(e *wire.Element, format string, args ...any) {
	line, _ := e.Position()
	r.sp.Warnings = append(r.sp.Warnings, fmt.Sprintf("Line %d: %s", line, fmt.Sprintf(format, args...)))
}

// webPage recognises the commonest wrong document before XML errors describe it badly.
func webPage(doc []byte) bool {
	start := bytes.ToLower(bytes.TrimSpace(doc[:min(len(doc), 512)]))
	return bytes.HasPrefix(start, []byte("<!doctype html")) || bytes.HasPrefix(start, []byte("<html"))
}

// soleEntity returns the one entity of the document that is a service provider.
func soleEntity(root *wire.Element) (*wire.Element, error) {
	if err := isMetadata(root); err != nil || root.Is(wire.NSMetadata, "EntityDescriptor") {
		return root, err
	}
	var found []*wire.Element
	for e := range entities(root) {
		if e.Child(wire.NSMetadata, "SPSSODescriptor") != nil {
			found = append(found, e)
		}
	}
	if len(found) != 1 {
		return nil, root.Errorf("this collection describes %d service providers, and exactly one is wanted. Say which by its entity ID, or give only its <EntityDescriptor>.", len(found))
	}
	return found[0], nil
}

func isMetadata(root *wire.Element) error {
	if root.Is(wire.NSMetadata, "EntityDescriptor") || root.Is(wire.NSMetadata, "EntitiesDescriptor") {
		return nil
	}
	return root.Errorf("SAML metadata starts with <EntityDescriptor> in the namespace %s. Give the application's metadata document.", wire.NSMetadata)
}

// entities walks the EntityDescriptors of a document: the root, or what stands in nested
// collections, and nothing that hides inside an extension.
func entities(root *wire.Element) iter.Seq[*wire.Element] {
	return func(yield func(*wire.Element) bool) { walk(root, yield) }
}

func walk(e *wire.Element, yield func(*wire.Element) bool) bool {
	if e.Is(wire.NSMetadata, "EntityDescriptor") {
		return yield(e)
	}
	if !e.Is(wire.NSMetadata, "EntitiesDescriptor") {
		return true
	}
	for _, c := range e.Elements() {
		if !walk(c, yield) {
			return false
		}
	}
	return true
}

func (r *reader) entity(e *wire.Element) error {
	for _, step := range []func(*wire.Element) error{r.entityID, r.validity, r.role} {
		if err := step(e); err != nil {
			return err
		}
	}
	return nil
}

func (r *reader) entityID(e *wire.Element) error {
	raw, _ := e.Attr("entityID")
	id := strings.TrimSpace(raw)
	switch {
	case id == "":
		return e.Errorf("the attribute entityID is missing or empty. Add the application's entity ID.")
	case len(id) > 1024:
		return e.Errorf("the entityID has more than 1024 characters (Metadata §2.2.1). Use a shorter one.")
	case strings.ContainsAny(id, " \t\r\n"):
		return e.Errorf("the entityID contains a blank. Remove it.")
	case id != raw:
		r.warn(e, "Blanks around the entityID were removed.")
	}
	r.sp.EntityID = id
	return nil
}

// validity finds the earliest validUntil of the entity and what encloses it.
func (r *reader) validity(e *wire.Element) error {
	for at := e; at != nil; at = at.Parent() {
		if err := r.validUntil(at); err != nil {
			return err
		}
		r.cacheDuration(at)
	}
	return nil
}

// Skew is how far other people's clocks may differ from ours unless it is said otherwise (IIP-G01).
const Skew = 3 * time.Minute

func (r *reader) validUntil(e *wire.Element) error {
	raw, ok := e.Attr("validUntil")
	if !ok {
		return nil
	}
	until, ok := instant(raw)
	switch {
	case !ok:
		return e.Errorf(`validUntil="%.40s" is not a time such as 2030-01-31T12:00:00Z. Correct it.`, raw)
	case !until.After(r.now.Add(-Skew)):
		return e.Errorf("this metadata expired on %s. Get the current document from the application.", until.Format("2 January 2006 15:04 UTC"))
	case r.sp.ValidUntil.IsZero() || until.Before(r.sp.ValidUntil):
		r.sp.ValidUntil = until
	}
	return nil
}

// role reads the SPSSODescriptor that speaks SAML 2.0.
func (r *reader) role(e *wire.Element) error {
	var roles []*wire.Element
	for _, c := range e.Elements() {
		if !c.Is(wire.NSMetadata, "SPSSODescriptor") {
			continue
		}
		if protocols, _ := c.Attr("protocolSupportEnumeration"); slices.Contains(strings.Fields(protocols), wire.NSProtocol) {
			roles = append(roles, c)
		}
	}
	if len(roles) == 0 {
		return e.Errorf("there is no <SPSSODescriptor> for SAML 2.0 in it, so it does not describe a service provider. Give the metadata of the application, not that of an identity provider.")
	}
	if len(roles) > 1 {
		r.warn(roles[1], "There is more than one <SPSSODescriptor>; only the first is used.")
	}
	sp := roles[0]
	for _, step := range []func(*wire.Element) error{r.validUntil, r.flags, r.keys, r.consumers, r.logout, r.formats, r.wishes} {
		if err := step(sp); err != nil {
			return err
		}
	}
	r.names(e, sp)
	r.subjectID(e)
	return nil
}

func (r *reader) flags(sp *wire.Element) (err error) {
	if r.sp.AuthnRequestsSigned, err = boolean(sp, "AuthnRequestsSigned"); err != nil {
		return err
	}
	r.sp.WantAssertionsSigned, err = boolean(sp, "WantAssertionsSigned")
	return err
}

func (r *reader) formats(sp *wire.Element) error {
	for _, c := range sp.Elements() {
		if !c.Is(wire.NSMetadata, "NameIDFormat") {
			continue
		}
		if f := strings.TrimSpace(c.Text()); f != "" && !slices.Contains(r.sp.NameIDFormats, f) {
			r.sp.NameIDFormats = append(r.sp.NameIDFormats, f)
		}
	}
	return nil
}

// boolean reads an optional xs:boolean; Shibboleth writes "1" for true.
func boolean(e *wire.Element, attr string) (bool, error) {
	raw, ok := e.Attr(attr)
	switch strings.TrimSpace(raw) {
	case "true", "1":
		return true, nil
	case "false", "0":
		return false, nil
	}
	if ok {
		return false, e.Errorf(`%s="%.40s" is neither true nor false. Correct it.`, attr, raw)
	}
	return false, nil
}

// instant reads xs:dateTime. Core §1.3.3 wants UTC, so a time without a zone is UTC.
func instant(raw string) (time.Time, bool) {
	raw = strings.TrimSpace(raw)
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999"} {
		if t, err := time.Parse(layout, raw); err == nil {
			return t.UTC(), true
		}
	}
	return time.Time{}, false
}

// cacheDuration keeps the shortest of the entity and what encloses it.
func (r *reader) cacheDuration(e *wire.Element) {
	raw, ok := e.Attr("cacheDuration")
	if !ok {
		return
	}
	d, ok := duration(strings.TrimSpace(raw))
	switch {
	case !ok:
		r.warn(e, "cacheDuration=%q is not a duration such as PT6H and was left out.", clipped(raw))
	case r.sp.CacheDuration == 0 || d < r.sp.CacheDuration:
		r.sp.CacheDuration = d
	}
}

func clipped(s string) string { return s[:min(len(s), 40)] }

var durationForm = regexp.MustCompile(`^P(?:(\d{1,4})Y)?(?:(\d{1,4})M)?(?:(\d{1,5})D)?(?:T(?:(\d{1,6})H)?(?:(\d{1,7})M)?(?:(\d{1,8})(?:\.\d+)?S)?)?$`)

// duration reads a positive xs:duration; a month counts 30 days and a year 365.
func duration(raw string) (total time.Duration, ok bool) {
	m := durationForm.FindStringSubmatch(raw)
	if m == nil {
		return 0, false
	}
	const day = 24 * time.Hour
	for i, unit := range []time.Duration{365 * day, 30 * day, day, time.Hour, time.Minute, time.Second} {
		n, _ := strconv.Atoi(m[i+1])
		total += time.Duration(min(n, int(100*365*day/unit))) * unit
	}
	return total, total > 0
}
