package console

import (
	"fmt"
	"net/http"
	"strings"

	"cloudsso/api"
	"cloudsso/idp"
)

const stepReplace = "replace"

type metadataPage struct {
	Fault        string
	Facts        []Fact
	Certificates Table
	Refresh      *Form // if the metadata has an address
	Replace      *Form
	Changes      *Table // what replacing would change, or what reading again has changed
	Changed      bool   // it is done
}

// metadataTab shows what the app says about itself.
func metadataTab(v *visit) error { return v.metadata(http.StatusOK, metadataPage{}) }

func (v *visit) metadata(status int, p metadataPage) error {
	v.app.tab = "metadata"
	sp, ok := v.app.view.(api.ServiceProvider)
	if !ok {
		return errNoPage
	}
	p.describe(sp)
	if mayChange(v) {
		if sp.MetadataSource != nil {
			f := v.form("refresh", v.app.path("metadata/refresh"), "Read it again now")
			p.Refresh = &f
		}
		if p.Replace == nil {
			p.Replace = v.replaceForm()
		}
	}
	v.writeTab(status, "app_metadata", p)
	return nil
}

func (p *metadataPage) describe(sp api.ServiceProvider) {
	add := func(name, text string, code bool) {
		if text != "" {
			p.Facts = append(p.Facts, Fact{name, Cell{Text: text, Code: code}})
		}
	}
	add("Entity ID", sp.EntityID, true)
	add("Answers go to (ACS)", endpoints(sp.ACS), true)
	add("Sign-outs go to (SLO)", endpoints(sp.SLO), true)
	add("Signs its requests", yes(sp.SignsRequests), false)
	add("Wants assertions signed", yes(sp.WantsAssertionsSigned), false)
	if s := sp.MetadataSource; s != nil {
		add("Read again from", s.URL, true)
		add("Last read", when(s.FetchedAt), false)
		add("Next time", when(s.NextAt), false)
		add("Last fault", s.Fault, false)
	}
	p.Certificates = Table{Caption: "Certificates of the app", Columns: []string{"Use", "Ends", "SHA-256 fingerprint"}, Empty: "The app has given no certificates: its requests are not signed, and nothing can be encrypted to it."}
	for use, certificates := range map[string][]api.Certificate{"Signs its requests": sp.SPSigningCertificates, "We encrypt to it": sp.SPEncryptionCertificates} {
		for _, c := range certificates {
			p.Certificates.Rows = append(p.Certificates.Rows, []Cell{{Text: use}, {Text: when(c.NotAfter)}, {Text: c.SHA256Colons, Code: true}})
		}
	}
}

func endpoints(list []idp.Endpoint) string {
	var out []string
	for _, e := range list {
		out = append(out, fmt.Sprintf("%s (%s)", e.Location, e.Binding[strings.LastIndexByte(e.Binding, ':')+1:]))
	}
	return strings.Join(out, "\n")
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func (v *visit) replaceForm() *Form {
	f := v.form("replace", v.app.path("metadata"), "Compare",
		Field{Name: "version", Kind: "hidden", Value: string(v.app.Version)},
		Field{Name: "metadata_url", Label: "Address of the new metadata", Autocomplete: "off", Help: "Read again by itself from then on."},
		Field{Name: "metadata_xml", Label: "Or the document itself", Kind: "textarea", Rows: 6},
		Field{Name: "file", Label: "Or a file", Kind: "file"})
	f.Step, f.Upload = stepReview, true
	return &f
}

// replaceMetadata shows what new metadata would change, and changes it in a second step.
// The settings of the app stay as they are.
func replaceMetadata(v *visit) error {
	writer, err := v.actor.AppsWriter()
	if err != nil {
		return err
	}
	sp, ok := v.app.view.(api.ServiceProvider)
	if !ok {
		return errNoPage
	}
	in := api.NewServiceProvider{MetadataURL: v.field("metadata_url"), MetadataXML: v.field("metadata_xml"), EntityID: sp.EntityID, ServiceProviderSettings: sp.ServiceProviderSettings}
	if file, err := v.uploaded("file"); err != nil {
		return err
	} else if file != "" {
		in.MetadataXML = file
	}
	if v.field("step") == stepReplace {
		if _, err = writer.ReplaceServiceProvider(v.r.Context(), v.app.ID, in, api.IfMatch(v.r.PostForm.Get("version"))); err == nil {
			return v.done(v.app.path("metadata"), "changed")
		}
		return v.notReplaced(err)
	}
	seen, err := writer.PreviewServiceProvider(v.r.Context(), in)
	if err != nil {
		return v.notReplaced(err)
	}
	t := changeTable(seen.Changes, "Nothing would change.")
	f := v.form("replace", v.app.path("metadata"), "Replace", Field{Name: "version", Kind: "hidden", Value: v.r.PostForm.Get("version")},
		Field{Name: "metadata_url", Kind: "hidden", Value: in.MetadataURL}, Field{Name: "metadata_xml", Kind: "hidden", Value: in.MetadataXML})
	f.Step, f.Upload = stepReplace, true
	return v.metadata(http.StatusOK, metadataPage{Changes: &t, Replace: &f})
}

// notReplaced shows the form again, with what was wrong.
func (v *visit) notReplaced(err error) error {
	f := v.replaceForm()
	if !v.refill(f, err) {
		return err
	}
	return v.metadata(http.StatusUnprocessableEntity, metadataPage{Replace: f, Fault: sentences(err)})
}

// refreshMetadata reads the metadata again, now.
func refreshMetadata(v *visit) error {
	writer, err := v.actor.AppsWriter()
	if err != nil {
		return err
	}
	done, err := writer.RefreshServiceProvider(v.r.Context(), v.app.ID)
	if err != nil {
		return err
	}
	t := changeTable(done.Changes, "Nothing has changed.")
	v.app.view, v.app.Version = done.ServiceProvider, done.ServiceProvider.ETag()
	return v.metadata(http.StatusOK, metadataPage{Changes: &t, Changed: true})
}

func changeTable(changes []api.MetadataChange, none string) Table {
	t := Table{Caption: "Changes", Columns: []string{"What", "Goes", "Comes"}, Empty: none}
	for _, c := range changes {
		t.Rows = append(t.Rows, []Cell{{Text: label(c.Field)}, {Text: strings.Join(c.Removed, "\n"), Code: true}, {Text: strings.Join(c.Added, "\n"), Code: true}})
	}
	return t
}
