package console

import (
	"cmp"
	"slices"
	"strings"

	"cloudsso/api"
)

type choosePage struct {
	Search  Form
	Query   string
	Paste   Form
	Found   *api.Recognised
	Known   string // path of the app that is registered already
	Generic []api.PresetSummary
	Groups  []presetGroup
}

type presetGroup struct {
	Title   string
	Presets []api.PresetSummary
}

// choose shows what an app can be made from. found is what was pasted, if it made no form.
func (v *visit) choose(maker api.AppsMaker, status int, found *api.Recognised, fault error) error {
	q := strings.TrimSpace(v.r.URL.Query().Get("q"))
	p := choosePage{Query: q, Found: found}
	p.Search = Form{ID: "search", Action: newAppPath, Get: true, Submit: "Search", Fields: []Field{
		{Name: "q", Label: "What are you connecting?", Kind: "search", Value: q, Autocomplete: "off", Help: "A product, such as Slack or Grafana; or a kind, such as SAML."},
	}}
	p.Paste = v.form("paste", newAppPath, "Recognise",
		Field{Name: "paste", Label: "Whatever the app gave you", Kind: "textarea", Rows: 5,
			Help: "Metadata or its address, client metadata (JSON), an entity ID, a redirect URI, an ACS URL, a certificate."},
		Field{Name: "file", Label: "Or a file", Kind: "file"})
	p.Paste.Step, p.Paste.Upload = stepRecognise, true
	if fault != nil {
		v.refill(&p.Paste, fault)
	}
	if found != nil && found.Known != "" {
		p.Known = (&openApp{ID: found.Known}).path("handover")
	}
	titles := []struct{ group, title string }{{"business", "Business"}, {"community", "Community"}, {"developer", "Development"}, {"learning", "Learning"}}
	all := maker.Presets(q).Items
	for _, t := range titles {
		g := presetGroup{Title: t.title}
		for _, s := range all {
			if s.Group == t.group {
				g.Presets = append(g.Presets, s)
			}
		}
		if len(g.Presets) > 0 {
			p.Groups = append(p.Groups, g)
		}
	}
	for _, s := range all {
		if s.Group == "generic" {
			p.Generic = append(p.Generic, s)
		}
	}
	// The usual first, whatever their titles begin with.
	usual := []string{"web-app", "single-page-app", "native-app", "machine", "saml-metadata-url", "saml-metadata", "saml-app", "token-app"}
	slices.SortStableFunc(p.Generic, func(a, b api.PresetSummary) int {
		return cmp.Compare(uint(slices.Index(usual, a.ID)), uint(slices.Index(usual, b.ID)))
	})
	v.write(status, "newapp", "Add an app", p)
	return nil
}
