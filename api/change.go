package api

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"cloudsso/idp"
)

// MetadataChange is one member of a service provider that metadata changes.
type MetadataChange struct {
	Field   string   `json:"field" doc:"As in the answer about a service provider."`
	Removed []string `json:"removed" nullable:"false"`
	Added   []string `json:"added" nullable:"false" doc:"Certificates are named by their SHA-256 fingerprint."`
}

const (
	// maxChange bounds what one change says in an Event.
	maxChange = 1000
	// changedMember is the member of an Event's details that names what was changed; each
	// name is a member of its own, with -what was there; +what is there now.
	changedMember = "changed"
	notShown      = "[not shown]"
)

// told adds what an admin changed to an Event.
func told(e idp.Event, changes []MetadataChange) idp.Event {
	if len(changes) == 0 {
		return e
	}
	detail := changeDetail(changes)
	for name, value := range e.Detail {
		if _, changed := detail[name]; !changed {
			detail[name] = value
		}
	}
	e.Detail = detail
	return e
}

// changesOf is changedFields as an Event tells it. hidden are members whose values do not
// belong into a log that is kept for years: that they changed is said, not from what to
// what. Whatever is called a secret is hidden always.
func changesOf(before, after any, hidden ...string) (changes []MetadataChange) {
	for _, f := range changedFields(before, after) {
		old, new := itemsOf(f.Old), itemsOf(f.New)
		c := MetadataChange{Field: f.Field, Removed: without(old, new), Added: without(new, old)}
		if len(c.Removed)+len(c.Added) == 0 {
			c.Added = []string{"[another order]"}
		}
		if secretive(f.Field, hidden) {
			c.Removed, c.Added = hide(c.Removed), hide(c.Added)
		}
		changes = append(changes, c)
	}
	return changes
}

// itemsOf are the texts that a person compares.
func itemsOf(v any) (out []string) {
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	for _, item := range list {
		switch item := item.(type) {
		case nil:
		case string:
			out = append(out, item)
		default:
			b, _ := json.Marshal(item) // it came out of JSON
			out = append(out, string(b))
		}
	}
	return out
}

func secretive(name string, hidden []string) bool {
	return strings.Contains(name, "secret") || strings.Contains(name, "password") || slices.ContainsFunc(hidden, func(h string) bool {
		return name == h || strings.HasPrefix(name, h+".")
	})
}

func hide(values []string) []string {
	if len(values) == 0 {
		return values
	}
	return []string{notShown}
}

// changeDetail is what an Event tells of changes.
func changeDetail(changes []MetadataChange) map[string]string {
	detail := map[string]string{}
	var names []string
	for _, c := range changes {
		names = append(names, c.Field)
		var parts []string
		for _, s := range c.Removed {
			parts = append(parts, "-"+onePart(s))
		}
		for _, s := range c.Added {
			parts = append(parts, "+"+onePart(s))
		}
		said := strings.Join(parts, changeSeparator)
		detail[c.Field] = strings.ToValidUTF8(said[:min(len(said), maxChange)], "")
	}
	detail[changedMember] = strings.Join(names, ", ")
	return detail
}

const changeSeparator = "; "

// onePart: attack: an app admin gives an app a name that reads, in the log, like another
// change. Decision: what could is quoted.
func onePart(s string) string {
	if !strings.ContainsAny(s, ";\n\r") {
		return s
	}
	return strings.ReplaceAll(strconv.Quote(s), ";", `\u003b`)
}

// Changes reads what an Event says of what an admin, or metadata, changed; none if it is
// not about a change.
func Changes(e idp.Event) (changes []MetadataChange) {
	if e.Detail[changedMember] == "" {
		return nil
	}
	for name := range strings.SplitSeq(e.Detail[changedMember], ", ") {
		c := MetadataChange{Field: name, Removed: []string{}, Added: []string{}}
		for part := range strings.SplitSeq(e.Detail[name], changeSeparator) {
			switch rest, removed := strings.CutPrefix(part, "-"); {
			case removed:
				c.Removed = append(c.Removed, rest)
			case strings.HasPrefix(part, "+"):
				c.Added = append(c.Added, part[1:])
			}
		}
		changes = append(changes, c)
	}
	return changes
}

// recordChange is record for a change of a document.
func (o acting) recordChange(ctx context.Context, e idp.Event, before, after any, hidden ...string) error {
	return o.record(ctx, told(e, changesOf(before, after, hidden...)))
}

func (o acting) recordServiceProvider(ctx context.Context, was, is idp.ServiceProvider) error {
	changes := changesOf(ServiceProviderSettings{was.Name, was.ServiceProviderPolicy}, ServiceProviderSettings{is.Name, is.ServiceProviderPolicy})
	e := idp.Event{Name: idp.EventSPUpdated, App: is.App, Detail: map[string]string{"entity_id": is.EntityID}}
	return o.record(ctx, told(e, append(metadataChanges(was, is), changes...)))
}

// recordUser tells of a change to a user. What is known about people does not belong into
// a log that nobody can delete from, apart from what says whether they get in.
func (o acting) recordUser(ctx context.Context, was, is idp.User) error {
	subject, err := o.subjectOf(ctx, is.ID)
	if err != nil {
		return err
	}
	before, err := settingsOf(was)
	if err != nil {
		return err
	}
	after, err := settingsOf(is)
	if err != nil {
		return err
	}
	// Not the hash: whether there is another one.
	if was.PasswordHash != is.PasswordHash {
		after.Password = is.PasswordHash + "-"
	}
	e := idp.Event{Name: idp.EventUserUpdated, Subject: subject, Detail: map[string]string{"user": is.ID}}
	return o.recordChange(ctx, e, before, after, "attributes", "email")
}
