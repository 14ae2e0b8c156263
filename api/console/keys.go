package console

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"cloudsso/api"
	"cloudsso/idp"
	"cloudsso/keys"
)

// keysPage is the board of all keys: a row for each kind, a column for each stage of life.
type keysPage struct {
	Warnings []string
	Boards   []board
	Apps     *Table
	Rotate   *Form
	Fault    string
}

type board struct {
	Title string
	Text  string
	Lanes []lane
}

// lane is one kind of key.
type lane struct {
	Title  string
	Used   string // by whom
	Stages [4][]keyCard
}

type keyCard struct {
	Path  string
	Short string
	Signs bool
	Lines []string
}

// retiredShown is how many of the keys that are over a lane shows.
const retiredShown = 2

func keyPath(kid string) string { return "/admin/keys/" + kid }

// shortKey is enough of a kid to tell keys apart.
func shortKey(kid string) string { return kid[:min(len(kid), 10)] }

// keyBoard shows every key and what it is used for.
func keyBoard(v *visit) error {
	reader, err := v.actor.KeysReader()
	if err != nil {
		return err
	}
	all := reader.Keys().Items
	p := keysPage{Warnings: v.expiring(all), Boards: boards(all)}
	if err := v.keyUses(&p, all); err != nil {
		return err
	}
	if _, err := v.actor.KeysWriter(); err == nil {
		p.Rotate = v.rotateForm()
	}
	return v.show("keys", "Keys and certificates", p)
}

// expiring warns of certificates that end soon.
func (v *visit) expiring(all []api.Key) (warnings []string) {
	for _, k := range all {
		if left := k.NotAfter.Sub(v.Now()); k.State != keys.Retired && !k.NotAfter.IsZero() && left < expirySoon {
			warnings = append(warnings, fmt.Sprintf("The certificate of the key %s, with which SAML messages are signed, ends on %s, in %d days. Roll it over before that: service providers refuse what an expired certificate signs.",
				shortKey(k.KID), when(k.NotAfter), max(0, int(left.Hours()/24))))
		}
	}
	return warnings
}

func boards(all []api.Key) []board {
	out := []board{
		{Title: "Tokens", Text: "Sign ID tokens and access tokens. They are replaced by themselves: the next key is published a day before it signs."},
		{Title: "SAML, shared by service providers", Text: "Sign for every service provider without a key of its own. A new key is published first, and signs when you activate it."},
		{Title: "SAML, of one service provider", Text: "Sign for one service provider only, so that it is rolled over without the others."},
		{Title: "Cookies and opaque tokens", Text: "Never published. Replaced by themselves."},
	}
	for _, k := range all {
		at := &out[boardOf(k)]
		title := k.Alg
		if k.App != "" {
			title = k.App + " · " + k.Alg
		}
		i := slices.IndexFunc(at.Lanes, func(l lane) bool { return l.Title == title })
		if i < 0 {
			at.Lanes, i = append(at.Lanes, lane{Title: title}), len(at.Lanes)
		}
		stage := stageOf(k.State)
		at.Lanes[i].Stages[stage] = append(at.Lanes[i].Stages[stage], cardOf(k))
	}
	out = slices.DeleteFunc(out, func(b board) bool { return len(b.Lanes) == 0 })
	for _, b := range out {
		for i := range b.Lanes {
			over := b.Lanes[i].Stages[3]
			b.Lanes[i].Stages[3] = over[max(0, len(over)-retiredShown):]
		}
	}
	return out
}

func boardOf(k api.Key) int {
	switch {
	case k.Use == idp.KeyUseToken:
		return 3
	case k.App != "":
		return 2
	case k.Use == idp.KeyUseSAML:
		return 1
	}
	return 0
}

func stageOf(s keys.State) int {
	return map[keys.State]int{keys.Next: 0, keys.Active: 1, keys.Retiring: 2, keys.Retired: 3}[s]
}

func cardOf(k api.Key) keyCard {
	c := keyCard{Path: keyPath(k.KID), Short: shortKey(k.KID), Signs: k.Signing}
	day := func(what string, t time.Time) {
		if !t.IsZero() {
			c.Lines = append(c.Lines, what+" "+t.UTC().Format(time.DateOnly))
		}
	}
	switch {
	case k.State == keys.Next && k.ActivateAt.IsZero():
		c.Lines = append(c.Lines, "waits to be activated")
	case k.State == keys.Next:
		day("signs from", k.ActivateAt)
	case k.State == keys.Active:
		day("signs since", k.ActivateAt)
		day("until", k.RetireAt)
	case k.State == keys.Retiring:
		day("signed until", k.RetireAt)
		day("verifies until", k.ExpireAt)
	default:
		day("over since", k.ExpireAt)
	}
	if k.State != keys.Retired {
		day("certificate ends", k.NotAfter)
	}
	return c
}

// keyUses says who uses what, as far as the actor may see apps.
func (v *visit) keyUses(p *keysPage, all []api.Key) error {
	reader, err := v.actor.AppsReader()
	if err != nil {
		return nil
	}
	clients, err := reader.Clients(v.r.Context(), api.Paging{Limit: countUpTo})
	if err != nil {
		return err
	}
	sps, err := reader.ServiceProviders(v.r.Context(), api.Paging{Limit: countUpTo})
	if err != nil {
		return err
	}
	byAlg, bySum := map[string]int{}, map[string]int{}
	for _, c := range clients.Items {
		byAlg[cmp.Or(c.IDTokenSignedResponseAlg, keys.RS256)]++
	}
	for _, sp := range sps.Items {
		if sp.SigningCertificate != nil {
			bySum[sp.SigningCertificate.SHA256]++
		}
	}
	for b := range p.Boards {
		for l := range p.Boards[b].Lanes {
			lane := &p.Boards[b].Lanes[l]
			switch p.Boards[b].Title {
			case "Tokens":
				lane.Used = plural(byAlg[lane.Title], "client", "clients")
			case "SAML, shared by service providers":
				lane.Used = plural(signedFor(all, lane.Title, bySum), "service provider", "service providers")
			}
		}
	}
	p.Apps = v.keyApps(sps.Items, all)
	return nil
}

func signedFor(all []api.Key, alg string, bySum map[string]int) (n int) {
	for _, k := range all {
		if k.App == "" && k.Alg == alg {
			n += bySum[k.SHA256]
		}
	}
	return n
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprint(n, " ", many)
}

// keyApps says with which key each service provider is signed for.
func (v *visit) keyApps(sps []api.ServiceProvider, all []api.Key) *Table {
	t := Table{Caption: "Service providers", Columns: []string{"App", "Signs with", "Whose key", "Certificate ends", "Rollover"}, Empty: "There are no service providers."}
	for _, sp := range sps {
		row := []Cell{{Text: cmp.Or(sp.Name, sp.App)}, {Text: "none yet"}, {}, {}, {Text: "Roll over", Link: rolloverPath(sp.App)}}
		if c := sp.SigningCertificate; c != nil {
			i := slices.IndexFunc(all, func(k api.Key) bool { return k.SHA256 == c.SHA256 })
			row[3] = v.expiryCell(c.NotAfter)
			if i >= 0 {
				row[1], row[2] = Cell{Text: shortKey(all[i].KID), Link: keyPath(all[i].KID)}, whoseKey(sp, all[i])
			}
		}
		t.Rows = append(t.Rows, row)
	}
	return &t
}

func whoseKey(sp api.ServiceProvider, k api.Key) Cell {
	switch {
	case sp.SigningKey != "":
		return Cell{Text: "pinned", Badge: "warn"}
	case k.App != "":
		return Cell{Text: "its own", Badge: "good"}
	}
	return Cell{Text: "shared", Badge: "plain"}
}

func (v *visit) expiryCell(end time.Time) Cell {
	c := Cell{Text: end.UTC().Format(time.DateOnly)}
	switch left := end.Sub(v.Now()); {
	case left <= 0:
		c.Badge, c.Text = "bad", "ended "+c.Text
	case left < expirySoon:
		c.Badge = "warn"
	}
	return c
}

// rotateForm makes the next key of a kind.
func (v *visit) rotateForm() *Form {
	f := v.form("rotate", "/admin/keys", "Make the next key",
		Field{Name: "kind", Label: "Kind", Kind: "select", Options: rotations()},
		nowField("The new key is published now, and signs later: tokens after a day, SAML when you activate it."))
	return &f
}

func rotations() (out []Option) {
	for _, alg := range idp.AsymmetricAlgs() {
		out = append(out, Option{idp.KeyUseSign + " " + alg, "Tokens, " + alg})
	}
	return append(out, Option{idp.KeyUseSAML + " " + keys.RS256, "SAML, RS256"}, Option{idp.KeyUseSAML + " " + keys.ES256, "SAML, ES256"},
		Option{idp.KeyUseToken + " " + keys.HS256, "Cookies and opaque tokens"})
}

// nowField asks whether to wait for others.
func nowField(help string) Field {
	return Field{Name: "now", Label: "When", Kind: "select", Help: help, Options: []Option{
		{"", "When it is safe"}, {"yes", "At once, although apps may not be ready (emergency)"},
	}}
}

func (v *visit) now() bool { return v.field("now") == "yes" }

// rotateKey makes the next key.
func rotateKey(v *visit) error {
	writer, err := v.actor.KeysWriter()
	if err != nil {
		return err
	}
	use, alg, _ := strings.Cut(v.field("kind"), " ")
	k, err := writer.RotateKey(v.r.Context(), api.KeyRotation{Use: use, Alg: alg, App: v.field("app"), Now: v.now()})
	if err != nil {
		return err
	}
	if app := v.field("app"); app != "" {
		return v.done(rolloverPath(app), "rotated")
	}
	return v.done(keyPath(k.KID), "rotated")
}
