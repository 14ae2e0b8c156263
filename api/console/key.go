package console

import (
	"fmt"
	"strings"

	"cloudsso/api"
	"cloudsso/idp"
	"cloudsso/keys"
)

// keyPage is all about one key.
type keyPage struct {
	Facts       []Fact
	Certificate *api.Certificate
	PEM         string // where it is downloaded
	Users       *Table
	Steps       []aid
}

// key is the one that the address names.
func (v *visit) key() (reader api.KeysReader, k api.Key, err error) {
	if reader, err = v.actor.KeysReader(); err == nil {
		k, err = reader.Key(v.r.PathValue("kid"))
	}
	return reader, k, err
}

// oneKey shows one key, who uses it and what can be done with it.
func oneKey(v *visit) error {
	reader, k, err := v.key()
	if err != nil {
		return err
	}
	p := keyPage{Facts: v.keyFacts(k)}
	if p.Certificate, err = k.X509(); err != nil {
		return err
	}
	if p.Certificate != nil {
		p.PEM = keyPath(k.KID) + "/certificate.pem"
		users, err := reader.KeyUsers(v.r.Context(), k.KID)
		if err != nil {
			return err
		}
		p.Users = keyUsers(users.Items)
	}
	if _, err := v.actor.KeysWriter(); err == nil {
		p.Steps = v.keySteps(k)
	}
	return v.show("key", "Key "+shortKey(k.KID), p)
}

func (v *visit) keyFacts(k api.Key) []Fact {
	state := map[keys.State]string{keys.Next: "plain", keys.Active: "good", keys.Retiring: "warn", keys.Retired: "bad"}
	facts := []Fact{
		{"State", Cell{Text: string(k.State), Badge: state[k.State]}}, {"Signs now", Cell{Text: map[bool]string{true: "yes", false: "no"}[k.Signing]}},
		{"Algorithm", Cell{Text: k.Alg}}, {"Use", Cell{Text: keyUseText(k)}}, {"Made", Cell{Text: when(k.CreatedAt)}},
	}
	if !k.ActivateAt.IsZero() {
		facts = append(facts, Fact{"Signs from", Cell{Text: when(k.ActivateAt)}})
	}
	if !k.RetireAt.IsZero() {
		facts = append(facts, Fact{"Stops signing", Cell{Text: when(k.RetireAt)}})
	}
	if !k.ExpireAt.IsZero() {
		facts = append(facts, Fact{"Is over", Cell{Text: when(k.ExpireAt)}})
	}
	if !k.NotAfter.IsZero() {
		facts = append(facts, Fact{"Certificate ends", v.expiryCell(k.NotAfter)})
	}
	return append(facts, Fact{"Key id (kid)", Cell{Text: k.KID, Code: true}}, Fact{"Slot", Cell{Text: k.Slot, Code: true}})
}

func keyUseText(k api.Key) string {
	switch {
	case k.App != "":
		return "SAML, for " + k.App + " only"
	case k.Use == idp.KeyUseSAML:
		return "SAML, shared"
	case k.Use == idp.KeyUseToken:
		return "cookies and opaque tokens"
	}
	return "ID tokens and access tokens"
}

func keyUsers(users []api.KeyUser) *Table {
	t := Table{Caption: "Who uses it", Columns: []string{"App", "Signs for it", "Has read it", "Metadata read"}, Empty: "It is published for no service provider."}
	for _, u := range users {
		signs, seen := Cell{Text: "no"}, Cell{Text: "not yet", Badge: "warn"}
		if u.Signs {
			signs = Cell{Text: "yes", Badge: "good"}
		}
		if u.Pinned {
			signs.Text += ", pinned"
		}
		if u.Seen {
			seen = Cell{Text: "yes", Badge: "good"}
		}
		t.Rows = append(t.Rows, []Cell{{Text: u.Name + " (" + u.App + ")", Link: rolloverPath(u.App)}, signs, seen, {Text: when(u.FetchedAt)}})
	}
	return &t
}

func isSAML(k api.Key) bool { return k.SHA256 != "" }

// keySteps are the next steps of a key's life, and the way back of the last.
func (v *visit) keySteps(k api.Key) (steps []aid) {
	at := keyPath(k.KID)
	add := func(action, submit, text string, danger bool, fields ...Field) {
		f := v.form("", at+"/"+action, submit, fields...)
		f.Danger, f.Plain = danger, !danger
		steps = append(steps, aid{&f, text})
	}
	now := nowField("")
	switch {
	case k.State == keys.Next:
		add("activate", "Activate", "It signs from now on; the key before it only verifies. Activating that again undoes it.", false, now)
		add("retire", "Call off", "It is published no longer and never signs.", true)
	case k.State == keys.Active && k.Signing && k.App != "":
		add("deactivate", "Undo: stop signing", "The key before it signs again; this one stays published.", true)
	case k.State == keys.Active && k.Signing:
		steps = append(steps, aid{nil, "This key signs. To replace it, make the next key on the board, then activate that."})
	case k.State == keys.Active || k.State == keys.Retiring:
		add("activate", "Undo: sign with it again", "It signs again; the key that signs now only verifies.", false, now)
		add("retire", "Retire", "It is published no longer. Do that when nobody needs it any more: see who uses it.", true, now)
	case isSAML(k):
		add("publish", "Undo: publish again", "It comes back into the metadata, without signing.", false)
	}
	for i := range steps {
		if f := steps[i].Form; f != nil {
			f.ID = fmt.Sprintf("step-%d", i)
			for j := range f.Fields {
				f.Fields[j].ID = fmt.Sprintf("now-%d", i)
			}
		}
	}
	return steps
}

// keyStep does one step, and shows the page from which it was asked.
func keyStep(what string, do func(v *visit, w api.KeysWriter, kid string) error) func(v *visit) error {
	return func(v *visit) error {
		writer, err := v.actor.KeysWriter()
		if err != nil {
			return err
		}
		kid := v.r.PathValue("kid")
		if err := do(v, writer, kid); err != nil {
			return err
		}
		if app := v.field("app"); app != "" {
			return v.done(rolloverPath(app), what)
		}
		return v.done(keyPath(kid), what)
	}
}

func activateKey(v *visit, w api.KeysWriter, kid string) error {
	_, err := w.ActivateKey(v.r.Context(), kid, api.KeyStep{Now: v.now()})
	return err
}

func retireKey(v *visit, w api.KeysWriter, kid string) error {
	_, err := w.RetireKey(v.r.Context(), kid, api.KeyStep{Now: v.now()})
	return err
}

func deactivateKey(v *visit, w api.KeysWriter, kid string) error {
	_, err := w.DeactivateKey(v.r.Context(), kid)
	return err
}

func publishKey(v *visit, w api.KeysWriter, kid string) error {
	_, err := w.PublishKey(v.r.Context(), kid)
	return err
}

// keyPEM downloads the certificate.
func keyPEM(v *visit) error {
	_, k, err := v.key()
	if err != nil {
		return err
	}
	c, err := k.X509()
	if err != nil {
		return err
	}
	if c == nil {
		return errNoPage
	}
	name := "cloudsso-" + shortKey(strings.Trim(k.KID, "-_")) + ".pem"
	h := v.w.Header()
	h.Set("Content-Type", "application/x-pem-file")
	h.Set("Content-Disposition", `attachment; filename="`+name+`"`)
	h.Set("Cache-Control", "no-store")
	_, _ = v.w.Write([]byte(c.PEM)) // a browser that went away needs no answer
	return nil
}
