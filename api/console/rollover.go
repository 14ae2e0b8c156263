package console

import (
	"cmp"
	"net/url"
	"slices"

	"cloudsso/api"
	"cloudsso/idp"
	"cloudsso/keys"
)

func rolloverPath(app string) string { return "/admin/rollovers/" + url.PathEscape(app) }

// rolloverPage leads one service provider from one certificate to the next.
type rolloverPage struct {
	Facts    []Fact
	Metadata string
	Steps    []step
}

// step is one step of a rollover; each can be undone where that makes sense.
type step struct {
	Title string
	Text  string
	State Cell
	Do    *Form
	Undo  *Form
	Links []Cell
}

// ownKeys are the keys of one service provider by what they do now.
type ownKeys struct{ next, signing, old, over *api.Key }

func sortKeys(all []api.Key, app string, alg string) (o ownKeys) {
	for i, k := range all {
		if k.App != app || k.Alg != alg {
			continue
		}
		switch {
		case k.State == keys.Next:
			o.next = &all[i]
		case k.Signing:
			o.signing = &all[i]
		case k.State == keys.Retired:
			o.over = &all[i]
		default:
			o.old = &all[i]
		}
	}
	if o.signing == nil && o.next == nil && o.old != nil && o.old.State == keys.Retiring {
		o.next, o.old = o.old, nil // it was deactivated: the way forward is to activate it again
	}
	return o
}

// rollover shows how far the rollover of one service provider is.
func rollover(v *visit) error {
	reader, err := v.actor.KeysReader()
	if err != nil {
		return err
	}
	apps, err := v.actor.AppsReader()
	if err != nil {
		return err
	}
	app := v.r.PathValue("app")
	sp, err := apps.ServiceProvider(v.r.Context(), app)
	if err != nil {
		return err
	}
	alg := keys.RS256
	if sp.SignatureAlgorithm != "" && sp.SignatureAlgorithm[0] == 'e' {
		alg = keys.ES256
	}
	o := sortKeys(reader.Keys().Items, app, alg)
	p := rolloverPage{Metadata: sp.MetadataURL, Facts: v.rolloverFacts(sp)}
	_, notWriter := v.actor.KeysWriter()
	p.Steps = v.rolloverSteps(app, alg, o)
	if notWriter != nil {
		for i := range p.Steps {
			p.Steps[i].Do, p.Steps[i].Undo = nil, nil
		}
	}
	seen, err := v.seenCell(reader, app, o)
	if err != nil {
		return err
	}
	if o.next != nil {
		p.Steps[1].State = seen
	}
	return v.show("rollover", "Rollover for "+cmp.Or(sp.Name, app), p)
}

func (v *visit) rolloverFacts(sp api.ServiceProvider) []Fact {
	facts := []Fact{{"App", Cell{Text: sp.App, Code: true}}}
	if c := sp.SigningCertificate; c != nil {
		facts = append(facts, Fact{"Signs now (SHA-256)", Cell{Text: c.SHA256Colons, Code: true}}, Fact{"Certificate ends", v.expiryCell(c.NotAfter)})
	}
	if sp.SigningKey != "" {
		facts = append(facts, Fact{"Pinned to", Cell{Text: sp.SigningKey, Code: true}})
	}
	return facts
}

// stageAt marks a step by whether it is behind, at or ahead of where the rollover is.
func stageAt(step, at int) Cell {
	switch {
	case step < at:
		return Cell{Text: "done", Badge: "good"}
	case step == at:
		return Cell{Text: "now", Badge: "warn"}
	}
	return Cell{Text: "later", Badge: "plain"}
}

// rolloverSteps are the four steps. at is the first that is not done.
func (v *visit) rolloverSteps(app, alg string, o ownKeys) []step {
	at := 0
	switch {
	case o.next != nil:
		at = 1
	case o.old != nil:
		at = 3
	case o.signing != nil:
		at = 4
	}
	steps := []step{
		{Title: "Create", Text: "A new key with its certificate, for this service provider only.", State: stageAt(0, at)},
		{Title: "Publish both", Text: "The metadata shows both certificates from now on. Wait until the service provider has read it, or hand the new certificate over.", State: stageAt(1, at)},
		{Title: "Activate", Text: "The new key signs; the old one stays published.", State: stageAt(2, at)},
		{Title: "Retire the old", Text: "The old certificate leaves the metadata.", State: stageAt(3, at)},
	}
	step := func(kid, action, submit, id string, fields ...Field) *Form {
		f := v.form(id, keyPath(kid)+"/"+action, submit, append(fields, Field{Name: "app", Kind: "hidden", Value: app})...)
		f.Danger = action == "retire"
		return &f
	}
	if o.next == nil {
		create := v.form("create", "/admin/keys", "Create a new key", Field{Name: "kind", Kind: "hidden", Value: idp.KeyUseSAML + " " + alg}, Field{Name: "app", Kind: "hidden", Value: app})
		create.Plain = at == 3
		steps[0].Do = &create
	} else {
		steps[0].Undo = step(o.next.KID, "retire", "Undo: call it off", "call-off")
		steps[1].Links = []Cell{{Text: "Download the new certificate", Link: keyPath(o.next.KID) + "/certificate.pem"}, {Text: "Its fingerprints", Link: keyPath(o.next.KID)}}
		steps[2].Do = step(o.next.KID, "activate", "Activate", "activate", nowField("It should have been published for a day."))
	}
	if o.signing != nil && o.next == nil {
		if o.old != nil {
			steps[2].Undo = step(o.old.KID, "activate", "Undo: sign with the old key again", "back")
		} else {
			steps[2].Undo = step(o.signing.KID, "deactivate", "Undo: sign with the shared key again", "back")
		}
	}
	v.retireStep(&steps[3], o, step)
	return steps
}

func (v *visit) retireStep(last *step, o ownKeys, form func(kid, action, submit, id string, fields ...Field) *Form) {
	switch {
	case o.old != nil && o.next == nil:
		last.Do = form(o.old.KID, "retire", "Retire the old key", "retire")
	case o.over != nil && o.signing != nil && o.next == nil && !o.over.ActivateAt.IsZero():
		last.Undo = form(o.over.KID, "publish", "Undo: publish the old certificate again", "publish")
	case o.old == nil && o.signing != nil:
		last.Text = "The key before was the shared one, which others use. Its certificate leaves this service provider's metadata by itself, 30 days after the activation."
	}
}

// seenCell says whether the service provider has read the next certificate.
func (v *visit) seenCell(reader api.KeysReader, app string, o ownKeys) (Cell, error) {
	if o.next == nil {
		return Cell{}, nil
	}
	users, err := reader.KeyUsers(v.r.Context(), o.next.KID)
	if err != nil {
		return Cell{}, err
	}
	i := slices.IndexFunc(users.Items, func(u api.KeyUser) bool { return u.App == app })
	if i >= 0 && users.Items[i].Seen {
		return Cell{Text: "read on " + when(users.Items[i].FetchedAt), Badge: "good"}, nil
	}
	return Cell{Text: "not read yet", Badge: "warn"}, nil
}
